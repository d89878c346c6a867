// Lowering that the indexed reads and writes share.
#pragma once

#include <string_view>

#include "ops/lower.h"

namespace plumb::ops {

// The caller counts errors, every operand is packed row-major, and input 0 has elements of whole
// bytes that are no strings.
bool IsPackedAndPlain(const LowerContext& context);

// Adds the only candidate: operands are the inputs, output 0 and the error counter.
void AddIndexingKernel(LowerContext& context, std::string_view name,
                       const kernels::BoundKernel& kernel);

}  // namespace plumb::ops
