"""Options and exit statuses that the commands share."""

import argparse
import pathlib

INTERRUPTED, TERMINATED = 130, 143

def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def positives(text):
    return [positive(part) for part in text.split(",")]


def duration(text):
    number = float(text)
    if not 0 < number <= 3600:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and at most 3600")
    return number


def names_of(known, what):
    """A type of argument: some of the known names."""
    def split(text):
        names = list(dict.fromkeys(text.split(","))) if text else []
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(
                    f"no {what} '{name}'; there are: {', '.join(known)}")
        return names

    return split


def add_shared(parser, quick_pairs, quick_seconds, quick):
    parser.add_argument("--pairs", type=positive, help=f"default 6; with --quick {quick_pairs}")
    parser.add_argument("--seconds", type=duration,
                        help=f"of a process; default 1.5; with --quick {quick_seconds}")
    parser.add_argument("--tune", action="store_true",
                        help="measure plumb's kernels before (plumb tune); minutes for a model")
    parser.add_argument("--plumb", default="build/plumb", help="the program; default %(default)s")
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("out/bench"),
                        help="folder of the results, and of the models made; default %(default)s")
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.set_defaults(quick_pairs=quick_pairs, quick_seconds=quick_seconds)


def fill_shared(options):
    """What --quick changes where it was not given."""
    if options.pairs is None:
        options.pairs = options.quick_pairs if options.quick else 6
    if options.seconds is None:
        options.seconds = options.quick_seconds if options.quick else 1.5
    options.output = options.output.resolve()
    return options
