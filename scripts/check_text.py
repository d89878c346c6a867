#!/usr/bin/env python3
"""Reads every tracked text for what does not belong into the tree: paths of one machine, hosts of
package registries, conflict markers, notes about the past, tabs and trailing blanks; and looks for
files that are too large.
"""

import re
import sys

from source_files import ROOT, source_files

MAX_BYTES = 8 << 20
# Written so that this file does not match itself.
RULES = [
    (r"(?<![\w.$}/])/(work|root|home|Users)/[\w.]", "a path of one machine"),
    (r"(?<![\w.$}/])/tmp/[\w.]", "a fixed path in the temporary folder; use mktemp or TempDir()"),
    (r"https?://[\w.-]*(registry|mirror|artifact|pypi|deb)[\w-]*\.[\w./-]*", "a package host"),
    (r'"resolved":\s*"http', "a download address in a lock file"),
    (r"^(<{7}|>{7}|={7})( |$)", "a conflict marker"),
    (r"\b(TODO|FIXME|XXX|HACK)\b", "an open end; finish it or say what is missing in the README"),
]
COMMENT_RULES = [
    (r"\b(no longer|not any more|used to be|was changed|previously|in the past)\b",
     "history; say what is true"),
    (r"(//|#|\*)\s*([-=*/#~])\2{7,}", "a banner"),
]
CODE = (".cc", ".h", ".def", ".ts", ".py", ".sh", ".cmake", "CMakeLists.txt", "Makefile")
# Written by a tool, or the words of others.
NOT_READ = ("LICENSE", "web/package-lock.json")
COMMENT = re.compile(r"(//|(?<!\S)#|^\s*\*).*$")


def check_file(name):
    path = ROOT / name
    if path.stat().st_size > MAX_BYTES:
        return [f"{name}: {path.stat().st_size} bytes, at most {MAX_BYTES} are allowed"]
    data = path.read_bytes()
    if b"\0" in data:
        return []
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return [f"{name}: not UTF-8 at byte {error.start}"]
    problems = []
    is_code = name.endswith(CODE)
    rules = [rule for rule in RULES if name not in NOT_READ or "lock file" in rule[1]]
    for number, line in enumerate(text.splitlines(), 1):
        found = [what for pattern, what in rules if re.search(pattern, line)]
        comment = COMMENT.search(line) if is_code else None
        if comment:
            found += [what for pattern, what in COMMENT_RULES if re.search(pattern, comment[0], re.I)]
        if is_code and line != line.rstrip():
            found.append("a blank at the end of the line")
        if is_code and "\t" in line and not name.endswith("Makefile"):
            found.append("a tab")
        problems += [f"{name}:{number}: {what}: {line.strip()[:80]}" for what in found]
    return problems


def main():
    names = [n for n in source_files([""]) if n != "scripts/check_text.py"
             and not n.startswith("testdata/fuzz/")]
    problems = [problem for name in names for problem in check_file(name)]
    print("\n".join(problems) or f"text: {len(names)} files are clean")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
