// Elementwise nodes with one constant input as y = scale * x + shift per channel.
#pragma once

#include <optional>

#include "graph/op_def.h"

namespace plumb::ops {

// Of the constant c: y = x + c, x - c or c - x, x * c, x / c. Nothing where it is not fp32 with one
// element, or with one for each channel (axis 1) of a known number of them.
enum class AffineKind : std::uint8_t { kAdd, kSubtract, kMultiply, kDivide };
std::optional<ChannelAffine> ElementwiseAffine(const Graph& graph, const Node& node,
                                               AffineKind kind);

}  // namespace plumb::ops
