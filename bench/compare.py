#!/usr/bin/env python3
"""Times the standard models in plumb and in the peers that are installed, interleaved.

    bench/compare.py --models resnet50,bert_base --threads 1,2 --pairs 7

Each pair is a fresh process of plumb and one of each peer, one after the other: A B A B. Writes
OUTPUT/models.jsonl (a line for each engine and case), OUTPUT/comparisons.jsonl (a line for each
ratio) and OUTPUT/models.md. An engine that is not installed or cannot run a model is said and skipped.
"""

import argparse
import datetime
import os
import pathlib
import shlex
import sys

import cases
import engines
import models
import report
from spread import median, median_interval, relative_error

QUICK = "resnet18,mobilenet_v2,squeezenet1_1,mlp"
PEERS = ["onnxruntime", "opencv"]


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


def parse(arguments=None):
    cores = len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", help=f"names or .onnx files, from {', '.join(models.MODELS)}")
    parser.add_argument("--threads", type=positives, metavar="N,N",
                        help="default 1 and all cores; with --quick 1")
    parser.add_argument("--batches", type=positives, default=[1], metavar="N,N")
    parser.add_argument("--pairs", type=positive, help="default 6; with --quick 2")
    parser.add_argument("--seconds", type=duration,
                        help="of a process; default 1.5; with --quick 0.3")
    parser.add_argument("--peers", default=",".join(PEERS), help="default: %(default)s")
    parser.add_argument("--plumb", default="build/plumb")
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("out/bench"))
    parser.add_argument("--quick", action="store_true", help=f"a minute: {QUICK}")
    options = parser.parse_args(arguments)
    options.output = options.output.resolve()
    if options.threads is None:
        options.threads = [1] if options.quick else sorted({1, cores})
    if options.pairs is None:
        options.pairs = 2 if options.quick else 6
    if options.seconds is None:
        options.seconds = 0.3 if options.quick else 1.5
    options.models = (options.models or (QUICK if options.quick else ",".join(models.MODELS)))
    options.models = list(dict.fromkeys(options.models.split(",")))
    options.peers = options.peers.split(",") if options.peers else []
    for name in options.models:
        if name not in models.MODELS and not name.endswith(".onnx"):
            parser.error(f"no model '{name}'; there are: {', '.join(models.MODELS)}")
    for name in options.peers:
        if name not in PEERS:
            parser.error(f"no peer '{name}'; there are: {', '.join(PEERS)}")
    return options


def processor_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


def largest_error(ours, theirs):
    """`ours` goes by the names of plumb's files."""
    files = {name: name.replace("/", "_") for name in theirs}
    return max(relative_error(ours[files[name]], theirs[name]) if files[name] in ours
               else float("inf") for name in theirs)


def engine_row(engine, case, rows, facts, seconds):
    """What one engine did in one case; `rows` are those of its processes. Only plumb says its isa."""
    medians = [row["median_ms"] for row in rows]
    return {"engine": engine.name, "version": engine.version, "model": case.model,
            "threads": case.threads, "batch": case.batch, "precision": "f32", "isa": rows[0].get("isa"),
            "processor": facts["processor"], "commit": facts["commit"],
            "command": shlex.join(engine.command(case, seconds)), "date": facts["date"],
            "processes": len(rows), "count": sum(row["iters"] for row in rows),
            "median_ms": median(medians), "spread_ms": [min(medians), max(medians)],
            "medians_ms": medians, "min_ms": min(row["min_ms"] for row in rows),
            "p90_ms": median([row["p90_ms"] for row in rows]),
            "load_ms": median([row["load_ms"] for row in rows]),
            "peak_rss_mb": max(row["peak_rss_mb"] for row in rows)}


