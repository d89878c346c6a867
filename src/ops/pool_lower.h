// Lowering of pools to kernels/pool.
#pragma once

#include "kernels/pool/pool.h"
#include "ops/lower.h"

namespace plumb::ops {

// MaxPool, AveragePool, LpPool with up to three spatial dimensions.
Status LowerPool(LowerContext& context, kernels::PoolKind kind);

// The same over the whole image.
Status LowerGlobalPool(LowerContext& context, kernels::PoolKind kind);

}  // namespace plumb::ops
