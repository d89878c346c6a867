// LayerNorm, RMSNorm and division by a p-norm: rows in parallel.
#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "kernels/norm/norm.h"
#include "kernels/norm/norm_fns.h"
#include "kernels/strided/merge_dims.h"

namespace plumb::kernels {
namespace {

constexpr int kMaxOuter = 6;

struct Rows {
  int rank;
  std::int64_t sizes[kMaxOuter], src[kMaxOuter], dst[kMaxOuter];
  std::int64_t count, per_task;
};

// Rows enumerated in the order of `outer`, so that mean and deviation outputs stay in order.
Rows RowsOf(const Shape& outer, const Strides& src, const Strides& dst, std::int64_t length,
            bool sort) {
  LoopNest nest;
  nest.operands = 2;
  nest.rank = outer.rank();
  for (int d = 0; d < nest.rank; ++d) {
    nest.sizes[d] = outer[d];
    nest.strides[0][d] = src[d];
    nest.strides[1][d] = dst[d];
  }
  MergeDims(&nest, sort, 1);
  PLUMB_CHECK(nest.rank <= kMaxOuter, "rank ", nest.rank);
  Rows rows{};
  rows.rank = nest.rank;
  rows.count = 1;
  for (int d = 0; d < nest.rank; ++d) {
    rows.sizes[d] = nest.sizes[d];
    rows.src[d] = nest.strides[0][d];
    rows.dst[d] = nest.strides[1][d];
    rows.count *= nest.sizes[d];
  }
  rows.per_task = std::max<std::int64_t>(1, 32768 / std::max<std::int64_t>(1, length));
  return rows;
}

template <typename Fn>
void ForRows(const Rows& rows, ThreadPool* pool, Fn fn) {
  const std::int64_t tasks = (rows.count + rows.per_task - 1) / rows.per_task;
  pool->ParallelFor(tasks, [&](std::int64_t task) {
    const std::int64_t end = std::min(rows.count, (task + 1) * rows.per_task);
    for (std::int64_t row = task * rows.per_task; row < end; ++row) {
      std::int64_t flat = row, src = 0, dst = 0;
      for (int d = rows.rank - 1; d >= 0; --d) {
        const std::int64_t index = flat % rows.sizes[d];
        flat /= rows.sizes[d];
        src += index * rows.src[d];
        dst += index * rows.dst[d];
      }
      fn(row, src, dst);
    }
  });
}

struct LayerNormParams {
  LayerNormProblem problem;
  NormFns fns;
  Rows rows;
};

void RunLayerNorm(const void* raw, const Call& call) noexcept {
  const LayerNormParams& params = *static_cast<const LayerNormParams*>(raw);
  const LayerNormProblem& p = params.problem;
  int next = 0;
  auto take = [&](bool present) {
    return present ? static_cast<float*>(call.operands[next++]) : nullptr;
  };
  const float* src = take(true);
  const float* gamma = take(p.has_gamma);
  const float* beta = take(p.has_beta);
  const float* residual = take(p.has_residual);
  float* dst = take(true);
  float* mean = take(p.has_mean);
  float* inv_std = take(p.has_inv_std);
  float* sum = take(p.has_sum);
  ForRows(params.rows, call.pool, [&](std::int64_t row, std::int64_t from, std::int64_t to) {
    NormRow r;
    r.src = src + from;
    r.gamma = gamma;
    r.beta = beta;
    r.residual = residual == nullptr ? nullptr : residual + from;
    r.dst = dst + to;
    r.mean = mean == nullptr ? nullptr : mean + row;
    r.inv_std = inv_std == nullptr ? nullptr : inv_std + row;
    r.sum = sum == nullptr ? nullptr : sum + from;
    r.n = p.length;
    r.epsilon = p.epsilon;
    r.rms = p.rms;
    params.fns.norm_row(r);
  });
}

struct LpNormParams {
  int p;
  bool zero_is_zero;
  std::int64_t n, src_axis, dst_axis;
  NormFns fns;
  Rows rows;
};

void LpNormStrided(const LpNormParams& p, const float* src, float* dst) {
  double norm = 0;
  for (std::int64_t i = 0; i < p.n; ++i) {
    const double x = src[i * p.src_axis];
    norm += p.p == 1 ? std::fabs(x) : x * x;
  }
  float divisor = static_cast<float>(p.p == 1 ? norm : std::sqrt(norm));
  if (divisor == 0 && p.zero_is_zero) divisor = 1;
  for (std::int64_t i = 0; i < p.n; ++i) dst[i * p.dst_axis] = src[i * p.src_axis] / divisor;
}

void RunLpNorm(const void* raw, const Call& call) noexcept {
  const LpNormParams& p = *static_cast<const LpNormParams*>(raw);
  const float* src = static_cast<const float*>(call.operands[0]);
  float* dst = static_cast<float*>(call.operands[1]);
  ForRows(p.rows, call.pool, [&](std::int64_t, std::int64_t from, std::int64_t to) {
    if (p.src_axis == 1 && p.dst_axis == 1) {
      p.fns.lp_row(src + from, dst + to, p.n, p.p, p.zero_is_zero);
    } else {
      LpNormStrided(p, src + from, dst + to);
    }
  });
}

}  // namespace

BoundKernel BindLayerNorm(const LayerNormProblem& problem, const Target& target) {
  LayerNormParams params{};
  params.problem = problem;
  params.fns = NormFnsFor(target);
  params.rows = RowsOf(problem.outer, problem.src_outer, problem.dst_outer, problem.length, false);
  if (problem.length == 0) params.rows.count = 0;
  BoundKernel kernel;
  kernel.run = RunLayerNorm;
  kernel.params.Set(params);
  return kernel;
}

BoundKernel BindLpNorm(const LpNormProblem& problem, const Target& target) {
  PLUMB_CHECK(problem.p == 1 || problem.p == 2, "p = ", problem.p);
  Dims outer, src, dst;
  for (int d = 0; d < problem.sizes.rank(); ++d) {
    if (d == problem.axis) continue;
    outer.Append(problem.sizes[d]);
    src.Append(problem.src_strides[d]);
    dst.Append(problem.dst_strides[d]);
  }
  LpNormParams params{};
  params.p = problem.p;
  params.zero_is_zero = problem.zero_is_zero;
  params.n = problem.sizes[problem.axis];
  params.src_axis = problem.src_strides[problem.axis];
  params.dst_axis = problem.dst_strides[problem.axis];
  params.fns = NormFnsFor(target);
  params.rows = RowsOf(outer, src, dst, params.n, true);
  BoundKernel kernel;
  kernel.run = RunLpNorm;
  kernel.params.Set(params);
  return kernel;
}

}  // namespace plumb::kernels
