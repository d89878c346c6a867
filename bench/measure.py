#!/usr/bin/env python3
"""Measures what the project promises about its speed, and prints for each promise whether it holds.

    bench/measure.py --rows f32,winograd,memory --pairs 3

A round is one case: every setting of plumb that a row asks for, and ONNX Runtime, in turn, --pairs
times. Rows share their cases. After each round OUTPUT holds goals.md and goals.jsonl, and what they
are made of: models.md, models.jsonl and comparisons.jsonl; --resume goes on from these.
"""

import argparse
import os
import shlex
import signal
import sys

import cases
import engines
import goals
import judge
import report
from comparison import Comparison
from options import INTERRUPTED, TERMINATED, add_shared, fill_shared, names_of

QUICK_MODELS = ["resnet18", "mobilenet_v2", "squeezenet1_1", "mlp", "matmul1024"]


def parse(arguments=None):
    known = goals.goals(len(os.sched_getaffinity(0)))
    summary, example = __doc__.split("\n\n")[:2]
    parser = argparse.ArgumentParser(description=summary, epilog=f"Example: {example.strip()}")
    parser.add_argument("--rows", type=names_of([goal.name for goal in known], "row"),
                        metavar="NAME,NAME", help="default: all that --list says")
    parser.add_argument("--list", action="store_true", help="print the rows and end")
    parser.add_argument("--resume", action="store_true",
                        help="keep what an interrupted run of the same commit has measured")
    add_shared(parser, 1, 0.1, "a smoke test, of no worth as figures: one pair, and of each row only "
               f"{', '.join(QUICK_MODELS)}")
    options = fill_shared(parser.parse_args(arguments))
    options.peers = ["onnxruntime"]
    options.goals = [goal for goal in known if not options.rows or goal.name in options.rows]
    return options


def reason_to_skip(goal, machine, quick):
    if not goals.NEEDS[goal.needs](machine):
        return f"skipped: needs {goal.needs}"
    if quick and not any(setting.model in QUICK_MODELS for setting in goal.settings):
        return "skipped: not in --quick"
    return ""


def plan(chosen, skipped, quick):
    """{what every engine is given: (plumb's settings, whether peers run beside them)}."""
    rounds = {}
    for goal in chosen:
        if skipped[goal.name]:
            continue
        for setting in goal.settings:
            if quick and setting.model not in QUICK_MODELS:
                continue
            settings, beside = rounds.get(setting.given, ([], False))
            if setting not in settings:
                settings.append(setting)
            beside = beside or judge.FIGURES[goal.figure].theirs is not None
            rounds[setting.given] = (settings, beside)
    return rounds


class Measurement:
    """Runs the rounds; after each, all files are up to date."""

    def __init__(self, options):
        self.options = options
        self.comparison = Comparison(options, shlex.join(sys.argv))
        self.skipped = {goal.name: reason_to_skip(goal, self.comparison.machine, options.quick)
                        for goal in options.goals}

    def judgements(self):
        comparison = self.comparison
        return [judge.judge(goal, comparison.rows, comparison.comparisons,
                            skipped=self.skipped[goal.name]) for goal in self.options.goals]

    def write(self):
        self.comparison.write()
        folder, judgements = self.options.output, self.judgements()
        rows = [judgement.row() for judgement in judgements]
        report.write(folder / "goals.jsonl", report.json_lines(rows))
        report.write(folder / "goals.md",
                     judge.page(judgements, self.comparison.facts, self.comparison.problems))

    def rounds(self):
        """Those left to do: with --resume without what is done. A round is done again as a whole, its
        settings are held against the same processes of the peer."""
        rounds = plan(self.options.goals, self.skipped, self.options.quick)
        if not self.options.resume:
            return rounds
        done = self.comparison.resume()
        left = {given: work for given, work in rounds.items()
                if any(setting not in done for setting in work[0])}
        self.comparison.forget(left)
        print(f"{len(rounds) - len(left)} of {len(rounds)} rounds are measured already")
        return left

    def run(self):
        rounds = self.rounds()
        for number, (given, (settings, beside)) in enumerate(rounds.items(), 1):
            try:
                case = cases.make_case(given, given.model, self.options.output,
                                       self.comparison.plumb)
                print(f"[{number}/{len(rounds)}] {case}", flush=True)
                self.comparison.measure(case, settings, beside)
            except (engines.Failed, OSError, ValueError) as failed:
                self.comparison.problem(f"{given.model} cannot be measured: {failed}")
            self.write()
        self.write()

    def print_table(self):
        judgements = self.judgements()
        print("\n" + judge.table(judgements))
        print(judge.summary(judgements) + f"; written to {self.options.output / 'goals.md'}")


def terminate(_signal, _frame):
    sys.exit(TERMINATED)


def measure(options):
    measurement = Measurement(options)
    try:
        measurement.run()
    finally:  # an interruption too prints what there is
        measurement.print_table()
    return 0 if measurement.comparison.rows else 1


def main(arguments=None):
    options = parse(arguments)
    if options.list:
        print("\n".join(f"{goal.name:20} {goal.work}" for goal in options.goals))
        return 0
    signal.signal(signal.SIGTERM, terminate)
    try:
        return measure(options)
    except KeyboardInterrupt:
        return INTERRUPTED
    except (engines.Failed, OSError) as failed:
        print(f"measure.py: {failed}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
