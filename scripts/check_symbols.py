#!/usr/bin/env python3
"""Looks for weak symbols in the objects that are compiled for one instruction set, and for tables of
kernels that are filled before main().

An inline function that such an object shares with others is emitted as a weak symbol; the linker
keeps any one copy, and an AVX-512 copy crashes an older machine. Compiled libraries hold kernels
without static initialisers: a table that one fills would be empty there.
Usage: check_symbols.py [BUILD]
"""

import pathlib
import re
import subprocess
import sys

from source_files import ROOT

ISA_OBJECT = re.compile(r"_(avx2|avx512\w*|amx)\.cc\.o$")
# A pointer to the handler of exceptions, the same in every object.
HARMLESS = re.compile(r"^DW\.ref\.")


def weak_symbols(path):
    listed = subprocess.run(["nm", "--defined-only", "--demangle", path], check=True,
                            capture_output=True, text=True).stdout
    for line in listed.splitlines():
        _, kind, name = line.split(maxsplit=2)
        if kind in "WVu" and not HARMLESS.match(name):
            yield name


# What the initialiser of the C++ library's streams touches, which comes with its headers.
STREAMS = re.compile(r"ios_base4Init|__ioinit|__dso_handle|__cxa_atexit")


def filled_tables(path):
    """What the static initialisers of an object touch beside the streams."""
    listed = subprocess.run(["readelf", "--relocs", "--wide", path], check=True,
                            capture_output=True, text=True).stdout
    initialiser = False
    for line in listed.splitlines():
        if line.startswith("Relocation section"):
            initialiser = ".text.startup" in line
        elif initialiser and " R_" in line and not STREAMS.search(line):
            yield " ".join(line.split()[4:])


def main():
    build = ROOT / (sys.argv[1] if len(sys.argv) > 1 else "build")
    objects = sorted(p for p in pathlib.Path(build, "src").rglob("*.cc.o")
                     if ISA_OBJECT.search(p.name))
    if not objects:
        print(f"no objects for an instruction set in {build.name}/src; run make first")
        return 1
    problems = [f"{path.relative_to(build)}: weak symbol {name}"
                for path in objects for name in weak_symbols(path)]
    kernels = sorted(pathlib.Path(build, "src", "kernels", "CMakeFiles", "plumb_kernels.dir")
                     .rglob("*.cc.o"))
    problems += [f"{path.relative_to(build)}: filled before main(): {name}"
                 for path in kernels for name in filled_tables(path)]
    print("\n".join(problems) or f"symbols: {len(objects)} objects have no weak symbol, "
          f"{len(kernels)} no static initialiser")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
