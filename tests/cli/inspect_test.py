"""`plumb inspect`: what it says of models, of those with parts that are planned as they run, and of
the machine."""

import json
import unittest

from onnx import TensorProto, helper

from cli_test import CommandLine, plumb, save

value = helper.make_tensor_value_info


class ModelTest(CommandLine):
    def text(self, *arguments):
        status, out, err = plumb("inspect", *arguments)
        self.assertEqual((status, err), (0, ""))
        return out

    def test_says_what_the_model_is_and_how_it_is_planned(self):
        summary, step = self.rows("inspect", self.linear)
        self.assertEqual(summary["inputs"], [{"name": "x", "type": "f32[N,3]"}])
        self.assertEqual(summary["outputs"], [{"name": "scores/all", "type": "f32[N,2]"}])
        self.assertEqual(summary["operators"], {"MatMul": 1})
        self.assertEqual((summary["params"], summary["macs"], summary["steps"]), (6, 6, 1))
        self.assertEqual((summary["segments"], summary["planned_at_run"]), (1, []))
        self.assertNotEqual(step["why"], "")

    def test_counts_are_whole_numbers(self):
        status, out, _ = plumb("inspect", self.linear, "--format", "json")
        self.assertEqual(status, 0)
        summary, step = map(json.loads, out.splitlines())
        for row in (summary, step):
            floats = {key for key, figure in row.items() if isinstance(figure, float)}
            self.assertLessEqual(floats, {"replan_ms"})
        self.assertEqual((step["macs"], step["moved_bytes"]), (6, 0))

    def test_what_follows_a_size_that_the_data_decide_is_planned_as_it_runs(self):
        model = self.folder / "found.onnx"
        save(model, [helper.make_node("Softmax", ["x"], ["s"], name="soft"),
                     helper.make_node("NonZero", ["s"], ["i"], name="found"),
                     helper.make_node("Transpose", ["i"], ["t"], name="turned"),
                     helper.make_node("Relu", ["s"], ["r"], name="kept")],
             [value("x", TensorProto.FLOAT, [2, 3])],
             [value("t", TensorProto.INT64, None), value("r", TensorProto.FLOAT, [2, 3])])
        summary, *steps = self.rows("inspect", model)
        self.assertEqual([(s["step"], s["algorithm"] == "host") for s in steps],
                         [("soft", False), ("found", True)])
        rest, = summary["planned_at_run"]
        self.assertEqual((rest["body"], rest["after"]), ("", "found"))
        self.assertGreaterEqual(rest["nodes"], 1)
        self.assertIn("planned when node 'found' has run", self.text(model))

    def test_branches_are_planned_ahead(self):
        model = self.folder / "branch.onnx"
        branch = lambda op: helper.make_graph([helper.make_node(op, ["x"], ["t"], name="inner")],
                                              op, [], [value("t", TensorProto.FLOAT, [2, 3])])
        save(model, [helper.make_node("If", ["c"], ["z"], name="choice", then_branch=branch("Relu"),
                                      else_branch=branch("Neg")),
                     helper.make_node("Softmax", ["z"], ["y"], name="last")],
             [value("c", TensorProto.BOOL, []), value("x", TensorProto.FLOAT, [2, 3])],
             [value("y", TensorProto.FLOAT, [2, 3])])
        summary, *steps = self.rows("inspect", model)
        self.assertEqual([(s["body"], s["step"]) for s in steps],
                         [("", "choice"), ("choice/else_branch", "inner"),
                          ("choice/then_branch", "inner"), ("", "last")])
        self.assertEqual((summary["steps"], summary["nodes"], summary["planned_at_run"]), (3, 4, []))
        self.assertIn("choice/else_branch/inner", self.text(model))


class ProcessorTest(CommandLine):
    def test_the_machine_is_described_before_its_ceilings(self):
        processor, *ceilings = self.rows("inspect", "--cpu")
        self.assertNotEqual(processor["processor"], "")
        self.assertGreaterEqual(processor["cores"], 1)
        self.assertIn(processor["isa"], processor["instruction_sets"])
        self.assertEqual(processor["instruction_sets"][0], "scalar")
        for key in ("l1_bytes", "l2_bytes", "l3_bytes"):
            self.assertIsInstance(processor[key], int)
        self.assertIn("fma fp32 scalar", [row["ceiling"] for row in ceilings])


if __name__ == "__main__":
    unittest.main()
