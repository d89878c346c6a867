#include "ops/channel_affine.h"

#include <cmath>
#include <utility>
#include <vector>

namespace plumb::ops {
namespace {

// Whether a tensor of this shape, broadcast to `x`, differs along axis 1 alone and leaves the shape
// of x as it is.
bool IsPerChannel(const Shape& shape, const DimVector& x) {
  const int rank = static_cast<int>(x.size());
  if (shape.rank() > rank) return false;
  for (int i = 0; i < shape.rank(); ++i) {
    const int axis = rank - shape.rank() + i;
    if (shape[i] == 1) continue;
    if (axis != 1 || x[1] != Dim(shape[i])) return false;
  }
  return true;
}

}  // namespace

std::optional<ChannelAffine> ElementwiseAffine(const Graph& graph, const Node& node,
                                               AffineKind kind) {
  ValueId x = node.input(0), c = node.input(1);
  const bool constant_first = x != kNoValue && graph.IsConstant(x);
  if (constant_first) std::swap(x, c);
  if (x == kNoValue || c == kNoValue || graph.IsConstant(x) || !graph.IsConstant(c)) {
    return std::nullopt;
  }
  if (constant_first && kind == AffineKind::kDivide) return std::nullopt;
  const Tensor& constant = graph.value(c).constant;
  const std::optional<DimVector>& dims = graph.value(x).info.dims;
  if (!dims || dims->size() < 2 || constant.dtype() != DType::kFloat32) {
    return std::nullopt;
  }
  if (!IsPerChannel(constant.shape(), *dims) || constant.num_elements() == 0) return std::nullopt;
  ChannelAffine affine;
  for (const double value : ToDoubles(constant)) {
    const auto number = static_cast<float>(value);
    const bool divides_by_zero = kind == AffineKind::kDivide && number == 0;
    if (!std::isfinite(number) || divides_by_zero) return std::nullopt;
    switch (kind) {
      case AffineKind::kAdd: affine.shift.push_back(number); break;
      case AffineKind::kSubtract: affine.shift.push_back(constant_first ? number : -number); break;
      case AffineKind::kMultiply: affine.scale.push_back(number); break;
      case AffineKind::kDivide: affine.scale.push_back(static_cast<float>(1 / value)); break;
    }
  }
  const bool negated = kind == AffineKind::kSubtract && constant_first;
  if (affine.scale.empty()) affine.scale.push_back(negated ? -1.0f : 1.0f);
  if (affine.shift.empty()) affine.shift.push_back(0);
  return affine;
}

}  // namespace plumb::ops
