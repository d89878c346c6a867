import json
import pathlib
import tempfile
import unittest

import report


def row(peer, threads, ratio, **others):
    return {"model": "mlp", "precision": "f32", "threads": threads, "batch": 1, "start": "first",
            "forced_isa": "", "profile": False, "peer": peer, "median_ms": 0.0123,
            "peer_median_ms": 1234.5, "ratio": ratio, "ratio_low": 0.9, "ratio_high": 1.1,
            "load_ms": 1.5, "peer_load_ms": 6, "load_ratio": 0.25, "memory_mb": 20,
            "peer_memory_mb": 50, "memory_ratio": 0.4, "relative_error": 2.5e-7, "gflops": 99.96,
            "share_of_peak": 0.847, **others}


FACTS = {"processor": "P", "isa": "avx2", "cores": 2, "commit": "c", "date": "d", "pairs": 6,
         "seconds": 1.5, "engines": ["plumb 1", "a 2"], "peaks": {"f32": 100, "bf16": 0},
         "tuned": False, "command": "bench/compare.py --quick", "coverage": 0.969}


class ReportTest(unittest.TestCase):
    def test_numbers_have_three_digits(self):
        for value, text in [(0.01234, "0.0123"), (1.234, "1.23"), (12.34, "12.3"), (123.4, "123"),
                            (1234.5, "1234")]:
            self.assertEqual(report.three_digits(value), text)

    def test_means_are_taken_for_each_peer_precision_and_number_of_threads(self):
        rows = [row("a", 1, 0.5), row("b", 1, 3), row("a", 2, 1), row("a", 1, 2),
                row("a", 1, 7, precision="bf16"), row("a", 1, 9, start="cached")]
        means = report.means(rows)
        self.assertEqual([mean[:4] for mean in means], [("a", "f32", 1, 1), ("b", "f32", 1, 1),
                                                        ("a", "f32", 2, 1), ("a", "bf16", 1, 1)])
        self.assertAlmostEqual(means[0][4], 1)
        self.assertEqual(report.mean_line(means[2]),
                         "plumb over a, f32, 2 threads, batch 1: geometric mean of 1 ratio 1.000")

    def test_the_table_has_a_line_for_each_time(self):
        lines = report.table([row("a", 1, 0.5), row("b", 1, 3), row("b", 1, 3, start="cached"),
                              row("b", 1, 3, profile=True)]).splitlines()
        self.assertEqual(len(lines), 3)
        self.assertIn("0.900 to 1.100", lines[1])
        self.assertIn("85 %", lines[2])

    def test_json_lines_come_back(self):
        rows = [row("a", 1, 0.5), row("b", 2, 3)]
        self.assertEqual([json.loads(line) for line in report.json_lines(rows).splitlines()], rows)

    def test_the_page_says_how_its_figures_came_about(self):
        rows = [row("a", 1, 0.5), row("a", 1, 0.6, start="cached")]
        text = report.markdown(rows, FACTS, ["b is left out: not installed"])
        for part in ["P, avx2, 2 cores, commit c", "bench/compare.py --quick", "with 97 %",
                     "registers: 100 in f32.\n",
                     "| mlp | f32 | 1 | 1 | a | 0.0123 | 1234 | 0.500 |",
                     "| mlp | f32 | 1 | 1 | a | cached | 1.5 | 6 | 0.250 | 20 | 50 | 0.400 |",
                     "- b is left out"]:
            self.assertIn(part, text)
        self.assertIn("Kernels were measured first.", report.markdown([], {**FACTS, "tuned": True}, []))

    def test_a_file_is_written_whole(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "new", "page.md")
            report.write(path, "one")
            report.write(path, "two")
            self.assertEqual([(file.name, file.read_text()) for file in path.parent.iterdir()],
                             [("page.md", "two")])


if __name__ == "__main__":
    unittest.main()
