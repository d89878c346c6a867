import contextlib
import io
import pathlib
import tempfile
import types
import unittest

import numpy

import comparison
import engines
from cases import Case, Setting

F32 = Setting("mlp")


class FakeEngine:
    """Gives the times it is told, one for each process, and writes down that it was asked."""

    def __init__(self, name, times, asked, failure=None):
        self.name, self.version, self.commit = name, "1", "abc"
        self._times, self._asked, self._failure = iter(times), asked, failure

    def command(self, case, *_):
        return [self.name, str(case.path)]

    def next_row(self, what):
        self._asked.append(what)
        ms = next(self._times)
        if isinstance(ms, BaseException):
            raise ms
        return {"median_ms": ms, "min_ms": ms, "p90_ms": ms, "load_ms": 10 * ms, "iters": 10,
                "memory_mb": 100 * ms, "peak_rss_mb": 1, "base_rss_mb": 0}

    def outputs(self, *_):
        if self._failure:
            raise self._failure
        return {"scores": numpy.array([1.0, 2.0])}

    def measure(self, _case, _seconds):
        return self.next_row(self.name)


class FakePlumb(FakeEngine):
    def prepare(self, _case, setting, _cache, _tune):
        if self._failure and setting.start == "cached":
            raise self._failure

    def measure(self, _case, setting, _cache, _seconds):
        row = {**self.next_row(setting.how), "isa": "avx2", "gflops": 50, "threads": 1,
               "precision": setting.precision}
        return {**row, "convolution_gflops": 80} if setting.profile else row

    def outputs(self, *_):
        return {"scores": numpy.array([1.0, 2.0])}

    def machine(self):
        return ({"processor": "P", "cores": 2, "isa": "avx2",
                 "instruction_sets": ["avx2", "avx512_vnni"]},
                [{"ceiling": "fma fp32 avx2", "threads": 1, "value": 100},
                 {"ceiling": "dot bf16 avx512", "threads": 1, "value": 150},
                 {"ceiling": "dot bf16 amx", "threads": 1, "value": 200}])


def make_comparison(folder, peers=(), pairs=3, own=(2, 4, 3), asked=None, failure=None):
    asked = [] if asked is None else asked
    options = types.SimpleNamespace(plumb=None, peers=[], pairs=pairs, seconds=1, tune=False,
                                    output=pathlib.Path(folder))
    real, engines.Plumb = engines.Plumb, lambda _: FakePlumb("plumb", own, asked, failure)
    try:
        made = comparison.Comparison(options, "the command")
    finally:
        engines.Plumb = real
    made.peers = [FakeEngine(name, times, asked, failed) for name, times, failed in peers]
    return made


def case_in(folder):
    return Case("mlp", pathlib.Path("mlp.onnx"), False, 1, 1, {}, pathlib.Path(folder))


