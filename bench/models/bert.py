"""BERT base: Devlin, Chang, Lee, Toutanova, 2018, on 128 tokens; the encoder with its pooler.

Layer normalisation and GELU are written out, as exporters do at this opset.
"""

import math

import numpy
from onnx import TensorProto

TOKENS, WIDTH, HEADS, LAYERS, VOCABULARY, POSITIONS = 128, 768, 12, 12, 30522, 512
HEAD = WIDTH // HEADS


def layer_norm(b, x):
    mean = b.node("ReduceMean", [x], (*b.shapes[x][:-1], 1), axes=[-1])
    centred = b.same("Sub", x, mean)
    square = b.same("Pow", centred, b.number(2))
    variance = b.node("ReduceMean", [square], (*b.shapes[x][:-1], 1), axes=[-1])
    deviation = b.same("Sqrt", b.same("Add", variance, b.number(1e-12)))
    b.parameters += WIDTH
    scaled = b.same("Mul", b.same("Div", centred, deviation), b.around_one(WIDTH))
    return b.add(scaled, b.weight((WIDTH,), 0.1))


def gelu(b, x):
    erf = b.same("Erf", b.same("Div", x, b.number(math.sqrt(2))))
    half = b.same("Mul", x, b.number(0.5))
    return b.same("Mul", half, b.same("Add", erf, b.number(1)))


def heads(b, x, order):
    """[tokens, width] to [heads, tokens, head], or with its last two the other way round."""
    x = b.node("Reshape", [x, b.ints(0, TOKENS, HEADS, HEAD)], (TOKENS, HEADS, HEAD))
    shape = tuple((TOKENS, HEADS, HEAD)[axis - 1] for axis in order)
    return b.node("Transpose", [x], shape, perm=[0, *order])


def attention(b, x, mask):
    query = heads(b, b.linear(x, WIDTH), (2, 1, 3))
    key = heads(b, b.linear(x, WIDTH), (2, 3, 1))
    value = heads(b, b.linear(x, WIDTH), (2, 1, 3))
    b.macs += 2 * TOKENS * TOKENS * WIDTH
    scores = b.node("MatMul", [query, key], (HEADS, TOKENS, TOKENS))
    scores = b.same("Add", b.same("Div", scores, b.number(math.sqrt(HEAD))), mask)
    mixed = b.node("MatMul", [b.same("Softmax", scores, axis=-1), value], (HEADS, TOKENS, HEAD))
    mixed = b.node("Transpose", [mixed], (TOKENS, HEADS, HEAD), perm=[0, 2, 1, 3])
    mixed = b.node("Reshape", [mixed, b.ints(0, TOKENS, WIDTH)], (TOKENS, WIDTH))
    return b.linear(mixed, WIDTH)


def embed(b, table_size, ids):
    return b.node("Gather", [b.weight((table_size, WIDTH), 0.5), ids], (TOKENS, WIDTH))


def bert_base(b):
    ids = b.input("input_ids", (TOKENS,), TensorProto.INT64)
    types = b.input("token_type_ids", (TOKENS,), TensorProto.INT64)
    mask = b.input("attention_mask", (TOKENS,), TensorProto.INT64)
    mask = b.node("Unsqueeze", [mask, b.ints(1, 2)], (1, 1, TOKENS))
    mask = b.same("Cast", mask, to=TensorProto.FLOAT)
    mask = b.node("Sub", [b.number(1), mask], (1, 1, TOKENS))
    mask = b.same("Mul", mask, b.number(-10000))  # where there is no token

    x = b.add(embed(b, VOCABULARY, ids), embed(b, 2, types))
    first = b.constant(numpy.arange(TOKENS, dtype=numpy.int64))
    x = layer_norm(b, b.add(x, embed(b, POSITIONS, first)))
    for _ in range(LAYERS):
        x = layer_norm(b, b.add(attention(b, x, mask), x))
        x = layer_norm(b, b.add(b.linear(gelu(b, b.linear(x, 4 * WIDTH)), WIDTH), x))
    b.output(x, "hidden")
    token = b.node("Gather", [x, b.constant(numpy.int64(0))], (WIDTH,), axis=1)
    b.output(b.same("Tanh", b.linear(token, WIDTH)), "pooled")
