// What GlobalAveragePool, GlobalMaxPool and GlobalLpPool share.
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "ops/cost.h"
#include "ops/expression.h"
#include "ops/pool_lower.h"
#include "ops/pooling.h"

namespace plumb::ops {

inline OpDef GlobalPoolSchema(std::string_view name, std::string_view doc) {
  OpDef op;
  op.name = name;
  op.doc = doc;
  op.inputs = {{"X", "T=float"}};
  op.outputs = {{"Y", "T"}};
  op.layout = LayoutRule::kChannelsLast;
  op.takes_bf16 = true;
  op.differentiability = Differentiability::kYes;
  return op;
}

inline Cost GlobalPoolCost(const ConcreteNode& node) { return CostPerInput(node, 1); }

// y[n,c] = reduce(the pixels of image n, channel c).
Status ReferenceGlobalPool(ReferenceContext& context,
                           const std::function<double(std::span<const double>)>& reduce);

}  // namespace plumb::ops