class Comparison:
    def __init__(self, options):
        self.options = options
        self.plumb = engines.Plumb(options.plumb)
        self.peers = [engines.Peer(name) for name in options.peers]
        self.rows, self.comparisons, self.problems = [], [], []
        self.ceilings = {(row["ceiling"], row["threads"]): row["value"]
                         for row in self.plumb.ceilings()}
        self.facts = {"processor": processor_name(), "cores": len(os.sched_getaffinity(0)),
                      "commit": self.plumb.commit, "isa": "", "peak": 0, "coverage": 0,
                      "date": datetime.date.today().isoformat(), "pairs": options.pairs,
                      "seconds": options.seconds, "command": shlex.join(sys.argv)}

    def problem(self, text):
        self.problems.append(text)
        print(f"  {text}", flush=True)

    def usable_peers(self, case, ours):
        """[(peer, error of the outputs)] for the peers that run this case."""
        usable = []
        for engine in list(self.peers):
            try:
                usable.append((engine, largest_error(ours, engine.outputs(case))))
            except engines.NotInstalled as missing:
                self.problem(f"{engine.name} is left out: {missing}")
                self.peers.remove(engine)
            except engines.Failed as failed:
                self.problem(f"{engine.name} cannot run {case}: {failed}")
        return usable

    def time_in_turns(self, case, peers):
        """{engine's name: rows of its processes}, without the peers that failed."""
        running = [self.plumb, *peers]
        measured = {engine.name: [] for engine in running}
        for _ in range(self.options.pairs):
            for engine in list(running):
                try:
                    measured[engine.name].append(engine.measure(case, self.options.seconds))
                except engines.Failed as failed:
                    if engine is self.plumb:
                        raise
                    self.problem(f"{engine.name} failed while it was timed, {case}: {failed}")
                    running.remove(engine)
                    del measured[engine.name]
        return measured

    def measure(self, case):
        usable = self.usable_peers(case, self.plumb.outputs(case))
        measured = self.time_in_turns(case, [engine for engine, _ in usable])
        ours = measured["plumb"]
        self.facts["isa"] = ours[0]["isa"]
        self.facts["peak"] = self.ceilings.get((f"fma fp32 {ours[0]['isa']}", 1), 0)
        own = engine_row(self.plumb, case, ours, self.facts, self.options.seconds)
        own["gflops"] = median([row["gflops"] for row in ours])
        peak = self.facts["peak"] * case.threads
        own["share_of_peak"] = own["gflops"] / peak if peak else 0
        self.rows.append(own)
        print(f"  plumb {own['median_ms']:.3g} ms, {own['gflops']:.3g} GFLOP/s", flush=True)
        for engine, error in usable:
            if engine.name not in measured:
                continue
            theirs = measured[engine.name]
            row = engine_row(engine, case, theirs, self.facts, self.options.seconds)
            self.rows.append(row)
            self.compare(own, row, error)

    def compare(self, own, theirs, error):
        ratios = [a / b for a, b in zip(own["medians_ms"], theirs["medians_ms"])]
        low, high, coverage = median_interval(ratios)
        self.facts["coverage"] = coverage
        self.comparisons.append({
            **{key: own[key] for key in ("model", "threads", "batch", "precision", "isa",
                                         "processor", "commit", "date", "median_ms", "gflops",
                                         "share_of_peak")},
            "peer": theirs["engine"], "peer_version": theirs["version"],
            "peer_median_ms": theirs["median_ms"], "pairs": len(ratios), "ratios": ratios,
            "ratio": median(ratios), "ratio_low": low, "ratio_high": high, "coverage": coverage,
            "relative_error": error})
        print(f"  {theirs['engine']} {theirs['median_ms']:.3g} ms, ratio {median(ratios):.3f} "
              f"({low:.3f} to {high:.3f}), error {error:.1e}", flush=True)

    def write(self):
        folder = self.options.output
        folder.mkdir(parents=True, exist_ok=True)
        named = {row["engine"]: f"{row['engine']} {row['version']}".replace("plumb plumb", "plumb")
                 for row in self.rows}
        self.facts["engines"] = list(named.values())
        (folder / "models.jsonl").write_text(report.json_lines(self.rows), encoding="utf-8")
        (folder / "comparisons.jsonl").write_text(report.json_lines(self.comparisons),
                                                  encoding="utf-8")
        text = report.markdown(self.comparisons, self.facts, self.problems)
        (folder / "models.md").write_text(text, encoding="utf-8")


def compare(options):
    comparison = Comparison(options)
    names = cases.case_names(options.models)
    todo = [(model, threads, batch) for model in options.models for batch in options.batches
            for threads in options.threads]
    for number, (model, threads, batch) in enumerate(todo, 1):
        try:
            case = cases.make_case(model, names[model], threads, batch, options.output)
            print(f"[{number}/{len(todo)}] {case}", flush=True)
            comparison.measure(case)
        except engines.Failed as failed:
            comparison.problem(f"plumb cannot run {model}: {failed}")
        except (OSError, ValueError) as failed:
            comparison.problem(f"{model} cannot be measured: {failed}")
        comparison.write()
    print("\n" + report.table(comparison.comparisons))
    for mean in report.means(comparison.comparisons):
        print(report.mean_line(mean))
    print(f"written to {options.output / 'models.md'}")
    return 0 if comparison.rows else 1


def main(arguments=None):
    try:
        return compare(parse(arguments))
    except (engines.Failed, OSError) as failed:
        print(f"compare.py: {failed}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
