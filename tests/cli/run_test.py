"""What `plumb run` reads and writes beside arrays of numbers: defaults that are replaced, strings."""

import unittest

import numpy as np
from onnx import TensorProto, helper

from cli_test import CommandLine, plumb, save


class DefaultsTest(CommandLine):
    """Inputs of a model that are initializers too."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        value = helper.make_tensor_value_info
        cls.model = cls.folder / "scaled.onnx"
        save(cls.model, [helper.make_node("Mul", ["x", "scale"], ["m"]),
                         helper.make_node("Reshape", ["m", "to"], ["y"])],
             [value("x", TensorProto.FLOAT, [2, 3]), value("scale", TensorProto.FLOAT, [1]),
              value("to", TensorProto.INT64, ["rank"])],
             [value("y", TensorProto.FLOAT, None)],
             [("scale", np.array([2], np.float32)), ("to", np.array([6], np.int64))])
        cls.arrays = {"x": np.arange(6, dtype=np.float32).reshape(2, 3),
                      "scale": np.array([10], np.float32), "to": np.array([3, 2], np.int64)}
        for name, array in cls.arrays.items():
            np.save(cls.folder / f"{name}.npy", array)

    def run_with(self, *names):
        out = self.folder / "out"
        inputs = [word for name in names for word in ("--input", f"{name}={self.folder}/{name}.npy")]
        self.assertEqual(plumb("run", self.model, *inputs, "--output", out)[::2], (0, ""))
        return np.load(out / "y.npy")

    def test_a_default_is_kept_unless_it_is_given(self):
        x = self.arrays["x"]
        np.testing.assert_array_equal(self.run_with("x"), (2 * x).reshape(6))
        np.testing.assert_array_equal(self.run_with("x", "scale"), (10 * x).reshape(6))
        np.testing.assert_array_equal(self.run_with("x", "to"), (2 * x).reshape(3, 2))
        np.testing.assert_array_equal(self.run_with("to", "scale", "x"), (10 * x).reshape(3, 2))

    def test_a_default_that_shape_names_gets_numbers(self):
        digest = lambda *more: self.rows("run", self.model, *more)[0]["digest"]
        self.assertNotEqual(digest(), digest("--shape", "scale=1"))

    def test_what_replaces_a_default_must_fit_it(self):
        np.save(self.folder / "two.npy", np.ones(2, np.float32))
        self.fails(1, "input 'scale' has shape 2, expected [1] (a symbol has one value in all inputs)",
                   "run", self.model, "--input", f"scale={self.folder}/two.npy")


if __name__ == "__main__":
    unittest.main()
