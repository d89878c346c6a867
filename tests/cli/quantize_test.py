"""`plumb quantize`: the file it writes, its table, and what it says to wrong input."""

import json
import os
import unittest

import numpy as np
import onnx
from onnx import TensorProto, helper

from cli_test import CommandLine, plumb, save


class QuantizeTest(CommandLine):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        value, random = helper.make_tensor_value_info, np.random.default_rng(1)
        cls.model = cls.folder / "net.onnx"
        save(cls.model,
             [helper.make_node("Conv", ["x", "w"], ["c"], name="conv", pads=[1, 1, 1, 1]),
              helper.make_node("Relu", ["c"], ["r"], name="relu"),
              helper.make_node("Flatten", ["r"], ["f"], name="flatten"),
              helper.make_node("MatMul", ["f", "v"], ["y"], name="product")],
             [value("x", TensorProto.FLOAT, ["N", 3, 8, 8])],
             [value("y", TensorProto.FLOAT, ["N", 5])],
             [("w", random.standard_normal((4, 3, 3, 3), np.float32)),
              ("v", random.standard_normal((256, 5), np.float32))])
        cls.two = cls.folder / "two.onnx"
        save(cls.two, [helper.make_node("MatMul", ["a", "w"], ["c"]),
                       helper.make_node("Add", ["c", "b"], ["y"])],
             [value("a", TensorProto.FLOAT, [2, 3]), value("b", TensorProto.FLOAT, [2, 4])],
             [value("y", TensorProto.FLOAT, [2, 4])],
             [("w", random.standard_normal((3, 4), np.float32))])
        cls.samples = cls.folder / "samples"
        cls.samples.mkdir()
        for k in range(3):
            np.save(cls.samples / f"{k}.npy", random.standard_normal((1, 3, 8, 8), np.float32))
        cls.out = cls.folder / "out.onnx"

    def test_the_file_is_standard_qdq_and_near_the_float_model(self):
        rows = self.rows("quantize", self.model, "--calibration", self.samples,
                         "--output", self.out)
        self.assertEqual([(r["what"], r["name"], r["node"], r["operator"]) for r in rows],
                         [("layer", "r", "conv", "Conv"), ("layer", "y", "product", "MatMul"),
                          ("output", "y", "product", "-")])
        for row in rows:
            self.assertLess(row["relative_error"], 0.05)
            self.assertGreater(row["sqnr_db"], 25)
        model = onnx.load(str(self.out))
        self.assertGreaterEqual(model.opset_import[0].version, 13)
        self.assertEqual({node.domain for node in model.graph.node}, {""})
        self.assertEqual(sum(n.op_type == "QuantizeLinear" for n in model.graph.node), 3)
        weight = next(t for t in model.graph.initializer if t.name == "w_quantized")
        self.assertEqual(weight.data_type, TensorProto.INT8)
        (row,) = self.rows("run", self.out, "--input", f"x={self.samples / '0.npy'}")
        self.assertEqual((row["output"], row["shape"]), ("y", "1x5"))

    def test_a_mix_of_precisions_keeps_its_bound_and_is_a_standard_file(self):
        rows = self.rows("quantize", self.model, "--calibration", self.samples, "--precision",
                         "auto", "--max-error", 0.02, "--output", self.out)
        candidates = [row for row in rows if "model" in row]
        layers = [row for row in rows if "node" in row]
        self.assertEqual([row["node"] for row in layers], ["conv", "product"])
        (chosen,) = [row for row in candidates if row["chosen"]]
        self.assertLessEqual(chosen["relative_error"], 0.02)
        self.assertEqual(candidates[0]["model"], "fp32")
        for row in layers:
            self.assertIn(row["precision"], ("f32", "bf16", "int8"))
            self.assertEqual(row["why"] == "", row["precision"] == "int8")
        model = onnx.load(str(self.out))
        self.assertEqual({node.domain for node in model.graph.node}, {""})
        given = f"x={self.samples / '1.npy'}"
        self.rows("run", self.model, "--input", given, "--output", self.folder / "wide")
        self.rows("run", self.out, "--input", given, "--output", self.folder / "mixed")
        wide, mixed = (np.load(self.folder / name / "y.npy") for name in ("wide", "mixed"))
        self.assertLessEqual(np.abs(wide - mixed).max(), 0.02 * np.abs(wide).max())

    def test_run_bench_and_compare_find_a_mix_and_say_what_stayed_wide(self):
        for command in ("run", "bench", "compare"):
            status, _, said = plumb(command, self.model, "--precision", "auto", "--max-error", 0,
                                    "--samples", 2)
            self.assertEqual(status, 0, said)
            self.assertIn("precision auto: 0 layers int8, 0 bf16, 2 f32; error 0 of at most 0",
                          said)
            self.assertIn("conv stays f32: ", said)
        for command in ("inspect", "tune"):
            status, _, said = plumb(command, self.model, "--precision", "auto")
            self.assertEqual(status, 2)
            self.assertIn("plumb quantize --precision auto", said)

    def test_weights_beside_the_model_are_not_written_over(self):
        folder = self.folder / "external"
        folder.mkdir()
        model = onnx.load(str(self.model))
        onnx.save(model, str(folder / "net.onnx"), save_as_external_data=True, location="net.bin",
                  size_threshold=0)
        before = (folder / "net.bin").read_bytes()
        self.fails(2, f"--output '{folder / 'net.bin'}' is read by MODEL: expected another file",
                   "quantize", folder / "net.onnx", "--samples", 1, "--output", folder / "net.bin")
        self.assertEqual((folder / "net.bin").read_bytes(), before)

    def test_bench_says_that_precisions_were_chosen(self):
        status, out, _ = plumb("bench", self.model, "--precision", "auto", "--samples", 1, "--iters", 1,
                               "--format", "json")
        self.assertEqual((status, json.loads(out)["precision"]), (0, "auto"))

    def test_the_same_seed_gives_the_same_bytes(self):
        def made(seed):
            self.rows("quantize", self.model, "--samples", 2, "--random", seed, "--method",
                      "entropy", "--output", self.out)
            return self.out.read_bytes()
        self.assertEqual(made(3), made(3))
        self.assertNotEqual(made(3), made(4))

    def test_several_inputs_come_from_a_folder_each(self):
        samples = self.folder / "pairs"
        for k in range(2):
            (samples / str(k)).mkdir(parents=True)
            for name, columns in ("a", 3), ("b", 4):
                np.save(samples / str(k) / f"{name}.npy",
                        np.random.default_rng(k).standard_normal((2, columns), np.float32))
        rows = self.rows("quantize", self.two, "--calibration", samples, "--output", self.out)
        self.assertEqual(rows[-1]["name"], "y")
        self.fails(2, f"--calibration: '{self.samples / '0.npy'}' is a file, the model has several "
                   "inputs: expected folders with NAME.npy for every input",
                   "quantize", self.two, "--calibration", self.samples / "0.npy",
                   "--output", self.out)

    def test_layers_can_be_left_out_and_sorted(self):
        rows = self.rows("quantize", self.model, "--samples", 2, "--exclude", "conv",
                         "--output", self.out)
        self.assertEqual([r["node"] for r in rows], ["product", "product"])
        rows = self.rows("quantize", self.model, "--samples", 2, "--worst-first",
                         "--output", self.out)
        errors = [r["sqnr_db"] for r in rows if r["what"] == "layer"]
        self.assertEqual(errors, sorted(errors))

    def test_wrong_usage(self):
        self.fails(2, "nothing to calibrate on: expected --calibration with a folder or files of "
                   "typical inputs, or --samples N for seeded normal numbers",
                   "quantize", self.model, "--output", self.out)
        self.fails(2, "--output is missing", "quantize", self.model)
        sample = self.samples / "0.npy"
        self.fails(2, f"--output '{sample}' is a sample: expected another file", "quantize",
                   self.model, "--calibration", self.samples, "--output", sample)
        self.fails(2, f"--output '{self.model}' is MODEL itself: expected another file",
                   "quantize", self.model, "--samples", 1, "--output", self.model)
        self.fails(2, "--method: expected minmax|percentile|entropy, got 'best'",
                   "quantize", self.model, "--samples", 1, "--method", "best",
                   "--output", self.out)
        self.fails(2, "--samples 4: --calibration has 3",
                   "quantize", self.model, "--calibration", self.samples, "--samples", 4,
                   "--output", self.out)

    def test_calibration_that_does_not_fit(self):
        def message(*given):
            status, out, err = plumb("quantize", self.model, "--calibration", *given,
                                     "--output", self.out)
            self.assertEqual((status, out, err.count("\n")), (1, "", 1))
            return err
        wrong = self.folder / "wrong"
        wrong.mkdir(exist_ok=True)
        self.assertIn(f"nothing in '{wrong}'", message(wrong))
        np.save(wrong / "a.npy", np.zeros((1, 3, 8, 9), np.float32))
        self.assertIn(f"calibration file '{wrong / 'a.npy'}' holds f32 1x3x8x9, input 'x' expects "
                      "f32[N,3,8,8]", message(wrong))
        np.save(wrong / "a.npy", np.zeros((1, 3, 8, 8), np.float64))
        self.assertIn("holds f64 1x3x8x8, input 'x' expects f32", message(wrong / "a.npy"))
        np.save(wrong / "a.npy", np.full((1, 3, 8, 8), np.nan, np.float32))
        self.assertIn("value 'x': holds NaN", message(wrong))
        np.save(wrong / "a.npy", np.zeros((1, 3, 8, 8), np.float32))
        self.assertIn("input 'x' is 0 everywhere", message(wrong))
        np.save(wrong / "a.npy", np.zeros((0, 3, 8, 8), np.float32))
        self.assertIn("holds no numbers: its shape is 0x3x8x8", message(wrong))
        self.assertIn("no file or folder 'nowhere'", message("nowhere"))
        status, _, err = plumb("quantize", self.model, "--samples", 1, "--shape", "x=0x3x8x8",
                               "--output", self.out)
        self.assertEqual(status, 1)
        self.assertIn("input 'x' of shape 0x3x8x8 holds no numbers to calibrate with", err)

    def test_models_and_outputs_that_do_not_fit(self):
        def message(model, output, *more):
            status, out, err = plumb("quantize", model, "--samples", 1, "--output", output, *more)
            self.assertEqual((status, out, err.count("\n")), (1, "", 1))
            return err
        again = self.folder / "again.onnx"
        self.rows("quantize", self.model, "--samples", 1, "--output", self.out)
        self.assertIn("quantised already", message(self.out, again))
        self.assertIn("nothing to quantise", message(self.folder / "sized.onnx", again, "--shape",
                                                     "x=2x3"))
        self.assertIn("no node 'here' to exclude", message(self.model, again, "--exclude", "here"))
        self.assertIn("no folder", message(self.model, self.folder / "no" / "where.onnx"))
        self.assertIn("cannot", message(self.model, self.folder))
        self.assertFalse(os.path.exists(again))


if __name__ == "__main__":
    unittest.main()
