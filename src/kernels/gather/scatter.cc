// Indexed writes, in the order of the updates on one thread: equal positions meet in that order.
#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "kernels/gather/gather.h"
#include "kernels/gather/index.h"

namespace plumb::kernels {
namespace {

// One update of a number; integers wrap.
template <typename T>
T Combine(ScatterReduction reduction, T old, T update) {
  switch (reduction) {
    case ScatterReduction::kReplace: return update;
    case ScatterReduction::kAdd:
      if constexpr (std::is_floating_point_v<T>) return old + update;
      return static_cast<T>(static_cast<std::uint64_t>(old) + static_cast<std::uint64_t>(update));
    case ScatterReduction::kMul:
      if constexpr (std::is_floating_point_v<T>) return old * update;
      return static_cast<T>(static_cast<std::uint64_t>(old) * static_cast<std::uint64_t>(update));
    case ScatterReduction::kMin: return update < old || update != update ? update : old;
    case ScatterReduction::kMax: return update > old || update != update ? update : old;
  }
  return update;
}

// Half types combine as fp32.
template <typename T>
void CombineRun(ScatterReduction reduction, void* dst, const void* updates, std::int64_t n) {
  T* to = static_cast<T*>(dst);
  const T* from = static_cast<const T*>(updates);
  for (std::int64_t i = 0; i < n; ++i) {
    if constexpr (std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>) {
      to[i] = T(Combine(reduction, static_cast<float>(to[i]), static_cast<float>(from[i])));
    } else if constexpr (std::is_same_v<T, bool>) {
      to[i] = Combine<std::uint8_t>(reduction, to[i], from[i]) != 0;
    } else {
      to[i] = Combine<T>(reduction, to[i], from[i]);
    }
  }
}

// n neighbouring updates.
void Update(DType dtype, ScatterReduction reduction, std::byte* dst, const std::byte* updates,
            std::int64_t n) {
  if (reduction == ScatterReduction::kReplace) {
    std::memcpy(dst, updates, static_cast<std::size_t>(StorageBytes(dtype, n)));
    return;
  }
  VisitNumber(
      dtype,
      [&](auto zero) {
        CombineRun<decltype(zero)>(reduction, dst, updates, n);
        return true;
      },
      false);
}

// Copies src to dst unless they are the same memory.
void CopySource(const Call& call, std::int64_t bytes) {
  if (call.operands[0] == call.operands[3]) return;
  constexpr std::int64_t kBlock = 256 << 10;
  call.pool->ParallelFor((bytes + kBlock - 1) / kBlock, [&](std::int64_t task) {
    const std::int64_t begin = task * kBlock;
    std::memcpy(static_cast<std::byte*>(call.operands[3]) + begin,
                static_cast<const std::byte*>(call.operands[0]) + begin,
                static_cast<std::size_t>(std::min(kBlock, bytes - begin)));
  });
}

struct ScatterElementsParams {
  ScatterElementsProblem problem;
  std::int64_t updates, elements;
  Strides index_strides, src_strides;
};

void RunScatterElements(const void* raw, const Call& call) noexcept {
  const ScatterElementsParams& params = *static_cast<const ScatterElementsParams*>(raw);
  const ScatterElementsProblem& p = params.problem;
  CopySource(call, StorageBytes(p.dtype, params.elements));
  const std::int64_t bytes = StorageBytes(p.dtype, 1);
  const std::byte* updates = static_cast<const std::byte*>(call.operands[2]);
  std::byte* dst = static_cast<std::byte*>(call.operands[3]);
  std::int64_t errors = 0;
  for (std::int64_t i = 0; i < params.updates; ++i) {
    std::int64_t rest = i, offset = 0;
    for (int d = 0; d < p.index_sizes.rank(); ++d) {
      const std::int64_t at = rest / params.index_strides[d];
      rest %= params.index_strides[d];
      if (d != p.axis) offset += at * params.src_strides[d];
    }
    const std::int64_t index =
        Normalized(IndexAt(call.operands[1], p.wide_indices, i), p.src_sizes[p.axis]);
    if (index < 0) {
      ++errors;
      continue;
    }
    offset += index * params.src_strides[p.axis];
    Update(p.dtype, p.reduction, dst + offset * bytes, updates + i * bytes, 1);
  }
  CountErrors(call.operands[4], errors);
}

void RunScatterNd(const void* raw, const Call& call) noexcept {
  const ScatterNdProblem& p = *static_cast<const ScatterNdProblem*>(raw);
  std::int64_t slices = 1;
  for (int d = 0; d < p.depth; ++d) slices *= p.indexed_sizes[d];
  CopySource(call, StorageBytes(p.dtype, slices * p.slice_elements));
  const std::int64_t bytes = StorageBytes(p.dtype, p.slice_elements);
  const std::byte* updates = static_cast<const std::byte*>(call.operands[2]);
  std::byte* dst = static_cast<std::byte*>(call.operands[3]);
  std::int64_t errors = 0;
  for (std::int64_t i = 0; i < p.tuples; ++i) {
    std::int64_t flat = 0;
    for (int d = 0; d < p.depth && flat >= 0; ++d) {
      const std::int64_t index = Normalized(
          IndexAt(call.operands[1], p.wide_indices, i * p.depth + d), p.indexed_sizes[d]);
      flat = index < 0 ? -1 : flat * p.indexed_sizes[d] + index;
    }
    if (flat < 0) {
      ++errors;
      continue;
    }
    Update(p.dtype, p.reduction, dst + flat * bytes, updates + i * bytes, p.slice_elements);
  }
  CountErrors(call.operands[4], errors);
}

}  // namespace

BoundKernel BindScatterElements(const ScatterElementsProblem& problem, const Target&) {
  PLUMB_CHECK(problem.src_sizes.rank() == problem.index_sizes.rank(), "ranks ",
              problem.src_sizes.rank(), " and ", problem.index_sizes.rank());
  ScatterElementsParams params{};
  params.problem = problem;
  params.updates = NumElements(problem.index_sizes);
  params.elements = NumElements(problem.src_sizes);
  params.index_strides = RowMajorStrides(problem.index_sizes);
  params.src_strides = RowMajorStrides(problem.src_sizes);
  BoundKernel kernel;
  kernel.run = RunScatterElements;
  kernel.params.Set(params);
  return kernel;
}

BoundKernel BindScatterNd(const ScatterNdProblem& problem, const Target&) {
  PLUMB_CHECK(problem.depth <= problem.indexed_sizes.rank(), "depth ", problem.depth);
  BoundKernel kernel;
  kernel.run = RunScatterNd;
  kernel.params.Set(problem);
  return kernel;
}

}  // namespace plumb::kernels
