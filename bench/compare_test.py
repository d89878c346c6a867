import contextlib
import io
import pathlib
import sys
import tempfile
import types
import unittest

import numpy

import compare
import engines
from cases import Case


class FakeEngine:
    """Gives the times it is told, one for each process, and writes down that it was asked."""

    def __init__(self, name, times, asked, failure=None):
        self.name, self.version, self.commit = name, "1", "abc"
        self._times, self._asked, self._failure = iter(times), asked, failure

    def command(self, case, _seconds):
        return [self.name, str(case.path)]

    def outputs(self, _case):
        if self._failure:
            raise self._failure
        return {"scores": numpy.array([1.0, 2.0])}

    def measure(self, _case, _seconds):
        self._asked.append(self.name)
        ms = next(self._times)
        if isinstance(ms, Exception):
            raise ms
        row = {"median_ms": ms, "min_ms": ms, "p90_ms": ms, "load_ms": 1, "peak_rss_mb": 1,
               "iters": 10}
        return {**row, "isa": "avx2", "gflops": 50} if self.name == "plumb" else row

    def ceilings(self):
        return [{"ceiling": "fma fp32 avx2", "threads": 1, "value": 100}]


class CompareTest(unittest.TestCase):
    def measure(self, peers, pairs=3, own=(2, 4, 3)):
        asked = []
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            options = types.SimpleNamespace(plumb=None, peers=[], pairs=pairs, seconds=1,
                                            output=pathlib.Path(folder))
            real, engines.Plumb = engines.Plumb, lambda _: FakeEngine("plumb", own, asked)
            try:
                comparison = compare.Comparison(options)
            finally:
                engines.Plumb = real
            comparison.peers = [FakeEngine(name, times, asked, failure)
                                for name, times, failure in peers]
            comparison.measure(Case("mlp", pathlib.Path("mlp.onnx"), 1, 1, {}, options.output))
            comparison.write()
            page = (options.output / "models.md").read_text(encoding="utf-8")
        return comparison, asked, page

    def test_engines_take_turns_and_ratios_are_of_neighbours(self):
        comparison, asked, _ = self.measure([("a", [1, 4, 6], None), ("b", [8, 8, 8], None)])
        self.assertEqual(asked, ["plumb", "a", "b"] * 3)
        of_a, of_b = comparison.comparisons
        self.assertEqual(of_a["ratios"], [2, 1, 0.5])
        self.assertEqual((of_a["ratio"], of_a["ratio_low"], of_a["ratio_high"]), (1, 0.5, 2))
        self.assertEqual(of_b["ratio"], 0.375)
        self.assertEqual(of_a["relative_error"], 0)
        self.assertEqual(of_a["share_of_peak"], 0.5)

    def test_a_stored_figure_says_how_it_came_about(self):
        comparison, _, _ = self.measure([("a", [1, 4, 6], None)])
        for row in comparison.rows:
            self.assertEqual((row["threads"], row["precision"], row["count"], row["commit"]),
                             (1, "f32", 30, "abc"))
            self.assertIn("mlp.onnx", row["command"])
            self.assertTrue(row["processor"])
        self.assertEqual([row["isa"] for row in comparison.rows], ["avx2", None])
        self.assertEqual(comparison.rows[1]["spread_ms"], [1, 6])

    def test_a_peer_that_is_missing_or_fails_is_said_and_left_out(self):
        comparison, asked, page = self.measure([
            ("a", [], engines.NotInstalled("no library")), ("b", [], engines.Failed("no Erf"))])
        self.assertEqual(asked, ["plumb"] * 3)
        self.assertEqual([engine.name for engine in comparison.peers], ["b"])
        self.assertIn("a is left out: no library", page)
        self.assertIn("b cannot run mlp, 1 thread, batch 1: no Erf", page)

    def test_a_peer_that_fails_while_it_is_timed_takes_only_its_own_row_away(self):
        comparison, asked, page = self.measure([
            ("a", [1, engines.Failed("killed")], None), ("b", [8, 8, 8], None)])
        self.assertEqual(asked, ["plumb", "a", "b", "plumb", "a", "b", "plumb", "b"])
        self.assertEqual([row["engine"] for row in comparison.rows], ["plumb", "b"])
        self.assertEqual([row["peer"] for row in comparison.comparisons], ["b"])
        self.assertIn("a failed while it was timed, mlp, 1 thread, batch 1: killed", page)
        with self.assertRaisesRegex(engines.Failed, "^broke$"):
            self.measure([("a", [1], None)], own=[engines.Failed("broke")])

    def test_outputs_are_compared_by_the_names_of_the_files(self):
        ones = numpy.ones(2)
        self.assertEqual(compare.largest_error({"scores_all": ones}, {"scores/all": ones}), 0)
        self.assertEqual(compare.largest_error({"a": ones}, {"b": ones}), float("inf"))

    def test_a_process_that_fails_gives_its_last_line(self):
        with self.assertRaisesRegex(engines.Failed, "^why$"):
            engines.run([sys.executable, "-c", "import sys; sys.exit('what\\nwhy')"], 1)
        with self.assertRaises(engines.NotInstalled):
            engines.run([sys.executable, "-c", "raise SystemExit(3)"], 1)
        with self.assertRaisesRegex(engines.Failed, "^cannot start '/none': No such file or direct"):
            engines.run(["/none"], 1)
        with self.assertRaisesRegex(engines.Failed, "^expected a line of JSON, got: hello$"):
            engines.json_of("hello\n")

    def test_the_commit_is_that_of_the_program(self):
        self.assertEqual(engines.commit_of("plumb 0.1.0 (abc+changes, GNU 12.2.0)"), "abc+changes")
        self.assertEqual(engines.commit_of("1"), "no commit")


