"""What a comparison prints and stores."""

import json

from spread import geometric_mean

COLUMNS = ["model", "threads", "batch", "peer", "plumb ms", "peer ms", "ratio", "interval",
           "error", "GFLOP/s", "of peak"]


def three_digits(value):
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def cells(row):
    """The texts of a comparison's row; ratio is ours over theirs."""
    return [row["model"], str(row["threads"]), str(row["batch"]), row["peer"],
            three_digits(row["median_ms"]), three_digits(row["peer_median_ms"]),
            f"{row['ratio']:.3f}", f"{row['ratio_low']:.3f} to {row['ratio_high']:.3f}",
            f"{row['relative_error']:.1e}", three_digits(row["gflops"]),
            f"{100 * row['share_of_peak']:.0f} %"]


def means(rows):
    """(peer, threads, batch, geometric mean of the ratios, how many), in order of appearance."""
    groups = {}
    for row in rows:
        groups.setdefault((row["peer"], row["threads"], row["batch"]), []).append(row["ratio"])
    return [(*key, geometric_mean(ratios), len(ratios)) for key, ratios in groups.items()]


def mean_line(mean):
    peer, threads, batch, ratio, count = mean
    return (f"plumb over {peer}, {threads} thread{'s'[:threads != 1]}, batch {batch}: "
            f"geometric mean of {count} ratio{'s'[:count != 1]} {ratio:.3f}")


def markdown(rows, facts, problems):
    lines = ["# Models beside other engines", "",
             f"{facts['processor']}, {facts['isa']}, {facts['cores']} cores, commit "
             f"{facts['commit']}, {facts['date']}. {facts['pairs']} interleaved pairs of fresh "
             f"processes, {facts['seconds']} s each, fp32. Engines: "
             f"{', '.join(facts['engines'])}. One core does {facts['peak']:.0f} GFLOP/s of "
             "multiply-adds on registers.", "",
             f"    {facts['command']}", "",
             "ms: median over the pairs of the median of each process. ratio: plumb over peer, "
             "below 1 plumb is faster, the median of the pairs; its interval holds the true median "
             f"with {100 * facts['coverage']:.0f} %. error: max |plumb - peer| / max |peer|, the "
             "largest of the outputs, on the same inputs. GFLOP/s and share of the peak: plumb's.",
             "", "| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
    lines += ["| " + " | ".join(cells(row)) + " |" for row in rows]
    lines += [""] + [f"- {mean_line(mean)}" for mean in means(rows)]
    lines += [f"- {problem}" for problem in problems]
    return "\n".join(lines) + "\n"


def table(rows):
    texts = [COLUMNS] + [cells(row) for row in rows]
    widths = [max(len(text[k]) for text in texts) for k in range(len(COLUMNS))]
    left = (0, 3)
    return "\n".join("  ".join(text.ljust(width) if k in left else text.rjust(width)
                               for k, (text, width) in enumerate(zip(line, widths))).rstrip()
                     for line in texts)


def json_lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)
