"""What every peer shares: its command line, its clock, and one line of JSON.

    python3 -m peers.NAME MODEL --threads N --seconds S --warmup N --inputs DIR [--outputs DIR]

The arrays of DIR are what is fed, names.json says which is which; with --outputs the results of the
last run are written in the same way. A peer is a module with open_library(), which raises Missing
where it is not installed (the process ends with status 3), and a class Session(library, path, threads,
feeds), whose making is the load that is timed: version, run(), which is timed too, and outputs().

base_rss_mb is what the process held before the library was opened: Python and the inputs, which are
not the engine's.
"""

import argparse
import json
import math
import pathlib
import sys
import time

import numpy

NOT_INSTALLED = 3
NAMES = "names.json"  # the file of each array: a name may hold what a file name may not
MIN_RUNS, MAX_RUNS = 5, 4000


class Missing(Exception):
    """The peer is not installed; the text says what would install it."""


def quantile(times, share):
    """The smallest time with at least that share of all at or below it."""
    return sorted(times)[max(0, math.ceil(share * len(times)) - 1)]


def time_runs(run, seconds, warmup):
    """Milliseconds of each run."""
    for _ in range(warmup):
        run()
    times = []
    end = time.perf_counter() + seconds
    while len(times) < MIN_RUNS or (len(times) < MAX_RUNS and time.perf_counter() < end):
        begin = time.perf_counter()
        run()
        times.append((time.perf_counter() - begin) * 1e3)
    return times


def array_files(folder):
    """The path of each array by its name."""
    names = json.loads((folder / NAMES).read_text(encoding="utf-8"))
    return {name: folder / file for name, file in names.items()}


def read_arrays(folder):
    return {name: numpy.load(path) for name, path in array_files(folder).items()}


def write_arrays(folder, arrays):
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: f"{number}.npy" for number, name in enumerate(arrays)}
    for name, array in arrays.items():
        numpy.save(folder / files[name], array)
    (folder / NAMES).write_text(json.dumps(files), encoding="utf-8")


def resident_mb(key):
    """VmRSS, what this process holds, or VmHWM, the most that it held. The ru_maxrss of getrusage would
    count the parent's memory too, from before this program was started."""
    status = pathlib.Path("/proc/self/status").read_text(encoding="utf-8")
    lines = dict(line.split(":", 1) for line in status.splitlines())
    return int(lines[key].split()[0]) / 1024


def measure(open_library, load, options):
    """(session, its figures by their names, milliseconds of each run)"""
    feeds = read_arrays(options.inputs)
    base_rss_mb = resident_mb("VmRSS")
    library = open_library()
    begin = time.perf_counter()
    session = load(library, options.model, options.threads, feeds)
    load_ms = (time.perf_counter() - begin) * 1e3
    times = time_runs(session.run, options.seconds, options.warmup)
    return session, {"load_ms": load_ms, "base_rss_mb": base_rss_mb,
                     "peak_rss_mb": resident_mb("VmHWM")}, times


def main(name, open_library, load):
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--inputs", type=pathlib.Path, required=True)
    parser.add_argument("--outputs", type=pathlib.Path)
    options = parser.parse_args()
    try:
        session, figures, times = measure(open_library, load, options)
    except Missing as missing:
        print(missing, file=sys.stderr)
        sys.exit(NOT_INSTALLED)
    except Exception as error:  # whatever an engine raises: one line says why it cannot run this
        print(" ".join(str(error).split()), file=sys.stderr)
        sys.exit(1)
    if options.outputs:
        write_arrays(options.outputs, session.outputs())
    print(json.dumps({
        "engine": name, "version": session.version, "threads": options.threads,
        "iters": len(times), "min_ms": min(times), "median_ms": quantile(times, 0.5),
        "p90_ms": quantile(times, 0.9), "p99_ms": quantile(times, 0.99), **figures}))
