"""Runs the committed ONNX files with PyTorch's functions: only the operators they use."""

import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper


def _conv(x, attrs):
    pads = attrs["pads"]
    if pads[:2] != pads[2:]:
        raise ValueError(f"uneven padding {pads} is not needed by these models")
    return F.conv2d(x[0], x[1], x[2] if len(x) > 2 else None, attrs["strides"], pads[:2],
                    attrs["dilations"], attrs["group"])


def _gemm(x, attrs):
    a = x[0].t() if attrs.get("transA") else x[0]
    b = x[1].t() if attrs.get("transB") else x[1]
    return a @ b + (x[2] if len(x) > 2 else 0)


OPERATORS = {
    "Conv": _conv,
    "Relu": lambda x, attrs: F.relu(x[0]),
    "Add": lambda x, attrs: x[0] + x[1],
    "Sigmoid": lambda x, attrs: torch.sigmoid(x[0]),
    "Flatten": lambda x, attrs: torch.flatten(x[0], attrs.get("axis", 1)),
    "Identity": lambda x, attrs: x[0],
    "Gemm": _gemm,
}


class OnnxModel:
    """A file as a function from an input tensor to a dictionary of outputs."""

    def __init__(self, path):
        graph = onnx.load(str(path)).graph
        self._weights = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy())
                         for t in graph.initializer}
        self._steps = []
        for node in graph.node:
            if node.op_type not in OPERATORS:
                raise ValueError(f"{path}: node '{node.name}' is a {node.op_type}: not known here")
            attrs = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            self._steps.append((OPERATORS[node.op_type], list(node.input), node.output[0], attrs))
        self._input = next(i.name for i in graph.input if i.name not in self._weights)
        self._outputs = [o.name for o in graph.output]

    @torch.no_grad()
    def __call__(self, tensor):
        values = dict(self._weights)
        values[self._input] = tensor
        for function, inputs, output, attrs in self._steps:
            values[output] = function([values[name] for name in inputs], attrs)
        return {name: values[name] for name in self._outputs}
