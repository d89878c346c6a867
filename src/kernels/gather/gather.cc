// Indexed reads: slices along an axis, single elements, tuples.
#include "kernels/gather/gather.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "kernels/gather/index.h"

namespace plumb::kernels {
namespace {

constexpr std::int64_t kTaskBytes = 128 << 10;

// Copies one slice; short ones as moves of constant size.
void CopySlice(std::byte* dst, const std::byte* src, std::int64_t bytes) {
  switch (bytes) {
    case 1: std::memcpy(dst, src, 1); return;
    case 2: std::memcpy(dst, src, 2); return;
    case 4: std::memcpy(dst, src, 4); return;
    case 8: std::memcpy(dst, src, 8); return;
    default: std::memcpy(dst, src, static_cast<std::size_t>(bytes));
  }
}

std::int64_t PerTask(std::int64_t bytes) {
  return std::max<std::int64_t>(1, kTaskBytes / std::max<std::int64_t>(16, bytes));
}

// Calls fn(begin, end) for ranges of `items` in parallel; fn returns how many indices were bad.
template <typename Fn>
void ForRanges(const Call& call, std::int64_t items, std::int64_t per_task, void* errors, Fn fn) {
  call.pool->ParallelFor((items + per_task - 1) / per_task, [&](std::int64_t task) {
    const std::int64_t begin = task * per_task;
    CountErrors(errors, fn(begin, std::min(items, begin + per_task)));
  });
}

void RunGather(const void* raw, const Call& call) noexcept {
  const GatherProblem& p = *static_cast<const GatherProblem*>(raw);
  const std::byte* src = static_cast<const std::byte*>(call.operands[0]);
  const void* indices = call.operands[1];
  std::byte* dst = static_cast<std::byte*>(call.operands[2]);
  const std::int64_t bytes = p.inner_bytes;
  ForRanges(call, p.outer * p.count, PerTask(bytes), call.operands[3],
            [&](std::int64_t begin, std::int64_t end) {
              std::int64_t errors = 0;
              for (std::int64_t i = begin; i < end; ++i) {
                const std::int64_t at =
                    Normalized(IndexAt(indices, p.wide_indices, i % p.count), p.axis);
                if (at < 0) {
                  std::memset(dst + i * bytes, 0, static_cast<std::size_t>(bytes));
                  ++errors;
                } else {
                  CopySlice(dst + i * bytes, src + (i / p.count * p.axis + at) * bytes, bytes);
                }
              }
              return errors;
            });
}

struct GatherElementsParams {
  GatherElementsProblem problem;
  std::int64_t elements;
  Strides index_strides, src_strides;
};

void RunGatherElements(const void* raw, const Call& call) noexcept {
  const GatherElementsParams& params = *static_cast<const GatherElementsParams*>(raw);
  const GatherElementsProblem& p = params.problem;
  const std::byte* src = static_cast<const std::byte*>(call.operands[0]);
  std::byte* dst = static_cast<std::byte*>(call.operands[2]);
  ForRanges(call, params.elements, PerTask(16), call.operands[3],
            [&](std::int64_t begin, std::int64_t end) {
              std::int64_t errors = 0;
              for (std::int64_t i = begin; i < end; ++i) {
                std::int64_t rest = i, offset = 0;
                for (int d = 0; d < p.index_sizes.rank(); ++d) {
                  const std::int64_t at = rest / params.index_strides[d];
                  rest %= params.index_strides[d];
                  if (d != p.axis) offset += at * params.src_strides[d];
                }
                const std::int64_t index =
                    Normalized(IndexAt(call.operands[1], p.wide_indices, i), p.src_sizes[p.axis]);
                std::byte* to = dst + i * p.element_bytes;
                if (index < 0) {
                  std::memset(to, 0, static_cast<std::size_t>(p.element_bytes));
                  ++errors;
                } else {
                  offset += index * params.src_strides[p.axis];
                  CopySlice(to, src + offset * p.element_bytes, p.element_bytes);
                }
              }
              return errors;
            });
}

void RunGatherNd(const void* raw, const Call& call) noexcept {
  const GatherNdProblem& p = *static_cast<const GatherNdProblem*>(raw);
  const std::byte* src = static_cast<const std::byte*>(call.operands[0]);
  std::byte* dst = static_cast<std::byte*>(call.operands[2]);
  std::int64_t slices = 1;  // of one batch entry
  for (int d = 0; d < p.depth; ++d) slices *= p.indexed_sizes[d];
  ForRanges(
      call, p.batch * p.tuples, PerTask(p.slice_bytes), call.operands[3],
      [&](std::int64_t begin, std::int64_t end) {
        std::int64_t errors = 0;
        for (std::int64_t i = begin; i < end; ++i) {
          std::int64_t flat = 0;
          for (int d = 0; d < p.depth && flat >= 0; ++d) {
            const std::int64_t index = Normalized(
                IndexAt(call.operands[1], p.wide_indices, i * p.depth + d), p.indexed_sizes[d]);
            flat = index < 0 ? -1 : flat * p.indexed_sizes[d] + index;
          }
          std::byte* to = dst + i * p.slice_bytes;
          if (flat < 0) {
            std::memset(to, 0, static_cast<std::size_t>(p.slice_bytes));
            ++errors;
          } else {
            CopySlice(to, src + (i / p.tuples * slices + flat) * p.slice_bytes, p.slice_bytes);
          }
        }
        return errors;
      });
}

template <typename Params>
BoundKernel Bound(KernelFn run, const Params& params) {
  BoundKernel kernel;
  kernel.run = run;
  kernel.params.Set(params);
  return kernel;
}

}  // namespace

BoundKernel BindGather(const GatherProblem& problem, const Target&) {
  return Bound(RunGather, problem);
}

BoundKernel BindGatherElements(const GatherElementsProblem& problem, const Target&) {
  PLUMB_CHECK(problem.src_sizes.rank() == problem.index_sizes.rank(), "ranks ",
              problem.src_sizes.rank(), " and ", problem.index_sizes.rank());
  GatherElementsParams params{};
  params.problem = problem;
  params.elements = NumElements(problem.index_sizes);
  params.index_strides = RowMajorStrides(problem.index_sizes);
  params.src_strides = RowMajorStrides(problem.src_sizes);
  return Bound(RunGatherElements, params);
}

BoundKernel BindGatherNd(const GatherNdProblem& problem, const Target&) {
  PLUMB_CHECK(problem.depth <= problem.indexed_sizes.rank(), "depth ", problem.depth);
  return Bound(RunGatherNd, problem);
}

}  // namespace plumb::kernels
