#!/usr/bin/env python3
"""Command line of the generator of drawn people."""

import argparse
import os
import sys
import time

EXAMPLES = """examples:
  generate.py video --seed 7 --output out/faces/seed7
      video.mp4 (1280x720, 30 f/s), truth.jsonl, people.json and enrol/NAME/N.jpg
  generate.py video --seed 3 --frames 60 --known 8 --strangers 1 --output out/small
      a small one
  generate.py photos --seed 7 --output out/faces/enrol
      only the enrolment photographs of the people of a seed
  generate.py train --seed 1 --count 400 --output out/faces/train
      crowded pictures with labels for the detector
"""


def _whole(low, high):
    def convert(text):
        value = int(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"{value} is out of range: expected {low} to {high}")
        return value
    convert.__name__ = "whole number"
    return convert


def _parser():
    parser = argparse.ArgumentParser(
        description="Draws people with persistent identities: videos, ground truth, photographs, "
        "training pictures. The same seed gives the same people and pictures.",
        epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    video = commands.add_parser("video", help="a video with ground truth and photographs")
    video.add_argument("--frames", type=_whole(12, 100000), default=1500)
    photos = commands.add_parser("photos", help="enrolment photographs only")
    train = commands.add_parser("train", help="labelled pictures for the detector")
    train.add_argument("--count", type=_whole(1, 1000000), default=1000)
    for command in (video, photos):
        command.add_argument("--known", type=_whole(1, 2000), default=100,
                             help="people in the gallery")
    video.add_argument("--strangers", type=_whole(0, 500), default=8)
    for command, split in ((video, "test"), (photos, "test"), (train, "train")):
        command.add_argument("--seed", type=_whole(0, (1 << 24) - 1), required=True)
        command.add_argument("--output", required=True, metavar="DIR")
        command.add_argument("--split", choices=("train", "validation", "test"), default=split,
                             help="which people; the three share nobody (default: %(default)s)")
        command.add_argument("--processes", type=_whole(1, 256),
                             default=len(os.sched_getaffinity(0)))
    return parser


def main():
    """Runs one command; returns the exit status."""
    args = _parser().parse_args()
    try:
        import cairo  # noqa: F401  the message names the package
        import numpy  # noqa: F401
    except ImportError as error:
        print(f"generate.py: {error.name} is missing: install the Debian packages python3-numpy "
              "and python3-cairo", file=sys.stderr)
        return 1
    import identity
    import media
    import pathlib
    import training
    import video
    begin = time.monotonic()

    def progress(done, total):
        print(f"\r{done} of {total} pictures, {time.monotonic() - begin:.0f} s", end="",
              file=sys.stderr, flush=True)

    try:
        if args.command == "video":
            video.make_video(args.output, args.seed, args.frames, args.known, args.strangers,
                             args.split, args.processes, progress)
        elif args.command == "photos":
            people = identity.cast(args.split, args.seed, args.known)
            video.write_photos(people, pathlib.Path(args.output), args.seed)
        else:
            training.make_training(args.output, args.seed, args.count, args.split, args.processes,
                                   progress)
    except (ValueError, OSError, media.MediaError) as error:
        print(f"\ngenerate.py: {error}", file=sys.stderr)
        return 1
    print(f"\nwrote {args.output} in {time.monotonic() - begin:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
