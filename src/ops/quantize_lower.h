// Lowering of QuantizeLinear and DequantizeLinear to programs of kernels/eltwise.
#pragma once

#include "ops/lower.h"

namespace plumb::ops {

// Of fp32 to and from 8 bits, with one constant scale.
Status LowerQuantize(LowerContext& context);
Status LowerDequantize(LowerContext& context);

}  // namespace plumb::ops
