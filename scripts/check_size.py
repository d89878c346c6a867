#!/usr/bin/env python3
"""Keeps files and functions small: a file of more than 400 lines is named, more than 600 fails, a
C++ function of more than 60 lines fails, a README.md of a room has at most 40 lines.

scripts/size_allowlist.txt holds what is larger for now, as 'path lines' or 'path:function lines'.
It only shrinks: growing past the number fails, and so does an entry that is not needed.
"""

import re
import sys

from source_files import ROOT, read_lines, source_files

WARN_LINES = 400
MAX_LINES = 600
MAX_FUNCTION_LINES = 60
MAX_ROOM_README_LINES = 40
SUFFIXES = [".cc", ".h", ".def", ".ts", ".css", ".mjs", ".py", ".sh", ".cmake", "CMakeLists.txt",
            "Makefile"]
ALLOWLIST = ROOT / "scripts" / "size_allowlist.txt"
NOT_A_FUNCTION = re.compile(
    r"^\s*(namespace|class|struct|enum|union|extern|if|else|for|while|do|switch|try|case|return|"
    r"constexpr \w[\w:<>, ]* k\w+|const \w[\w:<>, ]* k\w+|#|//|public:|private:|protected:)")


def read_allowlist():
    allowed = {}
    for line in ALLOWLIST.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            name, lines = line.split()
            allowed[name] = int(lines)
    return allowed


def function_name(head):
    match = re.search(r"([~\w:]+|operator\S+)\s*\(", head)
    if not match:
        return None
    if match[1] in ("TEST", "TEST_F", "TEST_P", "TYPED_TEST"):
        return re.sub(r"\s+", "", head[match.start():].split("{")[0]).rstrip(")") + ")"
    return match[1]


def functions(lines):
    """(name, first line, number of lines) of functions, told by the indentation that clang-format
    gives them: a block that ends with a lone brace at the indentation where its head begins."""
    heads = {}  # indentation -> number of the line where the latest construct begins
    for number, line in enumerate(lines, 1):
        stripped = line.strip()
        if not stripped:
            continue
        indent = len(line) - len(line.lstrip())
        if stripped == "}" and indent in heads:
            first = heads.pop(indent)
            head = " ".join(lines[first - 1:number])
            opening = head.split("{")[0]
            if not NOT_A_FUNCTION.match(head) and "(" in opening:
                name = function_name(head)
                if name:
                    yield name, first, number - first + 1
        elif not stripped.startswith(("}", ")", "//", "#")) and indent <= 4:
            if not continues(lines, number, indent, heads):
                heads[indent] = number
            for deeper in [i for i in heads if i > indent]:
                del heads[deeper]


def continues(lines, number, indent, heads):
    """True when this line goes on with a head that began above (a wrapped return type)."""
    first = heads.get(indent)
    if first is None or first != number - 1:
        return False
    above = lines[number - 2].rstrip()
    return not above.endswith((";", "{", "}", ":")) and not above.lstrip().startswith("template")


def main():
    allowed = read_allowlist()
    used = set()
    warnings, problems = [], []

    def judge(name, where, lines, limit, what):
        if lines <= limit:
            return
        if name in allowed:
            used.add(name)
            if lines <= allowed[name]:
                return
            limit = allowed[name]
        problems.append(f"{where}: {what} has {lines} lines, at most {limit} are allowed")

    for path in source_files(SUFFIXES):
        lines = read_lines(path)
        judge(path, path, len(lines), MAX_LINES, "the file")
        if WARN_LINES < len(lines) <= MAX_LINES:
            warnings.append(f"{path}: {len(lines)} lines; over {WARN_LINES} wants a reason")
        if path.endswith((".cc", ".h")):
            for name, first, count in functions(lines):
                judge(f"{path}:{name}", f"{path}:{first}", count, MAX_FUNCTION_LINES, name)
    for path in source_files(["README.md"], "src"):
        judge(path, path, len(read_lines(path)), MAX_ROOM_README_LINES, "the file")
    problems += [f"scripts/size_allowlist.txt: '{name}' is small enough; remove the line"
                 for name in allowed if name not in used]
    for line in warnings:
        print(f"note: {line}")
    print("\n".join(problems) or "sizes: every file and function is small enough")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
