// RandomNormal: plumb.RandomNormal with seed and counter as inputs, and the forms of ONNX
// (RandomNormal and RandomNormalLike, opset 1) that are rewritten to it. random_draw.h says how
// numbers are made.
#include "ops/random_draw.h"

namespace plumb::ops {

const OpDef& PlumbRandomNormalOp() {
  static const OpDef op = DescribeRandom(Distribution::kNormal);
  return op;
}

const OpDef& RandomNormalOp() {
  static const OpDef op = DescribeOnnxRandom(Distribution::kNormal);
  return op;
}

const OpDef& RandomNormalLikeOp() {
  static const OpDef op = DescribeRandomLike(Distribution::kNormal);
  return op;
}

}  // namespace plumb::ops
