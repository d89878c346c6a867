#!/usr/bin/env python3
"""Times models in plumb and in the peers that are installed, interleaved.

    bench/compare.py --models resnet50,bert_base --threads 1,2 --precisions f32,int8 --pairs 7

Each pair is a fresh process of plumb and one of each peer, one after the other: A B A B. Writes
OUTPUT/models.jsonl (a line for each engine and case), OUTPUT/comparisons.jsonl (a line for each
ratio) and OUTPUT/models.md. An engine that is not installed or cannot run a model is said and skipped.
"""

import argparse
import os
import shlex
import sys

import cases
import engines
import models
import report
from comparison import Comparison
from options import INTERRUPTED, add_shared, fill_shared, names_of, positives

QUICK = "resnet18,mobilenet_v2,squeezenet1_1,mlp"
PEERS = ["onnxruntime", "opencv"]


def parse(arguments=None):
    cores = len(os.sched_getaffinity(0))
    summary, example = __doc__.split("\n\n")[:2]
    parser = argparse.ArgumentParser(description=summary, epilog=f"Example: {example.strip()}")
    parser.add_argument("--models", help=f"names or .onnx files, from {', '.join(models.MODELS)}")
    parser.add_argument("--threads", type=positives, metavar="N,N",
                        help="default 1 and all cores; with --quick 1")
    parser.add_argument("--batches", type=positives, default=[1], metavar="N,N")
    parser.add_argument("--precisions", type=names_of(cases.PRECISIONS, "precision"),
                        default=["f32"], metavar="P,P",
                        help="f32; bf16, peers run fp32; int8, a file that plumb quantises for all")
    parser.add_argument("--cached-start", action="store_true",
                        help="time a second start too, from what the first one kept")
    parser.add_argument("--peers", type=names_of(PEERS, "peer"), default=PEERS, metavar="NAME,NAME",
                        help=f"default: {','.join(PEERS)}")
    add_shared(parser, 2, 0.3, f"a minute: {QUICK}")
    options = fill_shared(parser.parse_args(arguments))
    if options.threads is None:
        options.threads = [1] if options.quick else sorted({1, cores})
    options.models = options.models or (QUICK if options.quick else ",".join(models.STANDARD))
    options.models = list(dict.fromkeys(options.models.split(",")))
    for name in options.models:
        if name not in models.MODELS and not name.endswith(".onnx"):
            parser.error(f"no model '{name}'; there are: {', '.join(models.MODELS)}")
    return options


def plan(options):
    """{what every engine is given: plumb's settings}, in the order of measuring."""
    starts = ["first", "cached"] if options.cached_start else ["first"]
    rounds = {}
    for model in options.models:
        for batch in options.batches:
            for threads in options.threads:
                for precision in options.precisions:
                    for start in starts:
                        setting = cases.Setting(model, precision, threads, batch, start)
                        rounds.setdefault(setting.given, []).append(setting)
    return rounds


def compare(options):
    comparison = Comparison(options, shlex.join(sys.argv))
    names = cases.case_names(options.models)
    rounds = plan(options)
    for number, (given, settings) in enumerate(rounds.items(), 1):
        try:
            case = cases.make_case(given, names[given.model], options.output, comparison.plumb)
            print(f"[{number}/{len(rounds)}] {case}", flush=True)
            comparison.measure(case, settings)
        except (engines.Failed, OSError, ValueError) as failed:
            comparison.problem(f"{given.model} cannot be measured: {failed}")
        comparison.write()
    print("\n" + report.table(comparison.comparisons))
    for mean in report.means(comparison.comparisons):
        print(report.mean_line(mean))
    print(f"written to {options.output / 'models.md'}")
    return 0 if comparison.rows else 1


def main(arguments=None):
    try:
        return compare(parse(arguments))
    except KeyboardInterrupt:
        return INTERRUPTED
    except (engines.Failed, OSError) as failed:
        print(f"compare.py: {failed}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
