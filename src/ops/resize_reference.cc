#include <cmath>

#include "ops/movement.h"
#include "ops/number.h"
#include "ops/resize_sampling.h"

namespace plumb::ops {
namespace {

using kernels::ResizeCoordinates;
using kernels::ResizeMode;

// [outer, in, inner] to [outer, out, inner] along one axis.
std::vector<double> ResampleAxis(const std::vector<double>& src, std::int64_t outer,
                                 std::int64_t inner, const AxisResize& axis,
                                 const ResizeRule& rule) {
  std::vector<double> dst(static_cast<std::size_t>(outer * axis.out * inner), 0);
  for (std::int64_t position = 0; position < axis.out; ++position) {
    const Taps taps = TapsOf(rule, axis, position);
    for (std::int64_t o = 0; o < outer; ++o) {
      double* to = dst.data() + (o * axis.out + position) * inner;
      for (std::size_t t = 0; t < taps.index.size(); ++t) {
        const double* from = src.data() + (o * axis.in + taps.index[t]) * inner;
        for (std::int64_t i = 0; i < inner; ++i) to[i] += taps.weight[t] * from[i];
      }
    }
  }
  return dst;
}

// Integers round half to even and saturate.
Tensor Rounded(DType dtype, const Shape& shape, const std::vector<double>& values) {
  if (!IsInteger(dtype)) return FromDoubles(dtype, shape, values);
  Tensor out = Tensor::Zeros(dtype, shape);
  VisitNumber(
      dtype,
      [&](auto zero) {
        using T = decltype(zero);
        const std::span<T> elements = out.mutable_data<T>();
        for (std::size_t i = 0; i < values.size(); ++i) {
          elements[i] = FromDouble<T>(std::nearbyint(values[i]));
        }
        return true;
      },
      false);
  return out;
}

Status Interpolate(ReferenceContext& context, const ResizeRule& rule,
                   const std::vector<AxisResize>& axes, const Shape& out) {
  const Tensor& input = context.input(0);
  std::vector<double> values = ToDoubles(input);
  Shape shape = input.shape();
  std::vector<std::vector<bool>> outside;
  for (int a = 0; a < shape.rank(); ++a) {
    const AxisResize& axis = axes[static_cast<std::size_t>(a)];
    std::vector<bool>& flags = outside.emplace_back();
    for (std::int64_t i = 0; i < axis.out; ++i) flags.push_back(TapsOf(rule, axis, i).outside);
    if (axis.IsIdentity(rule)) continue;
    std::int64_t outer = 1, inner = 1;
    for (int i = 0; i < shape.rank(); ++i) {
      if (i != a) (i < a ? outer : inner) *= shape[i];
    }
    values = ResampleAxis(values, outer, inner, axis, rule);
    shape[a] = axis.out;
  }
  ForEachIndex(out, [&](const Dims& index, std::int64_t position) {
    for (int a = 0; a < index.rank(); ++a) {
      if (outside[static_cast<std::size_t>(a)][static_cast<std::size_t>(index[a])]) {
        values[static_cast<std::size_t>(position)] = rule.extrapolation;
      }
    }
  });
  context.SetOutput(0, Rounded(input.dtype(), out, values));
  return OkStatus();
}

// Nearest copies elements of any type.
Status PickNearest(ReferenceContext& context, const ResizeRule& rule,
                   const std::vector<AxisResize>& axes, const Shape& out) {
  const Tensor& input = context.input(0);
  const Strides strides = RowMajorStrides(input.shape());
  std::vector<AxisMap> maps;
  for (const AxisResize& axis : axes) {
    AxisMap& map = maps.emplace_back();
    for (std::int64_t i = 0; i < axis.out; ++i) {
      const Taps taps = TapsOf(rule, axis, i);
      map.push_back(taps.outside ? -1 : taps.index[0]);
    }
  }
  Tensor fill;
  if (rule.coordinates == ResizeCoordinates::kTfCropAndResize) {
    if (input.dtype() == DType::kString) return InvalidArgument("strings cannot be cropped");
    fill = FromDoubles(input.dtype(), Shape{1}, std::span(&rule.extrapolation, 1));
  }
  return CopyByIndex(
      context, input, out,
      [&](const Dims& index) {
        std::int64_t from = 0;
        for (int a = 0; a < index.rank(); ++a) {
          const std::int64_t at =
              maps[static_cast<std::size_t>(a)][static_cast<std::size_t>(index[a])];
          if (at < 0) return std::int64_t{-1};
          from += at * strides[a];
        }
        return from;
      },
      fill);
}

}  // namespace

Status ResampleReference(ReferenceContext& context, const AttrMap& attrs,
                         const ResizeRequest& request) {
  const Tensor& input = context.input(0);
  PLUMB_ASSIGN_OR_RETURN(const ResizeRule rule, ResizeRuleOf(attrs));
  PLUMB_ASSIGN_OR_RETURN(const auto axes, ResolveResize(input.shape(), attrs, request));
  std::vector<std::int64_t> sizes;
  for (const AxisResize& axis : axes) sizes.push_back(axis.out);
  PLUMB_ASSIGN_OR_RETURN(const Shape out, MakeShape(sizes));
  // Refuses what does not fit before anything is computed in fp64.
  PLUMB_RETURN_IF_ERROR(context.Allocate(0, input.dtype(), out).status());
  if (rule.mode == ResizeMode::kNearest) return PickNearest(context, rule, axes, out);
  if (input.dtype() == DType::kString || input.dtype() == DType::kBool ||
      input.dtype() == DType::kInt4 || input.dtype() == DType::kUInt4) {
    return InvalidArgument("elements of type ", Str(DTypeName(input.dtype())),
                           " can only be resized with mode nearest");
  }
  return Interpolate(context, rule, axes, out);
}

}  // namespace plumb::ops