def options_of(*arguments):
    return compare.parse(["--models", "mlp", *arguments])


class OptionsTest(unittest.TestCase):
    def test_quick_changes_only_what_is_not_given(self):
        quick = options_of("--quick")
        self.assertEqual((quick.threads, quick.pairs, quick.seconds), ([1], 2, 0.3))
        given = options_of("--quick", "--threads", "2,3", "--pairs", "1", "--seconds", "2")
        self.assertEqual((given.threads, given.pairs, given.seconds), ([2, 3], 1, 2))
        self.assertEqual((options_of().pairs, options_of().seconds), (6, 1.5))

    def test_numbers_that_make_no_sense_are_refused(self):
        for option, value, message in [
                ("--pairs", "0", "0 is not above 0"), ("--pairs", "-1", "-1 is not above 0"),
                ("--threads", "1,0", "0 is not above 0"), ("--batches", "0", "0 is not above 0"),
                ("--seconds", "0", "0 is not above 0 and at most 3600"),
                ("--seconds", "nan", "nan is not above 0 and at most 3600"),
                ("--pairs", "x", "invalid positive value: 'x'")]:
            with self.subTest(option=option, value=value):
                err = io.StringIO()
                with contextlib.redirect_stderr(err), self.assertRaises(SystemExit) as ended:
                    options_of(f"{option}={value}")
                self.assertEqual(ended.exception.code, 2)
                self.assertIn(f"argument {option}: {message}\n", err.getvalue())


class MainTest(unittest.TestCase):
    def main(self, *arguments):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = compare.main(["--peers", "", *map(str, arguments)])
        return status, out.getvalue(), err.getvalue()

    def test_a_missing_program_is_said_in_one_line(self):
        self.assertEqual(self.main("--plumb", "/none", "--models", "mlp"),
                         (1, "", "compare.py: cannot start '/none': No such file or directory\n"))

    def test_files_that_cannot_be_measured_are_said_and_skipped(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "torn.onnx").write_bytes(b"\x3a\xff\x01torn")
            program = folder / "plumb"
            program.write_text("#!/bin/sh\n[ $1 = --version ] && echo 'plumb 1 (abc, C)'; exit 0\n")
            program.chmod(0o755)
            output = folder / "new" / "output"
            status, out, err = self.main("--plumb", program, "--output", output, "--models",
                                         f"{folder}/none.onnx,{folder}/torn.onnx")
            self.assertEqual((status, err), (1, ""))
            page = (output / "models.md").read_text(encoding="utf-8")
        for text in (out, page):
            self.assertIn(f"{folder}/none.onnx cannot be measured: ", text)
            self.assertIn(f"{folder}/torn.onnx cannot be measured: '{folder}/torn.onnx' is no ONNX "
                          "file: ", text)


if __name__ == "__main__":
    unittest.main()
