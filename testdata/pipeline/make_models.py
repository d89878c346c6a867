#!/usr/bin/env python3
"""Writes channel_means.onnx, the smallest network that takes crops: x [n, 3, h, w] to the means of the
three channels, y [n, 3]. The tests of src/pipeline run it."""

import pathlib

from onnx import TensorProto, checker, helper, save

NODE = helper.make_node("ReduceMean", ["x"], ["y"], axes=[2, 3], keepdims=0)
GRAPH = helper.make_graph(
    [NODE], "channel_means",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, "h", "w"])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])])

if __name__ == "__main__":
    model = helper.make_model(GRAPH, opset_imports=[helper.make_opsetid("", 13)],
                              producer_name="plumbline")
    model.ir_version = 8
    checker.check_model(model)
    save(model, str(pathlib.Path(__file__).resolve().parent / "channel_means.onnx"))
