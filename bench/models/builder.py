"""Builds ONNX graphs layer by layer, with seeded random weights.

A value is its name; the builder knows the shape of each without the batch, which stays symbolic.
`parameters` counts what training would change, `macs` the multiply-adds of convolutions and matrix
products for one item of the batch.
"""

import math
import zlib

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 13


class Builder:
    def __init__(self, name, seed=0):
        self.name = name
        self.random = numpy.random.default_rng([seed, zlib.crc32(name.encode())])
        self.shapes = {}
        self.parameters = 0
        self.macs = 0
        self._nodes, self._weights, self._inputs, self._outputs = [], [], [], []

    # What goes in and out.
    def input(self, name, shape, dtype=TensorProto.FLOAT):
        self.shapes[name] = tuple(shape)
        self._inputs.append(helper.make_tensor_value_info(name, dtype, ["batch", *shape]))
        return name

    def output(self, x, name, dtype=TensorProto.FLOAT):
        self._nodes.append(helper.make_node("Identity", [x], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, dtype, ["batch", *self.shapes[x]]))

    def model(self):
        graph = helper.make_graph(self._nodes, self.name, self._inputs, self._outputs,
                                  self._weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)],
                                 ir_version=8, producer_name="plumbline")

    # Weights and constants.
    def constant(self, array):
        name = f"w{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(numpy.asarray(array), name))
        return name

    def ints(self, *values):
        return self.constant(numpy.array(values, numpy.int64))

    def number(self, value):
        return self.constant(numpy.float32(value))

    def weight(self, shape, deviation):
        self.parameters += math.prod(shape)
        values = self.random.standard_normal(shape, dtype=numpy.float32)
        values *= numpy.float32(deviation)
        return self.constant(values)

    def around_one(self, size):
        return self.constant(self.random.uniform(0.5, 1.5, size).astype(numpy.float32))

    # Nodes.
    def node(self, op, inputs, shape, **attributes):
        name = f"{op.lower()}{len(self._nodes)}"
        self._nodes.append(helper.make_node(op, inputs, [name], name=f"node_{name}", **attributes))
        self.shapes[name] = tuple(shape)
        return name

    def same(self, op, x, *others, **attributes):
        """A node whose result has the shape of its first input."""
        return self.node(op, [x, *others], self.shapes[x], **attributes)

    def relu(self, x):
        return self.same("Relu", x)

    def relu6(self, x):
        return self.same("Clip", x, self.number(0), self.number(6))

    def add(self, x, y):
        return self.same("Add", x, y)

    def concat(self, values):
        shapes = [self.shapes[v] for v in values]
        return self.node("Concat", values, (sum(s[0] for s in shapes), *shapes[0][1:]), axis=1)

    def conv(self, x, channels, kernel, stride=1, pad=None, groups=1, bias=False, dilation=1):
        """`kernel` is one size or a tuple of them; without `pad` odd kernels keep the sides."""
        inner, *sides = self.shapes[x]
        kernel = (kernel,) * len(sides) if isinstance(kernel, int) else kernel
        pads = [dilation * (k - 1) // 2 if pad is None else pad for k in kernel]
        out = [(side + 2 * p - dilation * (k - 1) - 1) // stride + 1
               for side, p, k in zip(sides, pads, kernel)]
        fan_in = inner // groups * math.prod(kernel)
        inputs = [x, self.weight((channels, inner // groups, *kernel), math.sqrt(2 / fan_in))]
        if bias:
            inputs.append(self.weight((channels,), 0.1))
        self.macs += channels * fan_in * math.prod(out)
        return self.node("Conv", inputs, (channels, *out), kernel_shape=kernel,
                         strides=[stride] * len(sides), pads=pads * 2, group=groups,
                         dilations=[dilation] * len(sides))

    def batch_norm(self, x):
        size = self.shapes[x][0]
        self.parameters += size
        inputs = [x, self.around_one(size), self.weight((size,), 0.1),
                  self.constant(numpy.zeros(size, numpy.float32)), self.around_one(size)]
        return self.node("BatchNormalization", inputs, self.shapes[x])

    def conv_norm(self, x, channels, kernel, **options):
        return self.batch_norm(self.conv(x, channels, kernel, **options))

    def pool(self, op, x, kernel, stride, pad=0, ceil=False, **attributes):
        channels, *sides = self.shapes[x]
        up = stride - 1 if ceil else 0
        out = [(side + 2 * pad - kernel + up) // stride + 1 for side in sides]
        if ceil:
            attributes["ceil_mode"] = 1
        return self.node(op, [x], (channels, *out), kernel_shape=[kernel] * 2,
                         strides=[stride] * 2, pads=[pad] * 4, **attributes)

    def global_average(self, x):
        """[batch, channels, height, width] to [batch, channels]."""
        channels = self.shapes[x][0]
        return self.flatten(self.node("GlobalAveragePool", [x], (channels, 1, 1)))

    def flatten(self, x):
        return self.node("Flatten", [x], (math.prod(self.shapes[x]),))

    def linear(self, x, features):
        """y = x W + b on [batch, features] or [batch, positions, features]."""
        *outer, inner = self.shapes[x]
        shape, deviation = (*outer, features), math.sqrt(1 / inner)
        self.macs += math.prod(shape) * inner
        if not outer:
            w = self.weight((features, inner), deviation)
            return self.node("Gemm", [x, w, self.weight((features,), 0.1)], shape, transB=1)
        product = self.node("MatMul", [x, self.weight((inner, features), deviation)], shape)
        return self.add(product, self.weight((features,), 0.1))


def write(builder, path):
    """Whole or not at all: an interruption leaves no torn file."""
    part = path.with_suffix(".part")
    onnx.save(builder.model(), str(part))
    part.replace(path)
