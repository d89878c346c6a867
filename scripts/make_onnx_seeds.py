#!/usr/bin/python3
"""Writes the seed models of the fuzz target tests/fuzz/onnx_import_fuzz.cc.

usage: scripts/make_onnx_seeds.py testdata/fuzz/onnx

Each is a few hundred bytes and uses one part of the format. Needs Debian's python3-onnx.
"""
import os
import sys

import numpy
from onnx import TensorProto, helper, numpy_helper

X = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 8, 8])


def value(name, kind=TensorProto.FLOAT, dims=None):
    return helper.make_tensor_value_info(name, kind, dims)


def weights(name, *dims):
    count = int(numpy.prod(dims))
    array = numpy.linspace(-1, 1, count).astype(numpy.float32).reshape(dims)
    return numpy_helper.from_array(array, name)


def ints(name, values):
    return numpy_helper.from_array(numpy.array(values, numpy.int64), name)


def model(nodes, inputs, outputs, initializers=(), opset=13, **options):
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(initializers))
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8, **options
    )


def convolution():
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"], pads=[1, 1, 1, 1], name="conv"),
        helper.make_node("Relu", ["c"], ["y"]),
    ]
    return model(nodes, [X], [value("y")], [weights("w", 2, 3, 3, 3), weights("b", 2)])


def old_opset():
    nodes = [
        helper.make_node("Dropout", ["x"], ["d"], ratio=0.5),
        helper.make_node("Softmax", ["d"], ["s"], axis=1),
        helper.make_node("Squeeze", ["s"], ["y"], axes=[0]),
    ]
    x = value("x", dims=[1, 3, 2])
    return model(nodes, [x], [value("y")], opset=9)


def shape_arithmetic():
    nodes = [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Gather", ["s", "zero"], ["n"]),
        helper.make_node("Unsqueeze", ["n", "axes"], ["n1"]),
        helper.make_node("Concat", ["n1", "rest"], ["t"], axis=0),
        helper.make_node("Reshape", ["x", "t"], ["y"]),
    ]
    constants = [ints("zero", 0), ints("axes", [0]), ints("rest", [-1])]
    return model(nodes, [X], [value("y")], constants)


def branches():
    def branch(op):
        return helper.make_graph([helper.make_node(op, ["x", "x"], ["t"])], op, [], [value("t")])

    node = helper.make_node(
        "If", ["c"], ["y"], then_branch=branch("Add"), else_branch=branch("Mul")
    )
    return model([node], [value("c", TensorProto.BOOL, []), X], [value("y")])


def loop():
    body = helper.make_graph(
        [
            helper.make_node("Add", ["h", "h"], ["h2"]),
            helper.make_node("Identity", ["go"], ["go2"]),
        ],
        "body",
        [value("i", TensorProto.INT64, []), value("go", TensorProto.BOOL, []), value("h")],
        [value("go2", TensorProto.BOOL, []), value("h2")],
    )
    node = helper.make_node("Loop", ["n", "c", "x"], ["y"], body=body)
    inputs = [value("n", TensorProto.INT64, []), value("c", TensorProto.BOOL, []), X]
    return model([node], inputs, [value("y")])


def function():
    body = helper.make_function(
        "local", "Twice", ["a"], ["r"],
        [helper.make_node("Add", ["a", "a"], ["r"])],
        [helper.make_opsetid("", 13)],
    )
    node = helper.make_node("Twice", ["x"], ["y"], domain="local")
    return model([node], [X], [value("y")], functions=[body])


def typed_data():
    tensors = [
        helper.make_tensor("f", TensorProto.FLOAT, [2], [1.0, 2.0]),
        helper.make_tensor("i", TensorProto.INT8, [2], [-1, 2]),
        helper.make_tensor("d", TensorProto.DOUBLE, [1], [0.5]),
        helper.make_tensor("u", TensorProto.UINT64, [1], [7]),
        helper.make_tensor("s", TensorProto.STRING, [1], [b"text"]),
        helper.make_tensor("b", TensorProto.BOOL, [2], [True, False]),
    ]
    return model([], [], [value(t.name, t.data_type) for t in tensors], tensors)


def constants():
    nodes = [
        helper.make_node("Constant", [], ["a"], value_ints=[1, 2]),
        helper.make_node("Constant", [], ["b"], value=ints("t", [3, 4])),
        helper.make_node("Add", ["a", "b"], ["y"]),
    ]
    return model(nodes, [], [value("y", TensorProto.INT64)])


def quantised():
    scale = numpy_helper.from_array(numpy.float32(0.1), "scale")
    zero = numpy_helper.from_array(numpy.uint8(128), "zero")
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "scale", "zero"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["y"]),
    ]
    return model(nodes, [X], [value("y")], [scale, zero])


SEEDS = [convolution, old_opset, shape_arithmetic, branches, loop, function, typed_data, constants,
         quantised]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    os.makedirs(sys.argv[1], exist_ok=True)
    for seed in SEEDS:
        with open(os.path.join(sys.argv[1], seed.__name__ + ".onnx"), "wb") as file:
            file.write(seed().SerializeToString())
    tensor = helper.make_tensor("t", TensorProto.FLOAT, [2, 2], [1.0, 2.0, 3.0, 4.0])
    with open(os.path.join(sys.argv[1], "tensor.pb"), "wb") as file:
        file.write(tensor.SerializeToString())


if __name__ == "__main__":
    main()
