"""A product of matrices alone: [batch, 1024] x [1024, 1024], to be measured with a batch of 1024."""

import numpy
from onnx import TensorProto

SIZE = 1024


def matmul1024(b):
    x = b.input("rows", (SIZE,))
    b.macs += SIZE * SIZE
    b.output(b.node("MatMul", [x, b.weight((SIZE, SIZE), SIZE ** -0.5)], (SIZE,)), "product")


def matmul1024_int8(b):
    """uint8 in and out, weights of int8 with a scale for each column: nothing but the product is left
    to do. The products of 8-bit numbers, summed, have a deviation of about 74 * 74 * sqrt(1024)."""
    def number(value, dtype):
        return b.constant(numpy.asarray(value, dtype))

    middle = number(128, numpy.uint8)
    x_scale, y_scale = number(0.02, numpy.float32), number(0.02 * 0.01 * 3000, numpy.float32)
    weights = b.random.integers(-127, 128, (SIZE, SIZE)).astype(numpy.int8)
    scales = b.random.uniform(0.005, 0.015, SIZE).astype(numpy.float32)
    b.parameters += weights.size
    b.macs += SIZE * SIZE

    x = b.input("rows", (SIZE,), TensorProto.UINT8)
    x = b.same("DequantizeLinear", x, x_scale, middle)
    w = b.node("DequantizeLinear", [b.constant(weights), b.constant(scales),
                                    number([0] * SIZE, numpy.int8)], (SIZE, SIZE), axis=1)
    y = b.node("MatMul", [x, w], (SIZE,))
    b.output(b.same("QuantizeLinear", y, y_scale, middle), "product", TensorProto.UINT8)
