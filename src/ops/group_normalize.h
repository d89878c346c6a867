// What InstanceNormalization and GroupNormalization share: the channels of an image in groups, each
// group with the mean and variance of its pixels, then a scale and shift per channel.
#pragma once

#include <vector>

#include "graph/op_def.h"
#include "ops/lower.h"

namespace plumb::ops {

// Inputs x [batch, channels, ...], scale [channels], shift [channels].
// `groups` 0: one for each channel. Errors name what does not fit.
Status InferGroupNorm(InferContext& context, std::int64_t groups);
Status ReferenceGroupNorm(ReferenceContext& context, std::int64_t groups, double epsilon);
Status GroupNormGradient(GradientContext& context, std::int64_t groups, double epsilon);
Status LowerGroupNorm(LowerContext& context, std::int64_t groups, double epsilon);

}  // namespace plumb::ops
