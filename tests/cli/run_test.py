"""What `plumb run` reads and writes beside arrays of numbers: defaults that are replaced, strings."""

import json
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


class StringsTest(CommandLine):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = cls.folder / "strings.onnx"
        value = helper.make_tensor_value_info
        save(cls.model, [helper.make_node("Reshape", ["x", "to"], ["names"])],
             [value("x", TensorProto.STRING, ["N"])], [value("names", TensorProto.STRING, None)],
             [("to", np.array([2, -1], np.int64))])

    def json_file(self, text):
        file = self.folder / "x.json"
        file.write_text(text)
        return file

    def test_strings_are_printed_and_written_so_that_they_can_be_read_back(self):
        file = self.json_file('{"type": "str", "shape": [4], "data": ["cat", "a \\"b\\"", "", "é"]}')
        out = self.folder / "out"
        status, printed, err = plumb("run", self.model, "--input", f"x={file}", "--output", out)
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(printed.splitlines()[-1], 'names: "cat" "a \\"b\\"" "" "é"')
        written = json.loads((out / "names.json").read_text())
        self.assertEqual(written, {"type": "str", "shape": [2, 2],
                                   "data": ["cat", 'a "b"', "", "é"]})
        row, = self.rows("run", self.model, "--input", f"x={file}")
        self.assertEqual(row["strings"], written["data"])
        self.fails(1, "input 'x' has shape 2x2, expected [N] (a symbol has one value in all inputs)",
                   "run", self.model, "--input", f"x={out}/names.json")

    def test_files_that_hold_no_strings_are_named(self):
        form = 'expected {"type": "str", "shape": [2], "data": ["a", "b"]}'
        for text, message in [
                ("{", f"holds no strings: {form}"),
                ('{"type": "f32", "shape": [1], "data": [1]}', f"holds no strings: {form}"),
                ('{"type": "str", "shape": ["1"], "data": ["a"]}',
                 f"has a size that is no number: {form}"),
                ('{"type": "str", "shape": [-1], "data": []}', "shape -1 has a negative size"),
                ('{"type": "str", "shape": [3], "data": ["a"]}',
                 "has 1 strings, its shape 3 asks for 3"),
                ('{"type": "str", "shape": [1], "data": [1]}', f"element 0 is no string: {form}")]:
            with self.subTest(text):
                file = self.json_file(text)
                self.fails(1, f"'{file}': {message}", "run", self.model, "--input", f"x={file}")

    def test_strings_are_no_scores(self):
        labels = self.folder / "labels.txt"
        labels.write_text("cat\n")
        file = self.json_file('{"type": "str", "shape": [2], "data": ["a", "b"]}')
        status, _, err = plumb("run", self.model, "--input", f"x={file}", "--labels", labels)
        self.assertEqual((status, err), (
            2, "plumb run: --labels: the first output is of type str, expected numbers of a byte "
               "or more; see plumb run --help\n"))

    def test_bytes_that_json_cannot_hold_are_an_error(self):
        tensor = helper.make_tensor("x", TensorProto.STRING, [2], [b"\xff", b"b"])
        (self.folder / "x.pb").write_bytes(tensor.SerializeToString())
        out = self.folder / "none"
        self.fails(1, f"'{out}/names.json': a string is not UTF-8, and JSON holds no other",
                   "run", self.model, "--input", f"x={self.folder}/x.pb", "--output", out)


if __name__ == "__main__":
    unittest.main()
