// Candidates of kernels/dot for a node.
#pragma once

#include <functional>

#include "kernels/dot/dot.h"
#include "ops/lower.h"

namespace plumb::ops {

// Adds a choice for each algorithm of the problem: input 0, packed constants, residual (-1: none),
// output 0.
void AddDotChoices(LowerContext& context, const kernels::DotProblem& problem, int residual_input,
                   const std::function<void(const kernels::Algorithm&, void*)>& pack);

}  // namespace plumb::ops
