import contextlib
import io
import json
import pathlib
import tempfile
import unittest

import engines
import goals
import judge
import measure
import models
from cases import Given
from comparison_test import FakePlumb

MACHINE = {"cores": 2, "instruction_sets": ["scalar", "avx2", "avx512", "avx512_bf16"]}


class GoalsTest(unittest.TestCase):
    def test_every_row_can_be_measured_and_judged(self):
        rows = goals.goals(2)
        self.assertEqual(len({goal.name for goal in rows}), len(rows))
        for goal in rows:
            with self.subTest(goal.name):
                self.assertIn(goal.figure, judge.FIGURES)
                self.assertIn(goal.needs, goals.NEEDS)
                self.assertTrue(goal.settings)
                self.assertTrue(all(setting.model in models.MODELS for setting in goal.settings))
                self.assertTrue(goal.mean is not None or goal.each is not None)
                self.assertEqual(goal.figure == "convolutions", goal.settings[0].profile)

    def test_what_a_machine_lacks_is_said(self):
        reasons = {goal.name: measure.reason_to_skip(goal, MACHINE, False)
                   for goal in goals.goals(2)}
        self.assertEqual(reasons["int8-resnet50"], "skipped: needs products of int8")
        self.assertEqual({name for name, reason in reasons.items() if reason},
                         {"int8-resnet50", "int8-resnet50-batch", "int8-mobilenet", "alexnet-int8",
                          "alexnet-torchvision", "gemm-int8"})
        self.assertEqual(measure.reason_to_skip(goals.goals(1)[1], {**MACHINE, "cores": 1}, False),
                         "skipped: needs two cores")


class PlanTest(unittest.TestCase):
    def plan(self, *arguments):
        options = measure.parse(arguments)
        skipped = {goal.name: measure.reason_to_skip(goal, MACHINE, options.quick)
                   for goal in options.goals}
        return measure.plan(options.goals, skipped, options.quick)

    def test_no_case_is_measured_twice(self):
        rounds = self.plan()
        settings = [setting for work, _ in rounds.values() for setting in work]
        self.assertEqual(len(set(settings)), len(settings))
        for given, (work, _) in rounds.items():
            self.assertEqual({setting.given for setting in work}, {given})
        work, beside = rounds[Given("resnet50", False, 1, 1)]
        self.assertEqual([setting.how for setting in work],
                         ["f32", "bf16", "f32, profiled", "f32, cached start", "f32, avx2"])
        self.assertTrue(beside)

    def test_peers_run_only_where_a_row_needs_them(self):
        rounds = self.plan("--rows", "gemm,gemm-bf16,alexnet")
        self.assertEqual({given.model: beside for given, (_, beside) in rounds.items()},
                         {"matmul1024": False, "alexnet": False})

    def test_quick_takes_small_models(self):
        self.assertEqual({given.model for given in self.plan("--quick")},
                         set(measure.QUICK_MODELS))

    def test_unknown_rows_are_refused(self):
        err = io.StringIO()
        with contextlib.redirect_stderr(err), self.assertRaises(SystemExit):
            measure.parse(["--rows", "f32,speed"])
        self.assertIn("argument --rows: no row 'speed'; there are: f32, f32-cores, ", err.getvalue())


class MainTest(unittest.TestCase):
    """Runs the command with a plumb that only pretends; the rows need no peer."""

    def setUp(self):
        home = tempfile.TemporaryDirectory()
        self.addCleanup(home.cleanup)
        self.folder = pathlib.Path(home.name)
        self.times, self.asked = [], []
        self.addCleanup(setattr, engines, "Plumb", engines.Plumb)
        engines.Plumb = lambda _: FakePlumb("plumb", self.times, self.asked)

    def main(self, *arguments):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            status = measure.main(["--rows", "gemm,gemm-int8,avx2", "--output", str(self.folder),
                                   "--pairs", "1", "--quick", *arguments])
        return status, out.getvalue()

    def judgements(self):
        lines = (self.folder / "goals.jsonl").read_text(encoding="utf-8").splitlines()
        return {row["goal"]: row["verdict"] for row in map(json.loads, lines)}

    def test_rows_are_measured_and_judged(self):
        self.times = [1, 1]
        status, out = self.main()
        self.assertEqual((status, self.asked), (0, ["f32", "int8"]))
        self.assertIn("[1/2] matmul1024, 1 thread, batch 1024\n", out)
        self.assertIn("[2/2] matmul1024, quantised, 1 thread, batch 1024\n", out)
        self.assertEqual(self.judgements(), {"gemm": "missed", "gemm-int8": "missed",
                                             "avx2": "skipped: not in --quick"})
        self.assertIn("0 of 3 goals met, 2 missed", out)
        self.assertIn("| gemm | GEMM 1024^3, f32, of the peak | 1 of 1 | 50 GFLOP/s | - | 50 % |",
                      (self.folder / "goals.md").read_text(encoding="utf-8"))

    def test_an_interruption_keeps_and_prints_what_is_measured(self):
        self.times = [1, KeyboardInterrupt()]
        status, out = self.main()
        self.assertEqual(status, 130)
        self.assertIn("written to", out)
        self.assertEqual((self.judgements()["gemm"], self.judgements()["gemm-int8"]),
                         ("missed", "not measured"))
        self.times = [1]
        status, out = self.main("--resume")
        self.assertEqual((status, self.asked), (0, ["f32", "int8", "int8"]))
        self.assertIn("1 of 2 rounds are measured already", out)
        self.assertEqual(self.judgements()["gemm-int8"], "missed")


if __name__ == "__main__":
    unittest.main()
