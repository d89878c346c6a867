"""What a comparison prints and stores."""

import json

from spread import geometric_mean

TIMES = ["model", "precision", "threads", "batch", "peer", "plumb ms", "peer ms", "ratio",
         "interval", "error", "GFLOP/s", "of peak"]
LOADS = ["model", "precision", "threads", "batch", "peer", "load", "plumb ms", "peer ms", "ratio",
         "plumb MB", "peer MB", "memory"]


def three_digits(value):
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def what_ran(row):
    forced = f" {row['forced_isa']}" if row["forced_isa"] else ""
    return [row["model"], row["precision"] + forced, str(row["threads"]), str(row["batch"]),
            row["peer"]]


def time_cells(row):
    """The texts of a comparison's row; ratio is ours over theirs."""
    return [*what_ran(row), three_digits(row["median_ms"]), three_digits(row["peer_median_ms"]),
            f"{row['ratio']:.3f}", f"{row['ratio_low']:.3f} to {row['ratio_high']:.3f}",
            f"{row['relative_error']:.1e}", three_digits(row["gflops"]),
            f"{100 * row['share_of_peak']:.0f} %"]


def load_cells(row):
    return [*what_ran(row), row["start"], three_digits(row["load_ms"]),
            three_digits(row["peer_load_ms"]), f"{row['load_ratio']:.3f}",
            three_digits(row["memory_mb"]), three_digits(row["peer_memory_mb"]),
            f"{row['memory_ratio']:.3f}"]


def timed(rows):
    """Those whose time is worth a line: a cached start runs the same kernels, and a profiled run takes
    longer."""
    return [row for row in rows if row["start"] == "first" and not row["profile"]]


def unprofiled(rows):
    return [row for row in rows if not row["profile"]]


def means(rows):
    """(peer, precision, threads, batch, geometric mean of the ratios, how many), in order of
    appearance."""
    groups = {}
    for row in timed(rows):
        if not row["forced_isa"]:
            key = (row["peer"], row["precision"], row["threads"], row["batch"])
            groups.setdefault(key, []).append(row["ratio"])
    return [(*key, geometric_mean(ratios), len(ratios)) for key, ratios in groups.items()]


def mean_line(mean):
    peer, precision, threads, batch, ratio, count = mean
    return (f"plumb over {peer}, {precision}, {threads} thread{'s'[:threads != 1]}, batch {batch}: "
            f"geometric mean of {count} ratio{'s'[:count != 1]} {ratio:.3f}")


def how_taken(facts):
    """How the figures of a page came about."""
    peaks = ", ".join(f"{peak:.0f} in {name}" for name, peak in facts["peaks"].items() if peak)
    kernels = "Kernels were measured first. " if facts["tuned"] else ""
    pairs = f"{facts['pairs']} interleaved pair{'s'[:facts['pairs'] != 1]} of fresh processes"
    return [f"{facts['processor']}, {facts['isa']}, {facts['cores']} cores, commit "
            f"{facts['commit']}, {facts['date']}. {pairs}, {facts['seconds']} s each. {kernels}"
            f"Engines: {', '.join(facts['engines'])}. One core does so many 10^9 operations a second "
            f"in multiply-adds on registers: {peaks}.", "", f"    {facts['command']}", ""]


def markdown(rows, facts, problems):
    lines = ["# Models beside other engines", "", *how_taken(facts),
             "ms: median over the pairs of the median of each process. ratio: plumb over peer, "
             "below 1 plumb is faster, the median of the pairs; its interval holds the true median "
             f"with {100 * facts['coverage']:.0f} %. error: max |plumb - peer| / max |peer|, the "
             "largest of the outputs, on the same inputs; in bf16 the peer runs fp32. GFLOP/s and "
             "share of the peak: plumb's.", "",
             *markdown_table([TIMES] + [time_cells(row) for row in timed(rows)]), "",
             *[f"- {mean_line(mean)}" for mean in means(rows)], "", "## Load and memory", "",
             "The cached start maps what an earlier one kept. Memory is plumb's whole process, and "
             "what the peer added to Python and the inputs.", "",
             *markdown_table([LOADS] + [load_cells(row) for row in unprofiled(rows)]), "",
             *[f"- {problem}" for problem in problems]]
    return "\n".join(lines).rstrip() + "\n"


def table(rows):
    return aligned([TIMES] + [time_cells(row) for row in timed(rows)], left=(0, 1, 4))


def markdown_table(texts):
    lines = ["| " + " | ".join(line) + " |" for line in texts]
    return [lines[0], "|---" * len(texts[0]) + "|", *lines[1:]]


def aligned(texts, left):
    """Columns of text, those of `left` to the left."""
    widths = [max(len(text[k]) for text in texts) for k in range(len(texts[0]))]
    return "\n".join("  ".join(text.ljust(width) if k in left else text.rjust(width)
                               for k, (text, width) in enumerate(zip(line, widths))).rstrip()
                     for line in texts)


def json_lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def write(path, text):
    """Whole or not at all: an interruption leaves the file as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
