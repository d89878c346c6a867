// RandomUniform: plumb.RandomUniform with seed and counter as inputs, and the forms of ONNX
// (RandomUniform and RandomUniformLike, opset 1) that are rewritten to it. random_draw.h says how
// numbers are made.
#include "ops/random_draw.h"

namespace plumb::ops {

const OpDef& PlumbRandomUniformOp() {
  static const OpDef op = DescribeRandom(Distribution::kUniform);
  return op;
}

const OpDef& RandomUniformOp() {
  static const OpDef op = DescribeOnnxRandom(Distribution::kUniform);
  return op;
}

const OpDef& RandomUniformLikeOp() {
  static const OpDef op = DescribeRandomLike(Distribution::kUniform);
  return op;
}

}  // namespace plumb::ops
