import dataclasses
import unittest

import goals
import judge
from cases import Setting

A, B = Setting("a"), Setting("b")


def compared(setting, **figures):
    row = {"peer": "onnxruntime", "median_ms": 1, "peer_median_ms": 2, "ratio": 0.5, "load_ms": 1,
           "peer_load_ms": 5, "load_ratio": 0.2, "memory_mb": 1, "peer_memory_mb": 2,
           "memory_ratio": 0.5}
    return {**dataclasses.asdict(setting), **row, **figures}


def own(setting, **figures):
    return {"engine": "plumb", **dataclasses.asdict(setting), **figures}


def goal(figure="speed", settings=(A, B), **bounds):
    return goals.Goal("name", "the work", settings, figure, **bounds)


class VerdictTest(unittest.TestCase):
    def judge(self, ratios, **bounds):
        rows = [compared(setting, ratio=ratio) for setting, ratio in zip((A, B), ratios)]
        return judge.judge(goal(**bounds), [], rows)

    def test_a_goal_holds_where_mean_and_worst_do(self):
        for ratios, bounds, verdict in [
                ((0.5, 0.5), {"mean": 2, "each": 2}, "met"),
                ((0.25, 0.9), {"mean": 2, "each": 1}, "met"),
                ((0.25, 1.1), {"mean": 1, "each": 1}, "missed"),
                ((0.5, 0.5), {"mean": 2.1}, "missed"),
                ((0.5,), {"mean": 2, "each": 1}, "incomplete"),
                ((1.1,), {"mean": 1, "each": 1}, "missed"),
                ((), {"mean": 2}, "not measured")]:
            with self.subTest(ratios=ratios, bounds=bounds):
                self.assertEqual(self.judge(ratios, **bounds).verdict, verdict)

    def test_speed_is_their_time_over_ours(self):
        judgement = self.judge((0.25, 1), mean=1, each=1)
        self.assertEqual(judgement.cells(), ["name", "the work", "2 of 2", "1 ms", "2 ms", "2", "1 b",
                                             "at least mean 1, each 1", "met"])

    def test_load_and_memory_are_ours_over_theirs(self):
        rows = [compared(A, load_ratio=0.1), compared(B, load_ratio=0.4, memory_ratio=1.2)]
        load = judge.judge(goal("load", mean=0.25), [], rows)
        self.assertEqual((load.verdict, load.worst), ("met", (B, 0.4)))
        self.assertAlmostEqual(load.mean, 0.2)
        memory = judge.judge(goal("memory", mean=2, each=1), [], rows)
        self.assertEqual((memory.verdict, memory.target(True)), ("missed", "at most mean 2, each 1"))

    def test_figures_without_a_peer_come_from_the_rows_of_plumb(self):
        peaks = own(A, gflops=90, share_of_peak=0.9, convolution_gflops=70, convolution_share=0.7)
        batch = dataclasses.replace(A, batch=128)
        rows = [peaks, own(batch, median_ms=1280), {**peaks, "engine": "onnxruntime"}]
        for figure, setting, bound, cells in [
                ("share", A, 0.9, ["90 GFLOP/s", "-", "90 %", "-", "at least 90 %", "met"]),
                ("convolutions", A, 0.9, ["70 GFLOP/s", "-", "70 %", "-", "at least 90 %", "missed"]),
                ("images", batch, 99, ["100 images/s", "-", "100", "-", "at least 99", "met"])]:
            judgement = judge.judge(goal(figure, (setting,), each=bound), rows, [])
            self.assertEqual(judgement.cells()[3:], cells)

    def test_what_is_skipped_says_why(self):
        judgement = judge.judge(goal(mean=1), [], [], skipped="skipped: needs AVX2")
        self.assertEqual(judgement.verdict, "skipped: needs AVX2")
        self.assertEqual(judge.summary([judgement]), "0 of 1 goals met, 0 missed")

    def test_other_peers_and_other_settings_do_not_count(self):
        rows = [compared(A, peer="opencv"), compared(dataclasses.replace(B, threads=2))]
        self.assertEqual(judge.judge(goal(mean=1), [], rows).verdict, "not measured")

    def test_a_row_of_the_file_holds_all_values(self):
        row = self.judge((0.25, 1), mean=1.5, each=0.5).row()
        self.assertEqual((row["mean"], row["worst"], row["worst_model"], row["verdict"]),
                         (2, 1, "b", "met"))
        self.assertEqual([(value["model"], value["value"]) for value in row["values"]],
                         [("a", 4), ("b", 1)])


if __name__ == "__main__":
    unittest.main()
