// Matrix products of several shapes as shares of the FMA peak, and vectors times matrices as bytes
// of weights per second.
//   kernels_bench --benchmark_filter=Gemm
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "kernels/gemm/gemm.h"
#include "kernels/testing/peak_share.h"

namespace plumb::kernels {
namespace {

using testing::Floats;

struct Shape {
  const char* name;
  std::int64_t m;
  std::int64_t n;
  std::int64_t k;
  std::int64_t batch;
  bool constant_b;
  bool transposed_b;
};

constexpr Shape kShapes[] = {
    {"256", 256, 256, 256, 1, true, false},
    {"512", 512, 512, 512, 1, true, false},
    {"1024", 1024, 1024, 1024, 1, true, false},
    {"1024_dynamic", 1024, 1024, 1024, 1, false, false},
    {"bert_128_768_768", 128, 768, 768, 1, true, false},
    {"bert_128_3072_768", 128, 3072, 768, 1, true, false},
    {"bert_128_768_3072", 128, 768, 3072, 1, true, false},
    {"attention_scores_128_64", 128, 128, 64, 12, false, true},
    {"attention_values_128_64", 128, 64, 128, 12, false, false},
    {"tall_4096_64_64", 4096, 64, 64, 1, true, false},
    {"wide_64_4096_64", 64, 4096, 64, 1, true, false},
    {"vector_1_1000_2048", 1, 1000, 2048, 1, true, false},
    {"vector_1_4096_9216", 1, 4096, 9216, 1, true, false},
    {"vector_4_4096_4096", 4, 4096, 4096, 1, true, false},
};

void BenchGemm(benchmark::State& state, const Shape& shape, int threads) {
  const Target target = testing::BenchTarget();
  GemmProblem p;
  p.m = shape.m;
  p.n = shape.n;
  p.k = shape.k;
  p.batch = {1, 1, shape.batch};
  p.constant_b = shape.constant_b;
  p.a = {shape.k, 1, {0, 0, shape.m * shape.k}};
  p.b = {shape.transposed_b ? 1 : shape.n,
         shape.transposed_b ? shape.k : 1,
         {0, 0, shape.batch == 1 ? 0 : shape.k * shape.n}};
  p.c = {shape.n, 1, {0, 0, shape.m * shape.n}};
  std::vector<Algorithm> algorithms;
  ListGemm(p, target, &algorithms);
  const Algorithm& algorithm = algorithms.front();
  Floats a(shape.batch * shape.m * shape.k), b(shape.batch * shape.k * shape.n);
  Floats c(shape.batch * shape.m * shape.n), packed(PackedGemmBytes(p, algorithm) / 4);
  if (p.constant_b) PackGemm(p, algorithm, b.data(), nullptr, packed.data());
  const BoundKernel kernel = BindGemm(p, algorithm, target);
  Floats workspace(kernel.workspace_bytes / 4 + 16);
  ThreadPool pool(threads);
  void* operands[] = {a.data(), p.constant_b ? packed.data() : b.data(), nullptr, c.data()};
  state.SetLabel(GemmAlgorithmName(algorithm));
  testing::MeasureShareOfPeak(
      state, target.isa, threads, EstimateGemm(p, algorithm, target).ops, [&] {
        kernel.run(kernel.params.data(), {operands, workspace.data(), &pool});
      });
  const double weights = static_cast<double>(shape.k * shape.n * shape.batch) * 4;
  state.counters["weights_GB/s"] = weights / (state.counters["best_us"] * 1e-6) * 1e-9;
}

const int kRegistered = [] {
  for (const Shape& shape : kShapes) {
    for (int threads : {1, 2}) {
      const std::string name = absl::StrCat("Gemm/", shape.name, "/", threads);
      benchmark::RegisterBenchmark(name.c_str(), BenchGemm, shape, threads)
          ->UseManualTime()
          ->Unit(benchmark::kMicrosecond);
    }
  }
  return 0;
}();

}  // namespace
}  // namespace plumb::kernels
