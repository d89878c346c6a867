"""The rounds of a comparison: plumb and the peers in turn on one case, what comes out as rows, and the
files that hold them."""

import datetime
import json
import shlex
import tempfile

import cases
import engines
import report
from spread import median, median_interval, relative_error

ROWS, COMPARISONS, PAGE = "models.jsonl", "comparisons.jsonl", "models.md"


def largest_error(ours, theirs):
    """`ours` goes by the names of plumb's files."""
    files = {name: name.replace("/", "_") for name in theirs}
    return max(relative_error(ours[files[name]], theirs[name]) if files[name] in ours
               else float("inf") for name in theirs)


def peak_of(ceilings, precision, isa, threads):
    """Multiply-adds on registers, in GFLOP/s or GOP/s; 0 where none was measured. Of narrow types the
    best unit counts."""
    beginning = {"bf16": "dot bf16 ", "int8": "dot int8 "}.get(precision, f"fma fp32 {isa}")
    peaks = {}
    for row in ceilings:
        if row["ceiling"].startswith(beginning):
            peaks.setdefault(row["threads"], []).append(row["value"])
    if threads in peaks:
        return max(peaks[threads])
    return max(peaks.get(1, [0])) * threads


def share(value, peak):
    return (value or 0) / peak if peak else 0


def add_shares(row, ceilings):
    """Of the peak that was measured in the same round, by a row of plumb."""
    peak = peak_of(ceilings, row["precision"], row["isa"], row["threads"])
    row["share_of_peak"] = share(row["gflops"], peak)
    if "convolution_gflops" in row:
        row["convolution_share"] = share(row["convolution_gflops"], peak)


