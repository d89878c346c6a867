// Reductions of every type over any strides, and positions of extremes: one result at a time.
#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "core/check.h"
#include "kernels/reduce/reduce_nest.h"

namespace plumb::kernels {
namespace {

// Calls fn(element) for the reduced elements of a result, in row-major order.
template <typename T, typename Fn>
void ForReduced(const ReduceNest& nest, const T* src, Fn fn) {
  if (nest.elements == 0) return;
  const int inner = nest.reduced - 1;
  const std::int64_t n = inner < 0 ? 1 : nest.reduced_sizes[inner];
  const std::int64_t stride = inner < 0 ? 0 : nest.reduced_src[inner];
  for (std::int64_t row = 0; row < nest.elements / n; ++row) {
    const T* at = src + nest.ReducedSrc(inner, row);
    for (std::int64_t i = 0; i < n; ++i) fn(at[i * stride]);
  }
}

// Compensated (Kahan, Babuska, Neumaier): fp64 inputs have no wider sum.
struct Sum {
  double total = 0, rest = 0;
  void Add(double x) {
    const double next = total + x;
    if (std::isfinite(next)) {
      rest += std::fabs(total) >= std::fabs(x) ? (total - next) + x : (x - next) + total;
    }
    total = next;
  }
  double value() const { return std::isfinite(total) ? total + rest : total; }
};

template <typename T>
double FoldReal(const ReduceNest& nest, ReduceKind kind, const T* src) {
  Sum sum;
  const double count = static_cast<double>(nest.elements);
  switch (kind) {
    case ReduceKind::kL1:
      ForReduced(nest, src, [&](T x) { sum.Add(std::fabs(static_cast<double>(x))); });
      return sum.value();
    case ReduceKind::kL2:
    case ReduceKind::kSumSquare:
      ForReduced(nest, src, [&](T x) { sum.Add(static_cast<double>(x) * static_cast<double>(x)); });
      return kind == ReduceKind::kL2 ? std::sqrt(sum.value()) : sum.value();
    case ReduceKind::kProd: {
      double product = 1;
      ForReduced(nest, src, [&](T x) { product *= static_cast<double>(x); });
      return product;
    }
    case ReduceKind::kLogSumExp: {
      double top = -INFINITY;
      ForReduced(nest, src, [&](T x) { top = std::max(top, static_cast<double>(x)); });
      const double shift = std::isinf(top) ? 0 : top;
      ForReduced(nest, src, [&](T x) { sum.Add(std::exp(static_cast<double>(x) - shift)); });
      return std::log(sum.value()) + shift;
    }
    default:
      ForReduced(nest, src, [&](T x) { sum.Add(static_cast<double>(x)); });
      if (kind == ReduceKind::kMean) return sum.value() / count;
      return kind == ReduceKind::kLogSum ? std::log(sum.value()) : sum.value();
  }
}

template <typename T>
T FoldExtreme(const ReduceNest& nest, bool smallest, const T* src) {
  using Limits = std::numeric_limits<T>;
  T low = Limits::has_infinity ? static_cast<T>(-Limits::infinity()) : Limits::lowest();
  T high = Limits::has_infinity ? Limits::infinity() : Limits::max();
  T best = smallest ? high : low;
  ForReduced(nest, src, [&](T x) {
    if ((smallest ? x < best : x > best) || x != x) best = x;
  });
  return best;
}

// Sums and products of integers wrap at 64 bits, then at the width of the type.
template <typename T>
T FoldInteger(const ReduceNest& nest, ReduceKind kind, const T* src) {
  std::uint64_t sum = kind == ReduceKind::kProd ? 1 : 0;
  ForReduced(nest, src, [&](T x) {
    const std::uint64_t bits = static_cast<std::uint64_t>(x);
    if (kind == ReduceKind::kProd) {
      sum *= bits;
    } else if (kind == ReduceKind::kSumSquare) {
      sum += bits * bits;
    } else {
      sum += kind == ReduceKind::kL1 && x < 0 ? 0 - bits : bits;
    }
  });
  return static_cast<T>(sum);
}

// Out of range saturates, NaN gives 0.
template <typename T>
T FromReal(double x) {
  if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(x);
  } else {
    if (std::isnan(x)) return 0;
    if (x <= static_cast<double>(std::numeric_limits<T>::lowest())) {
      return std::numeric_limits<T>::lowest();
    }
    if (x >= static_cast<double>(std::numeric_limits<T>::max())) {
      return std::numeric_limits<T>::max();
    }
    return static_cast<T>(x);
  }
}

template <typename T>
T FoldOne(const ReduceNest& nest, ReduceKind kind, const T* src) {
  if (kind == ReduceKind::kMax || kind == ReduceKind::kMin) {
    return FoldExtreme(nest, kind == ReduceKind::kMin, src);
  }
  if constexpr (std::is_integral_v<T>) {
    if (kind == ReduceKind::kSum || kind == ReduceKind::kProd || kind == ReduceKind::kL1 ||
        kind == ReduceKind::kSumSquare) {
      return FoldInteger(nest, kind, src);
    }
  }
  return FromReal<T>(FoldReal(nest, kind, src));
}

template <typename T>
void ReduceAll(const ReduceNest& nest, ReduceKind kind, const void* src, void* dst,
               ThreadPool* pool) {
  const std::int64_t per_task =
      std::max<std::int64_t>(1, 16384 / std::max<std::int64_t>(1, nest.elements));
  pool->ParallelFor((nest.outputs + per_task - 1) / per_task, [&](std::int64_t task) {
    const std::int64_t end = std::min(nest.outputs, (task + 1) * per_task);
    for (std::int64_t i = task * per_task; i < end; ++i) {
      static_cast<T*>(dst)[nest.KeptDst(nest.kept, i)] =
          FoldOne(nest, kind, static_cast<const T*>(src) + nest.KeptSrc(nest.kept, i));
    }
  });
}

struct ArgParams {
  ReduceNest nest;
  DType dtype;
  bool smallest, last;
};

template <typename T>
std::int64_t FindExtreme(const ReduceNest& nest, bool smallest, bool last, const T* src) {
  std::int64_t best = 0, index = 0;
  const std::int64_t stride = nest.reduced == 0 ? 0 : nest.reduced_src[0];
  T value = src[0];
  for (index = 1; index < nest.elements && value == value; ++index) {
    const T x = src[index * stride];
    const bool better = smallest ? x < value : x > value;
    if (better || (last && x == value) || x != x) {
      best = index;
      value = x;
    }
  }
  return best;
}

template <typename T>
void ArgAll(const ArgParams& p, const Call& call) {
  const ReduceNest& nest = p.nest;
  const std::int64_t per_task = std::max<std::int64_t>(1, 16384 / nest.elements);
  call.pool->ParallelFor((nest.outputs + per_task - 1) / per_task, [&](std::int64_t task) {
    const std::int64_t end = std::min(nest.outputs, (task + 1) * per_task);
    for (std::int64_t i = task * per_task; i < end; ++i) {
      const T* src = static_cast<const T*>(call.operands[0]) + nest.KeptSrc(nest.kept, i);
      static_cast<std::int64_t*>(call.operands[1])[nest.KeptDst(nest.kept, i)] =
          FindExtreme(nest, p.smallest, p.last, src);
    }
  });
}

void RunArg(const void* raw, const Call& call) noexcept {
  const ArgParams& p = *static_cast<const ArgParams*>(raw);
  if (p.nest.outputs == 0 || p.nest.elements == 0) return;
  switch (p.dtype) {
    case DType::kFloat32: return ArgAll<float>(p, call);
    case DType::kFloat64: return ArgAll<double>(p, call);
    case DType::kInt32: return ArgAll<std::int32_t>(p, call);
    case DType::kInt64: return ArgAll<std::int64_t>(p, call);
    case DType::kInt8: return ArgAll<std::int8_t>(p, call);
    default: return ArgAll<std::uint8_t>(p, call);
  }
}

}  // namespace

