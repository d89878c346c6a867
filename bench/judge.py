"""Holds what was measured against the goals."""

import dataclasses
import typing

import report
from cases import Setting
from spread import geometric_mean

COLUMNS = ["goal", "work", "cases", "ours", "theirs", "mean", "worst", "target", "verdict"]
MET, MISSED, INCOMPLETE, NOT_MEASURED = "met", "missed", "incomplete", "not measured"


@dataclasses.dataclass(frozen=True)
class Figure:
    """`ours` and `theirs` are what the engines did, `value` is what is held against the bounds. All
    read a row of plumb; of a figure beside a peer, one of a comparison."""
    unit: str
    ours: typing.Callable
    value: typing.Callable
    theirs: typing.Callable | None = None
    above: bool = True  # the bounds are the least that is promised, else the most
    percent: bool = False


def images_per_second(row):
    return 1e3 * row["batch"] / row["median_ms"]


def key(name):
    return lambda row: row[name]


# Ratios of comparisons are ours over theirs; speed is the other way round.
FIGURES = {
    "speed": Figure("ms", key("median_ms"), lambda row: 1 / row["ratio"], key("peer_median_ms")),
    "load": Figure("ms", key("load_ms"), key("load_ratio"), key("peer_load_ms"), above=False),
    "memory": Figure("MB", key("memory_mb"), key("memory_ratio"), key("peer_memory_mb"),
                     above=False),
    "images": Figure("images/s", images_per_second, images_per_second),
    "share": Figure("GFLOP/s", key("gflops"), key("share_of_peak"), percent=True),
    "convolutions": Figure("GFLOP/s", key("convolution_gflops"), key("convolution_share"),
                           percent=True),
}


@dataclasses.dataclass
class Judgement:
    goal: typing.Any
    figure: Figure
    values: dict  # setting: value, of the settings that were measured
    ours: float | None  # geometric means over them
    theirs: float | None
    mean: float | None
    worst: tuple | None  # (setting, value)
    skipped: str = ""  # why it is not measured

    @property
    def verdict(self):
        """One case below its bound misses the goal, whatever is not measured; the mean is judged when
        all are."""
        goal = self.goal
        if self.skipped:
            return self.skipped
        if not self.values:
            return NOT_MEASURED
        if goal.each is not None and not self.holds(self.worst[1], goal.each):
            return MISSED
        if len(self.values) < len(goal.settings):
            return INCOMPLETE
        return MET if goal.mean is None or self.holds(self.mean, goal.mean) else MISSED

    def holds(self, value, bound):
        return value >= bound if self.figure.above else value <= bound

    def number(self, value):
        if value is None:
            return "-"
        if self.figure.percent:
            return f"{100 * value:.0f} %"
        return f"{value:.0f}" if value >= 100 else f"{value:.3g}"

    def cells(self):
        goal, unit = self.goal, f" {self.figure.unit}"
        several = len(goal.settings) > 1
        worst = "-"
        if self.worst and several:
            worst = f"{self.number(self.worst[1])} {self.worst[0].model}"
        return [goal.name, goal.work, f"{len(self.values)} of {len(goal.settings)}",
                "-" if self.ours is None else report.three_digits(self.ours) + unit,
                "-" if self.theirs is None else report.three_digits(self.theirs) + unit,
                self.number(self.mean), worst, self.target(several), self.verdict]

    def target(self, several):
        bounds = []
        if self.goal.mean is not None:
            bounds.append(f"mean {self.number(self.goal.mean)}")
        if self.goal.each is not None:
            bounds.append("each " * several + self.number(self.goal.each))
        return ("at least " if self.figure.above else "at most ") + ", ".join(bounds)

    def row(self):
        """For goals.jsonl."""
        goal = self.goal
        return {"goal": goal.name, "work": goal.work, "figure": goal.figure,
                "unit": self.figure.unit, "cases": len(goal.settings), "measured": len(self.values),
                "ours": self.ours, "theirs": self.theirs, "mean": self.mean,
                "worst": self.worst and self.worst[1],
                "worst_model": self.worst and self.worst[0].model,
                "target_mean": goal.mean, "target_each": goal.each,
                "target_is": "least" if self.figure.above else "most", "verdict": self.verdict,
                "values": [{**dataclasses.asdict(setting), "value": value}
                           for setting, value in self.values.items()]}


def judge(goal, rows, comparisons, peer="onnxruntime", skipped=""):
    """The judgement of a goal by rows of models.jsonl and comparisons.jsonl."""
    figure = FIGURES[goal.figure]
    if figure.theirs:
        found = {Setting.of(row): row for row in comparisons if row["peer"] == peer}
    else:
        found = {Setting.of(row): row for row in rows if row["engine"] == "plumb"}
    found = {setting: found[setting] for setting in goal.settings if setting in found}
    values = {setting: figure.value(row) for setting, row in found.items()}

    def mean_of(read):
        numbers = [read(row) for row in found.values()]
        return geometric_mean(numbers) if numbers and min(numbers) > 0 else None

    worst = (min if figure.above else max)(values.items(), key=lambda item: item[1], default=None)
    return Judgement(goal, figure, values, mean_of(figure.ours),
                     figure.theirs and mean_of(figure.theirs), mean_of(figure.value), worst, skipped)


def table(judgements):
    return report.aligned([COLUMNS] + [judgement.cells() for judgement in judgements],
                          left=(0, 1, 6, 7, 8))


def summary(judgements):
    verdicts = [judgement.verdict for judgement in judgements]
    return f"{verdicts.count(MET)} of {len(verdicts)} goals met, {verdicts.count(MISSED)} missed"


def page(judgements, facts, problems):
    lines = ["# Goals", "", *report.how_taken(facts),
             "Speed is the time of ONNX Runtime over ours, above 1 we are faster; load and memory are "
             "ours over theirs, below 1 we need less. Each is the median over the pairs; mean is "
             "geometric, over the cases. Shares are of the peak measured in the same turns; "
             "operations are those of the definition, so that a layer that runs by an algorithm "
             "with fewer of them may pass 100 %.", "",
             *report.markdown_table([COLUMNS] + [judgement.cells() for judgement in judgements]),
             "", f"{summary(judgements)}.", "", *[f"- {problem}" for problem in problems]]
    return "\n".join(lines).rstrip() + "\n"