class Comparison:
    def __init__(self, options, command):
        self.options = options
        self.plumb = engines.Plumb(options.plumb)
        self.peers = [engines.Peer(name) for name in options.peers]
        self.rows, self.comparisons, self.problems = [], [], []
        self.machine, ceilings = self.plumb.machine()
        self.facts = {**{key: self.machine[key] for key in ("processor", "cores", "isa")},
                      "commit": self.plumb.commit,
                      "peaks": {name: peak_of(ceilings, name, self.machine["isa"], 1)
                                for name in cases.PRECISIONS},
                      "date": datetime.date.today().isoformat(),
                      "pairs": options.pairs, "seconds": options.seconds, "tuned": options.tune,
                      "command": command}

    def problem(self, text):
        self.problems.append(text)
        print(f"  {text}", flush=True)

    def measure(self, case, settings, beside=True):
        """Every setting of plumb in turn, and the peers where it says `beside`; all of them belong to
        this case. What an engine cannot run is said and left out."""
        with tempfile.TemporaryDirectory() as cache:
            settings = [setting for setting in settings if self.prepared(case, setting, cache)]
            errors = self.errors_beside(case, settings, cache) if beside and settings else {}
            running = [*settings, *errors]
            measured = self.time_in_turns(case, running, cache)
        theirs = {peer: self.keep_row(self.peer_row(peer, case, measured[peer]))
                  for peer in errors if measured.get(peer)}
        for setting in settings:
            if not measured.get(setting):
                continue
            own = self.keep_row(self.plumb_row(case, setting, measured[setting]))
            print(f"  plumb {setting.how}: {own['median_ms']:.3g} ms, {own['gflops']:.3g} GFLOP/s",
                  flush=True)
            for peer, row in theirs.items():
                self.compare(own, row, errors[peer].get(setting, float("inf")))

    def prepared(self, case, setting, cache):
        try:
            self.plumb.prepare(case, setting, cache, self.options.tune)
        except engines.Failed as failed:
            self.problem(f"plumb cannot run {case}, {setting.how}: {failed}")
            return False
        return True

    def errors_beside(self, case, settings, cache):
        """{peer: {setting: error of plumb's outputs}} for the peers that run this case."""
        ours = {}
        for setting in settings:
            arithmetic = (setting.precision, setting.forced_isa)
            if arithmetic not in ours:
                try:
                    ours[arithmetic] = self.plumb.outputs(case, setting, cache)
                except engines.Failed as failed:
                    self.problem(f"plumb cannot run {case}, {setting.how}: {failed}")
                    ours[arithmetic] = {}
        errors = {}
        for peer in list(self.peers):
            try:
                theirs = peer.outputs(case)
            except engines.NotInstalled as missing:
                self.problem(f"{peer.name} is left out: {missing}")
                self.peers.remove(peer)
                continue
            except engines.Failed as failed:
                self.problem(f"{peer.name} cannot run {case}: {failed}")
                continue
            errors[peer] = {setting: largest_error(ours[setting.precision, setting.forced_isa],
                                                   theirs) for setting in settings}
        return errors

    def time_in_turns(self, case, running, cache):
        """{setting or peer: rows of its processes}, without those that failed. The ceilings are
        measured in each turn, since clocks drift."""
        measured = {one: [] for one in running}
        for _ in range(self.options.pairs):
            _, ceilings = self.plumb.machine()
            for one in list(measured):
                try:
                    if isinstance(one, cases.Setting):
                        row = self.plumb.measure(case, one, cache, self.options.seconds)
                        add_shares(row, ceilings)
                    else:
                        row = one.measure(case, self.options.seconds)
                    measured[one].append(row)
                except engines.Failed as failed:
                    name = getattr(one, "name", f"plumb, {getattr(one, 'how', '')},")
                    self.problem(f"{name} failed while it was timed, {case}: {failed}")
                    del measured[one]
        return measured

    def engine_row(self, engine, case, setting, rows, command):
        """What one engine did in one case; `rows` are those of its processes."""
        medians = [row["median_ms"] for row in rows]
        loads = [row["load_ms"] for row in rows]
        memory = [row["memory_mb"] for row in rows]
        return {"engine": engine.name, "version": engine.version, "model": case.model,
                "precision": setting.precision, "threads": case.threads, "batch": case.batch,
                "start": setting.start, "forced_isa": setting.forced_isa,
                "profile": setting.profile, "processor": self.facts["processor"],
                "commit": self.facts["commit"], "date": self.facts["date"],
                "command": command, "tuned": self.options.tune, "seconds": self.options.seconds,
                "processes": len(rows), "count": sum(row["iters"] for row in rows),
                "median_ms": median(medians), "spread_ms": [min(medians), max(medians)],
                "medians_ms": medians, "min_ms": min(row["min_ms"] for row in rows),
                "p90_ms": median([row["p90_ms"] for row in rows]),
                "load_ms": median(loads), "loads_ms": loads,
                "memory_mb": median(memory), "memories_mb": memory,
                "peak_rss_mb": max(row["peak_rss_mb"] for row in rows)}

    def plumb_row(self, case, setting, rows):
        """Only plumb says its instruction set and counts operations."""
        words = self.plumb.command(case, setting, "--seconds", str(self.options.seconds))
        forced = f"PLUMB_ISA={setting.forced_isa} " if setting.forced_isa else ""
        row = self.engine_row(self.plumb, case, setting, rows, forced + shlex.join(words))
        row["isa"] = rows[0]["isa"]
        for key in ("gflops", "share_of_peak", "convolution_gflops", "convolution_share"):
            if key in rows[0]:
                row[key] = median([each[key] or 0 for each in rows])
        return row

    def peer_row(self, peer, case, rows):
        setting = cases.Setting(case.model, "int8" if case.quantised else "f32")
        row = self.engine_row(peer, case, setting, rows,
                              shlex.join(peer.command(case, self.options.seconds)))
        row["base_rss_mb"] = median([each["base_rss_mb"] for each in rows])
        return row

    def keep_row(self, row):
        self.rows.append(row)
        return row

    def compare(self, own, theirs, error):
        """Ratios are ours over theirs of the same turn."""
        def ratios(key):
            return [a / b for a, b in zip(own[key], theirs[key])]

        low, high, coverage = median_interval(ratios("medians_ms"))
        kept = ("model", "precision", "threads", "batch", "start", "forced_isa", "profile", "isa",
                "processor", "commit", "date", "tuned", "seconds", "median_ms", "load_ms",
                "memory_mb", "gflops", "share_of_peak")
        row = {**{key: own[key] for key in kept}, "peer": theirs["engine"],
               "peer_version": theirs["version"], "peer_median_ms": theirs["median_ms"],
               "peer_load_ms": theirs["load_ms"], "peer_memory_mb": theirs["memory_mb"],
               "pairs": len(ratios("medians_ms")), "ratios": ratios("medians_ms"),
               "ratio": median(ratios("medians_ms")), "ratio_low": low, "ratio_high": high,
               "coverage": coverage, "load_ratio": median(ratios("loads_ms")),
               "memory_ratio": median(ratios("memories_mb")), "relative_error": error}
        self.comparisons.append(row)
        print(f"  {row['peer']} {row['peer_median_ms']:.3g} ms, ratio {row['ratio']:.3f} "
              f"({low:.3f} to {high:.3f}), load {row['load_ratio']:.3f}, memory "
              f"{row['memory_ratio']:.3f}, error {error:.1e}", flush=True)

    def resume(self):
        """Takes over what an earlier, interrupted run of the same program, machine and options wrote.
        Returns the settings that need not be measured again."""
        folder = self.options.output
        for name, rows in ((ROWS, self.rows), (COMPARISONS, self.comparisons)):
            if (folder / name).exists():
                lines = (folder / name).read_text(encoding="utf-8").splitlines()
                rows += [row for row in map(json.loads, lines) if self.is_same_run(row)]
        return {cases.Setting.of(row) for row in self.rows if row["engine"] == "plumb"}

    def forget(self, rounds):
        """Drops the rows of rounds that are measured again, so that none is there twice."""
        given = set(rounds)
        self.rows = [row for row in self.rows if cases.Setting.of(row).given not in given]
        self.comparisons = [row for row in self.comparisons
                            if cases.Setting.of(row).given not in given]

    def is_same_run(self, row):
        facts, pairs = self.facts, row.get("processes", row.get("pairs"))
        return (row["commit"], row["processor"], row["tuned"], row["seconds"], pairs) == (
            facts["commit"], facts["processor"], facts["tuned"], facts["seconds"], facts["pairs"])

    def write(self):
        folder = self.options.output
        named = {row["engine"]: f"{row['engine']} {row['version']}".replace("plumb plumb", "plumb")
                 for row in self.rows}
        self.facts["engines"] = list(named.values())
        self.facts["coverage"] = min((row["coverage"] for row in self.comparisons), default=0)
        report.write(folder / ROWS, report.json_lines(self.rows))
        report.write(folder / COMPARISONS, report.json_lines(self.comparisons))
        report.write(folder / PAGE, report.markdown(self.comparisons, self.facts, self.problems))
