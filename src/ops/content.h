// Contents of small integer tensors that shape arithmetic makes known before anything runs: what
// Shape -> Gather -> Concat -> Reshape carries, each element a number or an expression in symbols.
// Every function does nothing where the result is not known.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "graph/op_def.h"

namespace plumb::ops {

// Longer tensors are data, not shapes.
inline constexpr std::size_t kMaxContent = 64;

// Output 0 holds the elements of `input` in the same order (Identity, Cast to an integer type,
// Reshape, Squeeze, Unsqueeze). SetOutput comes first.
void CopyContent(InferContext& context, int input = 0);

// Sets the content of output 0 when it is a tensor of integers or bools of rank 0 or 1 with so many
// elements.
void SetKnownContent(InferContext& context, const DimVector& content);

// Output 0 = input 0 op input 1, element by element with broadcasting. SetOutput comes first.
enum class ContentOp : std::uint8_t { kAdd, kSubtract, kMultiply, kDivide, kModulo, kEqual };
void PropagateArithmetic(InferContext& context, ContentOp op);

// Output 0 = input 0 ? input 1 : input 2. SetOutput comes first.
void PropagateChoice(InferContext& context);

// All elements as numbers; nullopt when one is an expression.
std::optional<std::vector<std::int64_t>> AllNumbers(const DimVector& content);

// Elements of integer input `i` of a node on concrete shapes, from a constant or from contents.
std::optional<std::vector<std::int64_t>> KnownInts(const ConcreteNode& node, int i);

}  // namespace plumb::ops
