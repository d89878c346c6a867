import dataclasses
import pathlib
import tempfile
import unittest

import numpy
import onnx
from onnx import TensorProto, helper

import cases
from peers import peer


def save(path, name, elements, shape):
    value = helper.make_tensor_value_info
    path.parent.mkdir(exist_ok=True)
    graph = helper.make_graph([helper.make_node("Identity", [name], ["y"])], "test",
                              [value(name, elements, shape)], [value("y", elements, shape)])
    onnx.save(helper.make_model(graph), str(path))
    return path


class CasesTest(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.TemporaryDirectory()
        self.addCleanup(self.home.cleanup)
        self.folder = pathlib.Path(self.home.name)

    def test_names_of_models_are_never_alike(self):
        self.assertEqual(
            cases.case_names(["mlp", "a/net.onnx", "b/net.onnx", "net_2.onnx", "mlp.onnx"]),
            {"mlp": "mlp", "a/net.onnx": "net", "b/net.onnx": "net_2", "net_2.onnx": "net_2_2",
             "mlp.onnx": "mlp_2"})

    def test_each_case_has_its_own_inputs_whatever_they_are_called(self):
        a = save(self.folder / "a" / "net.onnx", "in/x", TensorProto.FLOAT, ["N", 3])
        b = save(self.folder / "b" / "net.onnx", "in_x", TensorProto.INT64, [4])
        names = cases.case_names([str(a), str(b)])
        first, second = [cases.make_case(cases.Setting(str(path), batch=2).given, names[str(path)],
                                         self.folder, None) for path in (a, b)]
        self.assertNotEqual(first.inputs, second.inputs)
        self.assertEqual(peer.read_arrays(first.inputs)["in/x"].shape, (2, 3))
        self.assertEqual(peer.read_arrays(second.inputs)["in_x"].dtype, numpy.int64)

    def test_arrays_come_back_under_their_names(self):
        arrays = {"a/b": numpy.ones(1), "a_b": numpy.zeros(2), "../up": numpy.ones(3)}
        peer.write_arrays(self.folder / "arrays", arrays)
        got = peer.read_arrays(self.folder / "arrays")
        self.assertEqual({name: array.size for name, array in got.items()},
                         {"a/b": 1, "a_b": 2, "../up": 3})

    def test_bytes_are_fed_with_all_that_they_hold(self):
        path = save(self.folder / "net.onnx", "x", TensorProto.UINT8, ["N", 1000])
        fed = cases.make_feeds(path, 2)["x"]
        self.assertEqual((fed.shape, fed.dtype), ((2, 1000), numpy.uint8))
        self.assertGreater(fed.max(), 200)

    def test_settings_that_get_the_same_file_share_a_round(self):
        setting = cases.Setting("mlp")
        for precision, start, shared in [("bf16", "first", True), ("f32", "cached", True),
                                         ("int8", "first", False)]:
            other = cases.Setting("mlp", precision, start=start)
            self.assertEqual(other.given == setting.given, shared, other)

    def test_a_setting_comes_back_from_its_row(self):
        setting = cases.Setting("mlp", "bf16", 2, 8, "cached", "avx2", True)
        self.assertEqual(cases.Setting.of({**dataclasses.asdict(setting), "median_ms": 1}), setting)
        self.assertEqual(setting.how, "bf16, cached start, avx2, profiled")
        self.assertEqual(cases.Setting("mlp").how, "f32")

    def test_what_cannot_be_fed_is_said(self):
        for elements, shape, message in [
                (TensorProto.STRING, [1], "input 'x' is no tensor of numbers but of STRING"),
                (TensorProto.UNDEFINED, [1], "input 'x' is no tensor of numbers but of UNDEFINED"),
                (TensorProto.FLOAT, [1, "L"], "input 'x' leaves more than the batch open")]:
            path = save(self.folder / "net.onnx", "x", elements, shape)
            with self.subTest(message), self.assertRaisesRegex(ValueError, f"^{message}$"):
                cases.make_feeds(path, 1)
        path.write_bytes(b"\x3a\xff\x01torn")
        with self.assertRaisesRegex(ValueError, "net.onnx' is no ONNX file: "):
            cases.make_feeds(path, 1)


if __name__ == "__main__":
    unittest.main()
