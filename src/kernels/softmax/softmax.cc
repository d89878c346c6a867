// Binds softmax: rows along the axis, enumerated by the merged other dimensions.
#include "kernels/softmax/softmax.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "kernels/softmax/softmax_kernels.h"
#include "kernels/strided/merge_dims.h"

namespace plumb::kernels {
namespace {

constexpr int kMaxOuter = 6;

struct SoftmaxParams {
  SoftmaxKind kind;
  DType dtype;
  SoftmaxFns fns;
  bool side_by_side;  // rows lie side by side along the innermost other dimension
  std::int64_t n, src_axis, dst_axis;
  int rank;
  std::int64_t sizes[kMaxOuter], src[kMaxOuter], dst[kMaxOuter];
  std::int64_t inner, inner_blocks;  // of the innermost dimension when side by side
  std::int64_t items, items_per_task;
};

struct Offsets {
  std::int64_t src, dst;
};

Offsets OffsetsAt(const SoftmaxParams& p, int dims, std::int64_t flat) {
  Offsets at{0, 0};
  for (int d = dims - 1; d >= 0; --d) {
    const std::int64_t index = flat % p.sizes[d];
    flat /= p.sizes[d];
    at.src += index * p.src[d];
    at.dst += index * p.dst[d];
  }
  return at;
}

// Any strides, fp64 inside.
template <typename T>
void GenericRow(const SoftmaxParams& p, const T* src, T* dst) {
  double top = -INFINITY, sum = 0;
  std::int64_t best = 0;
  for (std::int64_t i = 0; i < p.n; ++i) {
    const double x = static_cast<double>(src[i * p.src_axis]);
    if (x > top) {
      top = x;
      best = i;
    }
  }
  if (p.kind == SoftmaxKind::kHardmax) {
    for (std::int64_t i = 0; i < p.n; ++i) dst[i * p.dst_axis] = static_cast<T>(i == best);
    return;
  }
  for (std::int64_t i = 0; i < p.n; ++i) {
    sum += std::exp(static_cast<double>(src[i * p.src_axis]) - top);
  }
  const double log_sum = std::log(sum);
  for (std::int64_t i = 0; i < p.n; ++i) {
    const double x = static_cast<double>(src[i * p.src_axis]) - top;
    dst[i * p.dst_axis] =
        static_cast<T>(p.kind == SoftmaxKind::kSoftmax ? std::exp(x) / sum : x - log_sum);
  }
}

void DoItem(const SoftmaxParams& p, const Call& call, std::int64_t item) {
  const bool log = p.kind == SoftmaxKind::kLogSoftmax;
  if (p.side_by_side) {
    const std::int64_t first = item % p.inner_blocks * kSoftmaxLanes;
    const Offsets at = OffsetsAt(p, p.rank - 1, item / p.inner_blocks);
    const int lanes = static_cast<int>(std::min<std::int64_t>(kSoftmaxLanes, p.inner - first));
    p.fns.lanes(static_cast<const float*>(call.operands[0]) + at.src + first, p.src_axis,
                static_cast<float*>(call.operands[1]) + at.dst + first, p.dst_axis, p.n, lanes,
                log);
    return;
  }
  const Offsets at = OffsetsAt(p, p.rank, item);
  if (p.dtype == DType::kFloat64) {
    GenericRow(p, static_cast<const double*>(call.operands[0]) + at.src,
               static_cast<double*>(call.operands[1]) + at.dst);
    return;
  }
  const float* src = static_cast<const float*>(call.operands[0]) + at.src;
  float* dst = static_cast<float*>(call.operands[1]) + at.dst;
  if (p.kind != SoftmaxKind::kHardmax && p.src_axis == 1 && p.dst_axis == 1) {
    p.fns.row(src, dst, p.n, log);
  } else {
    GenericRow(p, src, dst);
  }
}

void RunSoftmax(const void* raw, const Call& call) noexcept {
  const SoftmaxParams& p = *static_cast<const SoftmaxParams*>(raw);
  const std::int64_t tasks = (p.items + p.items_per_task - 1) / p.items_per_task;
  call.pool->ParallelFor(tasks, [&](std::int64_t task) {
    const std::int64_t begin = task * p.items_per_task;
    const std::int64_t end = std::min(p.items, begin + p.items_per_task);
    for (std::int64_t item = begin; item < end; ++item) DoItem(p, call, item);
  });
}

}  // namespace

BoundKernel BindSoftmax(const SoftmaxProblem& problem, const Target& target) {
  PLUMB_CHECK(problem.dtype == DType::kFloat32 || problem.dtype == DType::kFloat64, "softmax of ",
              Str(DTypeName(problem.dtype)));
  LoopNest nest;
  nest.operands = 2;
  for (int d = 0; d < problem.sizes.rank(); ++d) {
    if (d == problem.axis) continue;
    nest.sizes[nest.rank] = problem.sizes[d];
    nest.strides[0][nest.rank] = problem.src_strides[d];
    nest.strides[1][nest.rank++] = problem.dst_strides[d];
  }
  MergeDims(&nest, true, 1);
  PLUMB_CHECK(nest.rank <= kMaxOuter, "rank ", nest.rank);
  SoftmaxParams p{};
  p.kind = problem.kind;
  p.dtype = problem.dtype;
  p.fns = target.isa == Isa::kAvx512 ? SoftmaxAvx512()
          : target.isa == Isa::kAvx2 ? SoftmaxAvx2()
                                     : SoftmaxScalar();
  p.n = problem.sizes[problem.axis];
  // An axis of one element may have any stride.
  p.src_axis = p.n == 1 ? 1 : problem.src_strides[problem.axis];
  p.dst_axis = p.n == 1 ? 1 : problem.dst_strides[problem.axis];
  p.rank = nest.rank;
  std::int64_t rows = 1;
  for (int d = 0; d < nest.rank; ++d) {
    p.sizes[d] = nest.sizes[d];
    p.src[d] = nest.strides[0][d];
    p.dst[d] = nest.strides[1][d];
    rows *= nest.sizes[d];
  }
  const int last = nest.rank - 1;
  const bool contiguous = p.src_axis == 1 && p.dst_axis == 1;
  p.side_by_side = !contiguous && p.dtype == DType::kFloat32 && p.kind != SoftmaxKind::kHardmax &&
                   last >= 0 && p.src[last] == 1 && p.dst[last] == 1;
  p.items = p.n == 0 ? 0 : rows;
  std::int64_t item_elements = p.n;
  if (p.side_by_side) {
    p.inner = p.sizes[last];
    p.inner_blocks = (p.inner + kSoftmaxLanes - 1) / kSoftmaxLanes;
    if (rows != 0) p.items = rows / p.inner * p.inner_blocks;
    item_elements = p.n * std::min<std::int64_t>(p.inner, kSoftmaxLanes);
  }
  p.items_per_task = std::max<std::int64_t>(1, 16384 / std::max<std::int64_t>(1, item_elements));
  BoundKernel kernel;
  kernel.run = RunSoftmax;
  kernel.params.Set(p);
  return kernel;
}

}  // namespace plumb::kernels
