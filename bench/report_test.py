import json
import unittest

import report


def row(peer, threads, ratio):
    return {"model": "mlp", "threads": threads, "batch": 1, "peer": peer, "median_ms": 0.0123,
            "peer_median_ms": 1234.5, "ratio": ratio, "ratio_low": 0.9, "ratio_high": 1.1,
            "relative_error": 2.5e-7, "gflops": 99.96, "share_of_peak": 0.847}


class ReportTest(unittest.TestCase):
    def test_numbers_have_three_digits(self):
        for value, text in [(0.01234, "0.0123"), (1.234, "1.23"), (12.34, "12.3"), (123.4, "123"),
                            (1234.5, "1234")]:
            self.assertEqual(report.three_digits(value), text)

    def test_means_are_taken_for_each_peer_and_number_of_threads(self):
        rows = [row("a", 1, 0.5), row("b", 1, 3), row("a", 2, 1), row("a", 1, 2)]
        means = report.means(rows)
        self.assertEqual([mean[:3] for mean in means], [("a", 1, 1), ("b", 1, 1), ("a", 2, 1)])
        self.assertAlmostEqual(means[0][3], 1)
        self.assertEqual(report.mean_line(means[2]),
                         "plumb over a, 2 threads, batch 1: geometric mean of 1 ratio 1.000")

    def test_the_table_has_a_line_for_each_row(self):
        lines = report.table([row("a", 1, 0.5), row("b", 1, 3)]).splitlines()
        self.assertEqual(len(lines), 3)
        self.assertIn("0.900 to 1.100", lines[1])
        self.assertIn("85 %", lines[2])

    def test_json_lines_come_back(self):
        rows = [row("a", 1, 0.5), row("b", 2, 3)]
        self.assertEqual([json.loads(line) for line in report.json_lines(rows).splitlines()], rows)

    def test_the_page_says_how_its_figures_came_about(self):
        facts = {"processor": "P", "isa": "avx2", "cores": 2, "commit": "c", "date": "d",
                 "pairs": 6, "seconds": 1.5, "engines": ["plumb 1", "a 2"], "peak": 100,
                 "command": "bench/compare.py --quick", "coverage": 0.969}
        text = report.markdown([row("a", 1, 0.5)], facts, ["b is left out: not installed"])
        for part in ["P, avx2, 2 cores, commit c", "bench/compare.py --quick", "with 97 %",
                     "| mlp | 1 | 1 | a | 0.0123 | 1234 | 0.500 |", "- b is left out"]:
            self.assertIn(part, text)


if __name__ == "__main__":
    unittest.main()
