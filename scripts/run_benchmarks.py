#!/usr/bin/env python3
"""Runs every benchmark binary of a build folder and stores its results.

Usage: run_benchmarks.py BUILD OUTPUT. Each <room>_bench writes OUTPUT/<room>_bench.json (the JSON of
Google Benchmark, with the machine in its context). Ends with 1 when one of them fails.
"""

import pathlib
import subprocess
import sys

REPETITIONS = 5


def main():
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    build, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    output.mkdir(parents=True, exist_ok=True)
    binaries = sorted(path for path in build.glob("*_bench") if path.is_file())
    if not binaries:
        print(f"{build}: no benchmark was built", file=sys.stderr)
        return 1
    failed = 0
    for binary in binaries:
        result = output / f"{binary.name}.json"
        print(f"== {binary.name}, {REPETITIONS} repetitions, to {result}", flush=True)
        failed += subprocess.run([binary.resolve(), f"--benchmark_repetitions={REPETITIONS}",
                                  "--benchmark_report_aggregates_only=true",
                                  f"--benchmark_out={result}", "--benchmark_out_format=json"],
                                 check=False).returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
