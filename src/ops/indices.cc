#include "ops/indices.h"

#include <type_traits>

#include "ops/elements.h"

namespace plumb::ops {
namespace {

Status Normalize(std::int64_t* index, std::int64_t dim) {
  const std::int64_t stated = *index;
  if (stated < 0) *index += dim;
  if (*index >= 0 && *index < dim) return OkStatus();
  return InvalidArgument("index ", stated, " is outside of [", -dim, ", ", dim - 1, "]");
}

template <typename T>
T Combine(T a, T b, ScatterReduction reduction) {
  if constexpr (std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>) {
    return T(Combine(static_cast<float>(a), static_cast<float>(b), reduction));
  } else if constexpr (std::is_same_v<T, bool>) {
    const bool any = reduction == ScatterReduction::kAdd || reduction == ScatterReduction::kMax;
    return any ? a || b : a && b;
  } else {
    switch (reduction) {
      case ScatterReduction::kReplace: return b;
      case ScatterReduction::kMin: return b < a ? b : a;
      case ScatterReduction::kMax: return a < b ? b : a;
      case ScatterReduction::kAdd:
      case ScatterReduction::kMul: break;
    }
    if constexpr (std::is_integral_v<T>) {
      // Integers wrap around; unsigned arithmetic does so without being undefined.
      using Unsigned = std::uint64_t;
      const auto left = static_cast<Unsigned>(a), right = static_cast<Unsigned>(b);
      return static_cast<T>(reduction == ScatterReduction::kAdd ? left + right : left * right);
    } else {
      return reduction == ScatterReduction::kAdd ? a + b : a * b;
    }
  }
}

}  // namespace

StatusOr<std::vector<std::int64_t>> NormalIndices(const Tensor& indices, std::int64_t dim) {
  std::vector<std::int64_t> result = ToInt64s(indices);
  for (std::int64_t& index : result) PLUMB_RETURN_IF_ERROR(Normalize(&index, dim));
  return result;
}

StatusOr<std::vector<std::int64_t>> NormalTuples(const Tensor& indices,
                                                 std::span<const std::int64_t> dims) {
  std::vector<std::int64_t> result = ToInt64s(indices);
  for (std::size_t i = 0; i < result.size(); ++i) {
    PLUMB_RETURN_IF_ERROR(Normalize(&result[i], dims[i % dims.size()]));
  }
  return result;
}

StatusOr<ScatterReduction> ReductionOf(const AttrMap& attrs) {
  const std::string name = attrs.String("reduction", "none");
  if (name == "none") return ScatterReduction::kReplace;
  if (name == "add") return ScatterReduction::kAdd;
  if (name == "mul") return ScatterReduction::kMul;
  if (name == "min") return ScatterReduction::kMin;
  if (name == "max") return ScatterReduction::kMax;
  return InvalidArgument("reduction '", name, "', expected none, add, mul, min or max");
}

Status ScatterInto(Tensor* dst, const std::vector<std::int64_t>& positions, const Tensor& src,
                   ScatterReduction reduction) {
  if (reduction == ScatterReduction::kReplace) {
    const ElementCopier copier(src, dst);
    for (std::size_t i = 0; i < positions.size(); ++i) {
      copier.Copy(static_cast<std::int64_t>(i), positions[i]);
    }
    return OkStatus();
  }
  return VisitNumber(
      dst->dtype(),
      [&](auto zero) -> Status {
        using T = decltype(zero);
        const std::span<T> out = dst->mutable_data<T>();
        const std::span<const T> updates = src.data<T>();
        for (std::size_t i = 0; i < positions.size(); ++i) {
          T& element = out[static_cast<std::size_t>(positions[i])];
          element = Combine<T>(element, updates[i], reduction);
        }
        return OkStatus();
      },
      Status(InvalidArgument("elements of type ", Str(DTypeName(dst->dtype())),
                             " can only be replaced, reduction must be none")));
}

}  // namespace plumb::ops