void RunReduceElements(const ReduceNest& nest, ReduceKind kind, DType dtype, const void* src,
                       void* dst, ThreadPool* pool) {
  switch (dtype) {
    case DType::kFloat32: return ReduceAll<float>(nest, kind, src, dst, pool);
    case DType::kFloat64: return ReduceAll<double>(nest, kind, src, dst, pool);
    case DType::kInt32: return ReduceAll<std::int32_t>(nest, kind, src, dst, pool);
    case DType::kInt64: return ReduceAll<std::int64_t>(nest, kind, src, dst, pool);
    case DType::kInt8: return ReduceAll<std::int8_t>(nest, kind, src, dst, pool);
    default: return ReduceAll<std::uint8_t>(nest, kind, src, dst, pool);
  }
}

BoundKernel BindArgReduce(const ArgReduceProblem& problem, const Target&) {
  const DType type = problem.dtype;
  PLUMB_CHECK(type == DType::kFloat32 || type == DType::kFloat64 || type == DType::kInt32 ||
                  type == DType::kInt64 || type == DType::kInt8 || type == DType::kUInt8,
              "position of an extreme of ", Str(DTypeName(type)));
  ReduceProblem as_reduce;
  as_reduce.sizes = problem.sizes;
  as_reduce.reduced = 1u << problem.axis;
  as_reduce.src_strides = problem.src_strides;
  as_reduce.dst_strides = problem.dst_strides;
  ArgParams p{};
  PLUMB_CHECK(MakeReduceNest(as_reduce, &p.nest),
              "too many dimensions: ", problem.sizes.ToString());
  p.dtype = type;
  p.smallest = problem.smallest;
  p.last = problem.select_last;
  BoundKernel kernel;
  kernel.run = RunArg;
  kernel.params.Set(p);
  return kernel;
}

}  // namespace plumb::kernels
