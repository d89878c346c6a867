// Lowering of normalisations to kernels/norm.
#pragma once

#include "ops/lower.h"

namespace plumb::ops {

// BatchNormalization with constant statistics, fp32, up to two spatial dimensions that the kernel
// walks (others where their strides merge).
Status LowerBatchNorm(LowerContext& context, float epsilon);

}  // namespace plumb::ops
