// Conversion of tensors between element types: what Cast and CastLike share.
#pragma once

#include "graph/op_def.h"

namespace plumb::ops {

// Integers wrap, floats to integers truncate and saturate (NaN gives 0), numbers to bool are != 0.
// Strings are read and written as decimal numbers; errors: a string that is none.
StatusOr<Tensor> CastTensor(const Tensor& x, DType type);

std::vector<Sample> CastSamples(bool like);

}  // namespace plumb::ops
