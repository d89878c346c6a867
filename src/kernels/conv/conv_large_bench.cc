// Large kernels of stride 1 on square images, channels last: Fourier transforms of each size beside
// the best of the other algorithms, as the cost model ranks them. One thread.
//   kernels_bench --benchmark_filter=LargeConv
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "kernels/conv/conv.h"
#include "kernels/testing/peak_share.h"

namespace plumb::kernels {
namespace {

using testing::Floats;

struct Layer {
  std::int64_t kernel, channels, size;
  bool depthwise;
};

ConvProblem ProblemOf(const Layer& layer) {
  ConvProblem p;
  p.batch = 1;
  p.in_channels = p.out_channels = layer.channels;
  p.group = layer.depthwise ? layer.channels : 1;
  p.in_size = p.out_size = {1, layer.size, layer.size};
  p.kernel = {1, layer.kernel, layer.kernel};
  p.pad_begin = {0, layer.kernel / 2, layer.kernel / 2};
  p.src = p.dst = ChannelsLastStrides(p.in_size, layer.channels);
  return p;
}

// `kind`: how names begin; "" for all but Fourier transforms.
void BenchKind(benchmark::State& state, const Layer& layer, const std::string& kind) {
  const Target target = testing::BenchTarget();
  const ConvProblem p = ProblemOf(layer);
  std::vector<Algorithm> algorithms;
  ListConv(p, target, &algorithms);
  const Algorithm* best = nullptr;
  double efficiency = 0;
  for (const Algorithm& algorithm : algorithms) {
    const std::string name = ConvAlgorithmName(algorithm);
    if (kind.empty() ? name.starts_with("fft") : !name.starts_with(kind)) continue;
    const double share = EstimateConv(p, algorithm, target).efficiency;
    if (share <= efficiency) continue;
    best = &algorithm;
    efficiency = share;
  }
  if (best == nullptr) return state.SkipWithError("no such algorithm");
  Floats weights(layer.channels * layer.channels / p.group * layer.kernel * layer.kernel);
  Floats packed(PackedConvBytes(p, *best) / 4);
  PackConv(p, *best, weights.data(), nullptr, packed.data());
  const BoundKernel kernel = BindConv(p, *best, target);
  Floats workspace(kernel.workspace_bytes / 4 + 16);
  const std::int64_t floats = layer.size * layer.size * layer.channels;
  Floats src(floats), dst(floats);
  ThreadPool pool(1);
  void* operands[] = {src.data(), packed.data(), nullptr, dst.data()};
  state.SetLabel(ConvAlgorithmName(*best));
  testing::MeasureShareOfPeak(state, target.isa, 1, EstimateConv(p, *best, target).ops, [&] {
    kernel.run(kernel.params.data(), {operands, workspace.data(), &pool});
  });
  state.counters["predicted%"] = efficiency * 100;
  state.counters["packed_MB"] = static_cast<double>(PackedConvBytes(p, *best)) * 1e-6;
  state.counters["scratch_MB"] = static_cast<double>(kernel.workspace_bytes) * 1e-6;
}

const int kRegistered = [] {
  for (const bool depthwise : {false, true}) {
    for (const std::int64_t kernel : {9, 11, 15, 31}) {
      for (const std::int64_t channels : {1, 3, 16, 64}) {
        if (depthwise && channels < 16) continue;
        for (const std::int64_t size : {32, 56, 112, 224}) {
          for (const std::string kind : {"", "fft 16x16", "fft 32x32", "fft 64x64"}) {
            const std::string name =
                absl::StrCat("LargeConv/", kernel, "x", kernel, depthwise ? "/depthwise/" : "/",
                             channels, "/", size, "/", kind.empty() ? "others" : kind);
            benchmark::RegisterBenchmark(name.c_str(), BenchKind,
                                         Layer{kernel, channels, size, depthwise}, kind)
                ->UseManualTime()
                ->Unit(benchmark::kMicrosecond);
          }
        }
      }
    }
  }
  return 0;
}();

}  // namespace
}  // namespace plumb::kernels
