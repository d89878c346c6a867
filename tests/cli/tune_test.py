"""What is measured of kernels, where it is kept, and what it decides."""

import json
import pathlib
import tempfile
import unittest

import numpy as np
from onnx import TensorProto, helper

from cli_test import CommandLine, plumb, save


class TuneTest(CommandLine):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        value = helper.make_tensor_value_info
        cls.model = cls.folder / "conv.onnx"
        weight = np.random.default_rng(1).normal(size=(32, 32, 3, 3)).astype(np.float32)
        save(cls.model, [helper.make_node("Conv", ["x", "w"], ["y"], name="layer",
                                          pads=[1, 1, 1, 1])],
             [value("x", TensorProto.FLOAT, ["N", 32, 24, 24])],
             [value("y", TensorProto.FLOAT, None)], [("w", weight)])

    def setUp(self):
        cache = tempfile.TemporaryDirectory()
        self.addCleanup(cache.cleanup)
        self.cache = pathlib.Path(cache.name)

    def json(self, *arguments):
        status, out, err = plumb(*arguments, "--format", "json", XDG_CACHE_HOME=str(self.cache))
        self.assertEqual((status, err), (0, ""))
        return [json.loads(line) for line in out.splitlines()]

    def files(self):
        return sorted(self.cache.glob("plumbline/tuning/*.txt"))

    def why(self):
        status, out, _ = plumb("inspect", self.model, XDG_CACHE_HOME=str(self.cache))
        self.assertEqual(status, 0)
        return out

    def test_what_is_measured_is_remembered_and_decides(self):
        rows = self.json("tune", self.model)
        if not rows:
            self.skipTest("this machine has one kernel for a convolution")
        self.assertEqual([row["node"] for row in rows], ["layer"])
        self.assertGreater(rows[0]["ms"], 0)
        self.assertIsNotNone(rows[0]["predicted"])
        self.assertEqual(len(self.files()), 1)
        self.assertIn("measured", self.why())
        self.assertIn(rows[0]["kernel"], self.why())
        again = self.json("tune", self.model)
        self.assertIsNone(again[0]["predicted"])  # known, not measured
        self.assertEqual(again[0]["kernel"], rows[0]["kernel"])
        self.assertIsNotNone(self.json("tune", self.model, "--again")[0]["predicted"])
        # Another batch is another problem.
        self.assertIsNotNone(self.json("tune", self.model, "--batch", 3)[0]["predicted"])

    def test_run_and_bench_tune_first(self):
        self.json("run", self.model, "--tune")
        if not self.files():
            self.skipTest("this machine has one kernel for a convolution")
        self.assertIn("measured", self.why())
        before = self.files()[0].read_text()
        row = self.json("bench", self.model, "--tune", "--iters", 3, "--batch", 2)[0]
        self.assertEqual(row["iters"], 3)
        self.assertGreater(len(self.files()[0].read_text()), len(before))

    def test_a_damaged_or_unwritable_cache_is_survived(self):
        self.json("tune", self.model)
        for path in self.files():
            path.write_bytes(b"\x00\xff garbage\n" * 100)
        status, _, err = plumb("run", self.model, XDG_CACHE_HOME=str(self.cache))
        self.assertEqual((status, err), (0, ""))
        self.assertNotIn("measured", self.why())
        status, _, err = plumb("run", self.model, "--tune", XDG_CACHE_HOME="/proc/nowhere")
        self.assertEqual(status, 0)
        self.assertRegex(err, r"\Aplumb: warning: what was measured is lost after this run: .*\n\Z")
        # To keep it is all that this command is for.
        self.assertEqual(plumb("tune", self.model, XDG_CACHE_HOME="/proc/nowhere")[0], 1)

    def test_regret(self):
        rows = self.json("regret", "--problems", 4, "--seconds", 0.001, "--seed", 5, "--each")
        self.assertEqual(len(rows), 6)
        self.assertEqual([row["choice"] for row in rows[4:]], ["predicted", "tuned"])
        for row in rows[4:]:
            self.assertGreaterEqual(row["worst"], row["p95"])
            self.assertGreaterEqual(row["p95"], row["median"])
        again = self.json("regret", "--problems", 4, "--seconds", 0.001, "--seed", 5, "--each")
        self.assertEqual([row["problem"] for row in rows[:4]], [row["problem"] for row in again[:4]])

    def test_wrong_usage(self):
        self.fails(2, "--problems: expected a whole number from 1 to 100000, got '0'", "regret",
                   "--problems", "0")
        self.fails(2, "MODEL is missing", "tune")


if __name__ == "__main__":
    unittest.main()
