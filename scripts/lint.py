#!/usr/bin/env python3
"""Runs clang-tidy on the C++ sources (tests and generated files excepted), one process per core.

A file that came out clean is not looked at again until it, a header of the project, .clang-tidy or
its command changes: build/lint holds a mark under the hash of these. Usage: lint.py [BUILD]
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

from source_files import ROOT, source_files

TIDY = "clang-tidy-14"
# Options of g++ that clang does not know, and those of precompiled headers: a file is looked at with
# what it includes itself.
LEFT_OUT = re.compile(r"^(-mprefer-vector-width=\d+|-fno-sanitize-recover=.*|-Werror|-Wno-restrict|"
                      r"-fpch-preprocess|-Winvalid-pch)$")


def project_includes(name, headers, seen):
    """Adds to `seen` every header of src/ that the file reaches."""
    for target in re.findall(r'^\s*#\s*include\s*"([^"]+)"', headers.get(name) or
                             (ROOT / name).read_text(encoding="utf-8"), re.M):
        path = "src/" + target
        if path in headers and path not in seen:
            seen.add(path)
            project_includes(path, headers, seen)
    return seen


def mark_name(name, arguments, headers, settings):
    digest = hashlib.sha256(settings)
    digest.update("\0".join(arguments).encode())
    for path in [name, *sorted(project_includes(name, headers, set()))]:
        digest.update(path.encode() + b"\0" + (ROOT / path).read_bytes())
    return digest.hexdigest()


def clang_arguments(entry):
    """The compile command without the compiler, the launcher and what clang does not know."""
    words = entry.get("arguments") or shlex.split(entry["command"])
    first = next(i for i, word in enumerate(words) if re.search(r"(\+\+|cc|clang)(-\d+)?$", word)
                 and not word.endswith("ccache"))
    kept, skip = [], False
    for word in words[first + 1:]:
        if skip:
            skip = False
        elif word in ("-o", "-c", "-include"):
            skip = word != "-c"
        elif not LEFT_OUT.match(word) and word != entry["file"]:
            kept.append(word)
    return kept


def lint(name, arguments, directory):
    command = [TIDY, "--quiet", str(ROOT / name), "--", *arguments, "-Wno-unknown-warning-option"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    return done.returncode == 0, done.stdout


def main():
    build = ROOT / (sys.argv[1] if len(sys.argv) > 1 else "build")
    database = build / "compile_commands.json"
    if not database.is_file():
        print(f"{build.name}/compile_commands.json is missing; run make first")
        return 1
    entries = {os.path.relpath(e["file"], ROOT): e for e in json.loads(database.read_text())}
    names = [n for n in source_files([".cc"], "src") if n in entries and not n.endswith("_test.cc")]
    headers = {n: (ROOT / n).read_text(encoding="utf-8")
               for n in source_files([".h", ".inc", ".def"], "src")}
    version = subprocess.run([TIDY, "--version"], check=True, capture_output=True).stdout
    settings = version + (ROOT / ".clang-tidy").read_bytes()
    marks = pathlib.Path(build, "lint")
    marks.mkdir(exist_ok=True)

    wanted, todo = set(), []
    for name in names:
        arguments = clang_arguments(entries[name])
        mark = mark_name(name, arguments, headers, settings)
        wanted.add(mark)
        if not (marks / mark).exists():
            todo.append((name, arguments, entries[name]["directory"], mark))
    for old in marks.iterdir():
        if old.name not in wanted:
            old.unlink()

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as workers:
        results = workers.map(lambda job: lint(*job[:3]), todo)
        for (name, _, _, mark), (clean, output) in zip(todo, results):
            if clean:
                (marks / mark).touch()
            else:
                failed += 1
                print(f"{name}:\n{output.replace(str(ROOT) + '/', '')}")
    print(f"lint: {len(names)} files, {len(todo)} looked at, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
