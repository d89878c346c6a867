#!/usr/bin/env python3
"""Writes the smallest networks that take crops, x [n, 3, h, w], for the tests of src/pipeline:
channel_means.onnx gives the means of the three channels, y [n, 3]; flat.onnx all values, y [n, 3 h w].
"""

import pathlib

from onnx import TensorProto, checker, helper, save

MODELS = {
    "channel_means": (helper.make_node("ReduceMean", ["x"], ["y"], axes=[2, 3], keepdims=0), 3),
    "flat": (helper.make_node("Flatten", ["x"], ["y"], axis=1), "values"),
}

if __name__ == "__main__":
    for name, (node, width) in MODELS.items():
        graph = helper.make_graph(
            [node], name,
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, "h", "w"])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", width])])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)],
                                  producer_name="plumbline")
        model.ir_version = 8
        checker.check_model(model)
        save(model, str(pathlib.Path(__file__).resolve().parent / f"{name}.onnx"))
