// Narrow products beside the fp32 peak: matrix products of 1024^3 and layers of ResNet-50.
//   kernels_bench --benchmark_filter=Dot
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "kernels/dot/dot.h"
#include "kernels/testing/peak_share.h"

namespace plumb::kernels {
namespace {

using testing::Floats;

struct Layer {
  const char* name;
  std::int64_t in;
  std::int64_t out;
  std::int64_t size;
  std::int64_t kernel;
  std::int64_t stride;
};

constexpr Layer kLayers[] = {
    {"gemm_1024", 1024, 1024, 32, 1, 1},      {"stem_7x7s2_3_64_224", 3, 64, 224, 7, 2},
    {"1x1_64_256_56", 64, 256, 56, 1, 1},     {"1x1_256_64_56", 256, 64, 56, 1, 1},
    {"3x3_64_64_56", 64, 64, 56, 3, 1},       {"3x3_128_128_28", 128, 128, 28, 3, 1},
    {"1x1_512_128_28", 512, 128, 28, 1, 1},   {"3x3_256_256_14", 256, 256, 14, 3, 1},
    {"1x1_256_1024_14", 256, 1024, 14, 1, 1}, {"3x3_512_512_7", 512, 512, 7, 3, 1},
    {"1x1_2048_512_7", 2048, 512, 7, 1, 1},
};

void Run(benchmark::State& state, const Layer& layer, DType type, std::size_t which) {
  DotProblem problem;
  ConvProblem& p = problem.geometry;
  p.batch = 1;
  p.in_channels = layer.in;
  p.out_channels = layer.out;
  p.in_size = {1, layer.size, layer.size};
  p.kernel = {1, layer.kernel, layer.kernel};
  p.stride = {1, layer.stride, layer.stride};
  const std::int64_t pad = layer.kernel / 2;
  p.pad_begin = {0, pad, pad};
  const std::int64_t out = (layer.size + 2 * pad - layer.kernel) / layer.stride + 1;
  p.out_size = {1, out, out};
  p.src = ChannelsLastStrides(p.in_size, layer.in);
  p.dst = ChannelsLastStrides(p.out_size, layer.out);
  problem.src = problem.dst = type;
  const Target target = testing::BenchTarget();
  std::vector<Algorithm> algorithms;
  ListDot(problem, target, &algorithms);
  if (which >= algorithms.size()) return state.SkipWithError("no such algorithm here");
  const Algorithm algorithm = algorithms[which];
  state.SetLabel(DotAlgorithmName(algorithm));
  const std::int64_t weights = layer.in * layer.out * layer.kernel * layer.kernel;
  Floats src(layer.size * layer.size * layer.in), dst(out * out * layer.out), values(weights);
  Floats packed(PackedDotBytes(problem, algorithm) / 4 + 1);
  DotWeights constants;
  constants.values = values.data();
  std::vector<std::int8_t> integers(static_cast<std::size_t>(weights));
  for (std::size_t i = 0; i < integers.size(); ++i) {
    integers[i] = static_cast<std::int8_t>(i * 37 % 251 - 125);
  }
  std::vector<float> scales(static_cast<std::size_t>(layer.out), 1e-4f);
  constants.integers = integers.data();
  constants.scales = scales.data();
  PackDot(problem, algorithm, constants, packed.data());
  const BoundKernel kernel = BindDot(problem, algorithm, target);
  ThreadPool pool(1);
  Floats workspace(kernel.workspace_bytes / 4 + 16);
  void* operands[] = {src.data(), packed.data(), nullptr, dst.data()};
  const Call call{operands, workspace.data(), &pool};
  testing::MeasureShareOfPeak(state, target.isa, 1, EstimateDot(problem, algorithm, target).ops,
                              [&] { kernel.run(kernel.params.data(), call); });
}

const bool kRegistered = [] {
  for (const DType type : {DType::kBFloat16, DType::kInt8}) {
    for (std::size_t which = 0; which < 2; ++which) {
      for (const Layer& layer : kLayers) {
        const std::string name =
            absl::StrCat("Dot/", type == DType::kInt8 ? "int8/" : "bf16/", layer.name, "/", which);
        benchmark::RegisterBenchmark(
            name.c_str(),
            [&layer, type, which](benchmark::State& state) { Run(state, layer, type, which); })
            ->UseManualTime()
            ->Unit(benchmark::kMicrosecond)
            ->MinTime(0.1);
      }
    }
  }
  return true;
}();

}  // namespace
}  // namespace plumb::kernels
