#!/usr/bin/env python3
"""Holds every #include and every CMake dependency of src/ against src/rooms.txt.

Also checked: what stays out of the headers that other rooms include (protobuf, FFmpeg, <thread> and
their like), that rooms.txt has no cycle, and that docs/ARCHITECTURE.md has its table.

  scripts/check_layers.py          prints a line for each breach and ends with 1 if there is one
  scripts/check_layers.py --write  writes the table into docs/ARCHITECTURE.md
"""

import re
import sys

from source_files import ROOT, read_lines, source_files

TABLE_FILE = ROOT / "docs" / "ARCHITECTURE.md"
TABLE_BEGIN = "<!-- rooms: written by scripts/check_layers.py --write -->"
TABLE_END = "<!-- end of rooms -->"
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
# Slow to compile or full of macros: in as few translation units as possible, and never reached from
# a header that another room includes.
NOT_IN_PUBLIC_HEADERS = re.compile(
    r"^(google/protobuf/|.*\.pb\.h$|grpc|boost/asio|boost/beast|libav|libsw|yaml-cpp/|nlohmann/|"
    r"CLI/|(thread|future|regex|filesystem|iostream|chrono)$)")
# Sources compiled for one instruction set: a shared inline function would be compiled for it too.
ISA_SOURCE = re.compile(r"_(avx2|avx512\w*|amx)\.cc$")
ALLOWED_IN_ISA_SOURCES = re.compile(
    r"^(immintrin\.h|(stdint|stddef|string|math)\.h|cstdint|cstddef|cmath|cfloat|climits|cstring|type_traits|limits|utility)$")


def read_rooms():
    """Room name to (layer, sentence, set of rooms it may include), in the order of rooms.txt."""
    rooms = {}
    for line in read_lines("src/rooms.txt"):
        if not line.strip() or line.startswith("#"):
            continue
        layer, name, sentence, allowed = (part.strip() for part in line.split("|"))
        rooms[name] = (int(layer), sentence, allowed.split())
    for name, (layer, sentence, allowed) in rooms.items():
        names = [other for other in rooms if other != name] if allowed == ["*"] else allowed
        rooms[name] = (layer, sentence, set(names))
    return rooms


def read_includes(rooms):
    """Path to [(line number, bracket, included name)] of every source of a room, and the problems."""
    includes, problems = {}, []
    for path in source_files([".h", ".cc", ".def", ".inc"], "src"):
        if path.split("/")[1] not in rooms:
            problems.append(f"{path}: src/rooms.txt has no room '{path.split('/')[1]}'")
            continue
        matches = [(number, INCLUDE.match(line)) for number, line in enumerate(read_lines(path), 1)]
        includes[path] = [(number, match[1], match[2]) for number, match in matches if match]
    return includes, problems


def public_headers(includes):
    """Headers that another room includes, and all that these include of their own room."""
    public = set()
    todo = [f"src/{target}" for path, found in includes.items() for _, _, target in found
            if target.split("/")[0] != path.split("/")[1]]
    while todo:
        path = todo.pop()
        if path in includes and path not in public:
            public.add(path)
            todo += [f"src/{target}" for _, _, target in includes[path]]
    return public


def check_includes(rooms):
    includes, problems = read_includes(rooms)
    public = public_headers(includes)
    for path, found in includes.items():
        room = path.split("/")[1]
        for number, bracket, target in found:
            problems += check_include(f"{path}:{number}", path, room, bracket, target, rooms)
            if path in public and NOT_IN_PUBLIC_HEADERS.match(target):
                problems.append(f"{path}:{number}: <{target}> in a header that other rooms include")
    return problems


def check_include(where, path, room, bracket, target, rooms):
    problems = []
    owner = target.split("/")[0]
    in_own_rooms = owner in rooms and "/" in target and bracket == '"'
    if in_own_rooms and owner != room and owner not in rooms[room][2]:
        allowed = " ".join(sorted(rooms[room][2])) or "no other room"
        problems.append(f'{where}: {room} includes "{target}"; it may include {allowed}')
    if ISA_SOURCE.search(path):
        own_header = bracket == '"' and (owner == room or not in_own_rooms)
        if not own_header and not ALLOWED_IN_ISA_SOURCES.match(target):
            problems.append(f"{where}: '{target}' in a source compiled for one instruction set")
    return problems


def check_cmake(rooms):
    problems = []
    for path in source_files(["CMakeLists.txt"], "src"):
        room = path.split("/")[1]
        if room not in rooms:
            continue
        for number, line in enumerate(read_lines(path), 1):
            for name in re.findall(r"\bplumb_([a-z]+)\b", line.split("#")[0]):
                if name in rooms and name != room and name not in rooms[room][2]:
                    problems.append(f"{path}:{number}: {room} may not link to {name}")
    return problems


def check_order(rooms):
    """What a room may include stands below it, so there is no cycle."""
    return [
        f"src/rooms.txt: {name} (layer {layer}) may include {other} (layer {rooms[other][0]})"
        for name, (layer, _, allowed) in rooms.items()
        for other in sorted(allowed)
        if other in rooms and rooms[other][0] >= layer
    ]


def table(rooms):
    lines = ["| layer | room | what it is | may include |", "|---|---|---|---|"]
    for name, (layer, sentence, allowed) in rooms.items():
        if not (ROOT / "src" / name).is_dir():
            continue
        present = [other for other in rooms if other in allowed]
        uses = "all" if len(present) == len(rooms) - 1 else " ".join(present)
        link = f"[{name}](../src/{name}/README.md)"
        lines.append(f"| {layer} | {link} | {sentence} | {uses or '-'} |")
    return "\n".join(lines)


def split_document():
    text = TABLE_FILE.read_text(encoding="utf-8")
    before, begin, rest = text.partition(TABLE_BEGIN)
    current, end, after = rest.partition(TABLE_END)
    if not begin or not end:
        sys.exit(f"docs/ARCHITECTURE.md: expected the lines '{TABLE_BEGIN}' and '{TABLE_END}'")
    return before, current.strip(), after


def main():
    rooms = read_rooms()
    before, current, after = split_document()
    if "--write" in sys.argv[1:]:
        text = f"{before}{TABLE_BEGIN}\n{table(rooms)}\n{TABLE_END}{after}"
        TABLE_FILE.write_text(text, encoding="utf-8")
        return 0
    problems = check_order(rooms) + check_includes(rooms) + check_cmake(rooms)
    for name in rooms:
        room = ROOT / "src" / name
        if room.is_dir() and not (room / "README.md").is_file():
            problems.append(f"src/{name}: README.md is missing")
    if current != table(rooms):
        problems.append("docs/ARCHITECTURE.md: the table of rooms is not that of src/rooms.txt; "
                        "run scripts/check_layers.py --write")
    print("\n".join(problems) or "layers: every include is one that src/rooms.txt allows")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