class ComparisonTest(unittest.TestCase):
    def measure(self, peers, settings=(F32,), beside=True, **options):
        asked = []
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            made = make_comparison(folder, peers, asked=asked, **options)
            made.measure(case_in(folder), settings, beside)
            made.write()
            page = (made.options.output / "models.md").read_text(encoding="utf-8")
        return made, asked, page

    def test_engines_take_turns_and_ratios_are_of_neighbours(self):
        made, asked, _ = self.measure([("a", [1, 4, 6], None), ("b", [8, 8, 8], None)])
        self.assertEqual(asked, ["f32", "a", "b"] * 3)
        of_a, of_b = made.comparisons
        self.assertEqual(of_a["ratios"], [2, 1, 0.5])
        self.assertEqual((of_a["ratio"], of_a["ratio_low"], of_a["ratio_high"]), (1, 0.5, 2))
        self.assertEqual((of_a["load_ratio"], of_a["memory_ratio"]), (1, 1))
        self.assertEqual(of_b["ratio"], 0.375)
        self.assertEqual(of_a["relative_error"], 0)
        self.assertEqual(of_a["share_of_peak"], 0.5)

    def test_settings_share_the_processes_of_a_peer(self):
        settings = (F32, Setting("mlp", "bf16"), Setting("mlp", profile=True))
        made, asked, page = self.measure([("a", [8], None)], settings, pairs=1, own=[4, 2, 6])
        self.assertEqual(asked, ["f32", "bf16", "f32, profiled", "a"])
        self.assertEqual([row["ratio"] for row in made.comparisons], [0.5, 0.25, 0.75])
        own = {Setting.of(row): row for row in made.rows if row["engine"] == "plumb"}
        self.assertEqual([own[setting]["share_of_peak"] for setting in settings], [0.5, 0.25, 0.5])
        self.assertEqual(own[settings[2]]["convolution_share"], 0.8)
        self.assertNotIn("| 0.750 |", page)  # a profiled run takes longer

    def test_without_peers_beside_it_none_is_asked(self):
        made, asked, _ = self.measure([("a", [8], None)], beside=False)
        self.assertEqual((asked, made.comparisons), (["f32"] * 3, []))
        self.assertEqual(made.rows[0]["median_ms"], 3)

    def test_a_stored_figure_says_how_it_came_about(self):
        made, _, _ = self.measure([("a", [1, 4, 6], None)])
        for row in made.rows:
            self.assertEqual((row["threads"], row["precision"], row["count"], row["commit"]),
                             (1, "f32", 30, "abc"))
            self.assertIn("mlp.onnx", row["command"])
            self.assertTrue(row["processor"])
        theirs, own = made.rows
        self.assertEqual((own["isa"], theirs["spread_ms"]), ("avx2", [1, 6]))

    def test_a_peer_that_is_missing_or_fails_is_said_and_left_out(self):
        made, asked, page = self.measure([
            ("a", [], engines.NotInstalled("no library")), ("b", [], engines.Failed("no Erf"))])
        self.assertEqual(asked, ["f32"] * 3)
        self.assertEqual([engine.name for engine in made.peers], ["b"])
        self.assertIn("a is left out: no library", page)
        self.assertIn("b cannot run mlp, 1 thread, batch 1: no Erf", page)

    def test_what_fails_while_it_is_timed_takes_only_its_own_row_away(self):
        made, asked, page = self.measure([
            ("a", [1, engines.Failed("killed")], None), ("b", [8, 8, 8], None)])
        self.assertEqual(asked, ["f32", "a", "b", "f32", "a", "b", "f32", "b"])
        self.assertEqual([row["engine"] for row in made.rows], ["b", "plumb"])
        self.assertEqual([row["peer"] for row in made.comparisons], ["b"])
        self.assertIn("a failed while it was timed, mlp, 1 thread, batch 1: killed", page)
        made, _, page = self.measure([("a", [1], None)], own=[engines.Failed("broke")], pairs=1)
        self.assertEqual([row["engine"] for row in made.rows], ["a"])
        self.assertIn("plumb, f32, failed while it was timed, mlp, 1 thread, batch 1: broke", page)

    def test_a_setting_that_cannot_be_prepared_is_said_and_left_out(self):
        settings = (F32, Setting("mlp", start="cached"))
        made, asked, page = self.measure([("a", [1, 4, 6], None)], settings,
                                         failure=engines.Failed("no room"))
        self.assertEqual(asked, ["f32", "a"] * 3)
        self.assertEqual(len(made.comparisons), 1)
        self.assertIn("plumb cannot run mlp, 1 thread, batch 1, f32, cached start: no room", page)

    def test_outputs_are_compared_by_the_names_of_the_files(self):
        ones = numpy.ones(2)
        self.assertEqual(comparison.largest_error({"scores_all": ones}, {"scores/all": ones}), 0)
        self.assertEqual(comparison.largest_error({"a": ones}, {"b": ones}), float("inf"))


class PeakTest(unittest.TestCase):
    def test_narrow_types_are_held_against_the_best_unit(self):
        rows = [{"ceiling": name, "threads": threads, "value": value} for name, threads, value in [
            ("fma fp32 avx512", 1, 200), ("fma fp32 avx2", 1, 100), ("fma fp32 avx2", 4, 380),
            ("dot int8 amx", 1, 2000), ("dot int8 avx512", 1, 800), ("read L1", 1, 5)]]
        for precision, isa, threads, peak in [
                ("f32", "avx512", 1, 200), ("f32", "avx512", 3, 600), ("f32", "avx2", 4, 380),
                ("int8", "avx512", 1, 2000), ("bf16", "avx512", 1, 0), ("f32", "scalar", 1, 0)]:
            with self.subTest(precision=precision, isa=isa, threads=threads):
                self.assertEqual(comparison.peak_of(rows, precision, isa, threads), peak)


class ResumeTest(unittest.TestCase):
    def test_rows_of_the_same_run_are_taken_over(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            first = make_comparison(folder, [("a", [1, 4, 6], None)])
            first.measure(case_in(folder), [F32])
            first.write()
            again = make_comparison(folder)
            self.assertEqual(again.resume(), {F32})
            self.assertEqual((again.rows, again.comparisons), (first.rows, first.comparisons))
            again.forget([F32.given])
            self.assertEqual((again.rows, again.comparisons), ([], []))
            self.assertEqual(make_comparison(folder, pairs=4).resume(), set())


if __name__ == "__main__":
    unittest.main()
