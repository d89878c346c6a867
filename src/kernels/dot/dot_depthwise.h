// Narrow depthwise convolutions: one input channel for each output channel.
//
// Elements become fp32 on the way into registers and are multiplied there. Sums of integers are
// exact: kDepthwiseTaps products of 9 bits each stay below 2^24.
#pragma once

#include <cstdint>

#include "kernels/dot/dot.h"
#include "kernels/kernel.h"

namespace plumb::kernels {

// Whether the depthwise loops take the problem.
bool TakesDepthwiseDot(const DotProblem& problem);

std::int64_t PackedDepthwiseDotBytes(const DotProblem& problem);
void PackDepthwiseDot(const DotProblem& problem, const DotWeights& weights, char* packed);
void RunDepthwiseDot(const DotProblem& problem, Isa isa, const Call& call);

}  // namespace plumb::kernels
