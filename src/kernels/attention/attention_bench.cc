// Attention beside the same as separate steps (product, softmax, product), as shares of the FMA
// peak. One entry of the batch, 12 heads of 64 channels that lie interleaved.
//   kernels_bench --benchmark_filter=Attention
#include "kernels/attention/attention.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "kernels/softmax/softmax.h"
#include "kernels/testing/peak_share.h"

namespace plumb::kernels {
namespace {

using testing::Floats;

constexpr std::int64_t kHeads = 12, kWidth = 64, kRow = kHeads * kWidth;

enum class Mask { kNone, kKeys, kCausal };

// [queries, keys], or a row that all queries share.
void FillMask(Mask mask, std::int64_t queries, std::int64_t keys, float* to) {
  for (std::int64_t i = 0; mask == Mask::kCausal && i < queries; ++i) {
    for (std::int64_t j = 0; j < keys; ++j) to[i * keys + j] = j > i ? -INFINITY : 0.0f;
  }
}

double Ops(std::int64_t queries, std::int64_t keys) {
  return 4.0 * static_cast<double>(kHeads * queries * keys * kWidth);
}

void BenchFused(benchmark::State& state, std::int64_t queries, std::int64_t keys, Mask kind) {
  const Target target = testing::BenchTarget();
  AttentionProblem p;
  p.batch = {1, 1, kHeads};
  p.queries = queries;
  p.keys = keys;
  p.width = p.value_width = kWidth;
  p.q = p.v = p.y = {kRow, 1, {0, 0, kWidth}};
  p.k = {1, kRow, {0, 0, kWidth}};
  p.has_mask = kind != Mask::kNone;
  p.mask = {kind == Mask::kCausal ? keys : 0, 1, {}};
  p.scale = 0.125f;
  Floats q(queries * kRow), k(keys * kRow), v(keys * kRow), y(queries * kRow);
  Floats mask(kind == Mask::kCausal ? queries * keys : keys);
  FillMask(kind, queries, keys, mask.data());
  std::vector<Algorithm> algorithms;
  ListAttention(p, target, &algorithms);
  const auto which = static_cast<std::size_t>(state.range(0));
  if (which >= algorithms.size()) return state.SkipWithError("no such algorithm");
  const BoundKernel kernel = BindAttention(p, algorithms[which], target);
  Floats workspace(kernel.workspace_bytes / 4 + 16);
  ThreadPool pool(1);
  void* operands[] = {q.data(), k.data(), v.data(), mask.data(), y.data()};
  state.SetLabel(AttentionAlgorithmName(algorithms[which]));
  testing::MeasureShareOfPeak(state, target.isa, 1, Ops(queries, keys), [&] {
    kernel.run(kernel.params.data(), {operands, workspace.data(), &pool});
  });
  state.counters["scratch_MB"] = static_cast<double>(kernel.workspace_bytes) * 1e-6;
}

// The steps that attention replaces; the mask, where there is one, is the residual of the product.
void BenchSteps(benchmark::State& state, std::int64_t queries, std::int64_t keys, Mask kind) {
  const Target target = testing::BenchTarget();
  GemmProblem qk;
  qk.m = queries;
  qk.n = keys;
  qk.k = kWidth;
  qk.batch = {1, 1, kHeads};
  qk.a = {kRow, 1, {0, 0, kWidth}};
  qk.b = {1, kRow, {0, 0, kWidth}};
  qk.c = {keys, 1, {0, 0, queries * keys}};
  qk.residual = {kind == Mask::kCausal ? keys : 0, 1, {}};
  qk.epilogue.has_residual = kind != Mask::kNone;
  qk.alpha = 0.125f;
  GemmProblem pv = qk;
  pv.n = kWidth;
  pv.k = keys;
  pv.a = qk.c;
  pv.b = pv.c = {kRow, 1, {0, 0, kWidth}};
  pv.alpha = 1;
  pv.epilogue.has_residual = false;
  SoftmaxProblem softmax;
  softmax.sizes = {kHeads * queries, keys};
  softmax.axis = 1;
  softmax.src_strides = softmax.dst_strides = {keys, 1};
  std::vector<Algorithm> first, second;
  ListGemm(qk, target, &first);
  ListGemm(pv, target, &second);
  const BoundKernel steps[] = {BindGemm(qk, first[0], target), BindSoftmax(softmax, target),
                               BindGemm(pv, second[0], target)};
  Floats q(queries * kRow), k(keys * kRow), v(keys * kRow), y(queries * kRow);
  Floats mask(kind == Mask::kCausal ? queries * keys : keys);
  FillMask(kind, queries, keys, mask.data());
  Floats scores(kHeads * queries * keys);
  std::int64_t workspace_bytes = 0;
  for (const BoundKernel& step : steps) {
    workspace_bytes = std::max(workspace_bytes, step.workspace_bytes);
  }
  Floats workspace(workspace_bytes / 4 + 16);
  ThreadPool pool(1);
  void* operands[3][4] = {{q.data(), k.data(), mask.data(), scores.data()},
                          {scores.data(), scores.data(), nullptr, nullptr},
                          {scores.data(), v.data(), nullptr, y.data()}};
  testing::MeasureShareOfPeak(state, target.isa, 1, Ops(queries, keys), [&] {
    for (int s = 0; s < 3; ++s) {
      steps[s].run(steps[s].params.data(), {operands[s], workspace.data(), &pool});
    }
  });
  state.counters["scratch_MB"] =
      static_cast<double>(workspace_bytes + kHeads * queries * keys * 4) * 1e-6;
}

const int kRegistered = [] {
  constexpr std::int64_t kSizes[][2] = {{1, 1},       {16, 16},     {128, 128}, {384, 384},
                                        {1024, 1024}, {2048, 2048}, {1, 1024}};
  for (const auto& [queries, keys] : kSizes) {
    for (const Mask kind : {Mask::kNone, Mask::kKeys, Mask::kCausal}) {
      const std::string name = absl::StrCat("Attention/", queries, "x", keys,
                                            kind == Mask::kNone   ? ""
                                            : kind == Mask::kKeys ? "/masked"
                                                                  : "/causal");
      benchmark::RegisterBenchmark(absl::StrCat(name, "/steps").c_str(), BenchSteps, queries, keys,
                                   kind)
          ->UseManualTime();
      auto* fused = benchmark::RegisterBenchmark(absl::StrCat(name, "/fused").c_str(), BenchFused,
                                                 queries, keys, kind);
      fused->UseManualTime()->DenseRange(0, 2);
    }
  }
  return 0;
}();

}  // namespace
}  // namespace plumb::kernels
