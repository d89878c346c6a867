"""Compiled models in the folder of caches: what they spare, and when they are not used."""

import json
import os
import pathlib
import tempfile
import unittest

import numpy as np
from onnx import TensorProto, helper

from cli_test import CommandLine, plumb, save


class CacheTest(CommandLine):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cache = pathlib.Path(folder.name)
        self.model = self.cache / "conv.onnx"
        self.write_model(1)

    def write_model(self, seed):
        value = helper.make_tensor_value_info
        weight = np.random.default_rng(seed).normal(size=(16, 8, 3, 3)).astype(np.float32)
        save(self.model, [helper.make_node("Conv", ["x", "w"], ["y"], pads=[1, 1, 1, 1])],
             [value("x", TensorProto.FLOAT, ["N", 8, 12, 12])],
             [value("y", TensorProto.FLOAT, None)], [("w", weight)])

    def json(self, *arguments, warning=""):
        status, out, err = plumb(*arguments, "--format", "json", XDG_CACHE_HOME=str(self.cache))
        self.assertEqual(status, 0)
        self.assertRegex(err, rf"\A{warning}\Z")
        return [json.loads(line) for line in out.splitlines()]

    def cached(self, *arguments, **options):
        return self.json("bench", self.model, "--iters", 1, "--cache", *arguments,
                         **options)[0]["cached"]

    def digest(self, *arguments, **options):
        return self.json("run", self.model, *arguments, **options)[0]["digest"]

    def files(self):
        return sorted(self.cache.glob("plumbline/models/*.model"))

    def test_the_second_start_uses_what_the_first_compiled(self):
        plain = self.digest()
        self.assertEqual(self.files(), [])
        self.assertEqual([self.digest("--cache") for _ in range(3)], [plain] * 3)
        self.assertEqual(len(self.files()), 1)
        self.assertFalse(self.cached("--batch", 2))  # kernels are chosen for what is asked for
        self.assertTrue(self.cached("--batch", 2))
        self.assertFalse(self.cached("--batch", 3))
        self.assertNotIn("cached", self.json("bench", self.model, "--iters", 1)[0])

    def test_a_changed_model_is_compiled_again(self):
        before = self.digest("--cache")
        size, modified = self.model.stat().st_size, self.model.stat().st_mtime_ns
        self.write_model(2)
        self.assertEqual(self.model.stat().st_size, size)
        os.utime(self.model, ns=(modified, modified))
        after = self.digest("--cache")
        self.assertNotEqual(after, before)
        self.assertEqual([self.digest("--cache"), self.digest()], [after] * 2)
        self.assertEqual(len(self.files()), 1)

    def test_other_choices_are_other_models(self):
        self.assertFalse(self.cached())
        self.assertFalse(self.cached("--precision", "bf16"))
        self.assertTrue(self.cached("--precision", "bf16"))
        self.assertTrue(self.cached("--threads", 1))
        status, out, _ = plumb("bench", self.model, "--iters", 1, "--cache", "--format", "json",
                               XDG_CACHE_HOME=str(self.cache), PLUMB_ISA="scalar")
        self.assertEqual((status, json.loads(out)["cached"]), (0, False))

    def test_what_is_measured_since_chooses_again(self):
        self.assertFalse(self.cached())
        self.assertTrue(self.cached())
        if not self.json("tune", self.model):
            self.skipTest("this machine has one kernel for a convolution")
        self.assertFalse(self.cached())
        self.assertTrue(self.cached())
        self.assertTrue(self.cached("--tune"))  # nothing left to measure

    def test_damage_is_survived(self):
        right = self.digest("--cache")
        for change in (lambda b: b[:-100], lambda b: b"", lambda b: b[:5000] + b"\x55" + b[5001:]):
            path = self.files()[0]
            path.write_bytes(change(path.read_bytes()))
            self.assertEqual(self.digest("--cache"), right)
            self.assertTrue(self.cached())

    def test_a_folder_that_cannot_be_written_is_told_of(self):
        status, _, err = plumb("run", self.model, "--cache", XDG_CACHE_HOME="/proc/nowhere")
        self.assertEqual(status, 0)
        self.assertRegex(err, r"\Aplumb: warning: the compiled model is not kept: cannot .*\n\Z")

    def test_the_folder_is_bounded(self):
        value = helper.make_tensor_value_info
        weight = np.zeros((700, 700), np.float32)
        for name in ("a", "b"):
            save(self.cache / name, [helper.make_node("MatMul", ["x", "w"], ["y"])],
                 [value("x", TensorProto.FLOAT, [1, 700])], [value("y", TensorProto.FLOAT, None)],
                 [("w", weight)])
            self.json("run", self.cache / name, "--cache", "--cache-limit", 3)
        self.assertEqual(len(self.files()), 1)
        self.json("run", self.cache / "a", "--cache", "--cache-limit", 1,
                  warning="plumb: warning: the compiled model is not kept: the compiled model takes "
                          "1.88 MiB, compiled models may take 1.00 MiB together\n")

    def test_wrong_usage(self):
        self.fails(2, "--cache-limit: expected a whole number from 1 to 1073741824, got '0'", "run",
                   self.model, "--cache", "--cache-limit", "0")

    def test_a_file_that_later_kernels_were_added_to_still_asks_for_its_source(self):
        value = helper.make_tensor_value_info

        def write(seed):
            weight = np.full((8, 8, 3, 3), seed, np.float32)
            save(self.model, [helper.make_node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1]),
                              helper.make_node("GlobalAveragePool", ["a"], ["b"]),
                              helper.make_node("Mul", ["b", "k"], ["y"])],
                 [value("x", TensorProto.FLOAT, ["N", 8, 6, 6])],
                 [value("y", TensorProto.FLOAT, None)],
                 [("w", weight), ("k", np.full(1, seed, np.float32))])

        write(1)
        for batch in (0, 1):
            np.save(self.cache / f"{batch}.npy", np.ones((batch, 8, 6, 6), np.float32))
            self.json("run", self.model, "--cache", "--input", f"x={self.cache / f'{batch}.npy'}")
        write(2)
        given = ("run", self.model, "--input", f"x={self.cache / '1.npy'}")
        self.assertEqual(self.json(*given, "--cache")[0]["digest"], self.json(*given)[0]["digest"])


if __name__ == "__main__":
    unittest.main()
