// Layers of well-known networks, one thread and two, as shares of the FMA peak; and all
// convolutions of ResNet-50 in a row with their own weights, which do not fit the caches. Images
// are channels last, pixels padded where their size would be a multiple of 2 KiB.
//   kernels_bench --benchmark_filter=Conv
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
  const char* name;
  std::int64_t in;
  std::int64_t out;
  std::int64_t size;  // of the input image
  std::int64_t kernel;
  std::int64_t stride;
  std::int64_t group;
  int count;  // how often in its network
  bool residual;
};

constexpr Layer kResNet50[] = {
    {"stem_7x7s2_3_64_224", 3, 64, 224, 7, 2, 1, 1, false},
    {"1x1_64_64_56", 64, 64, 56, 1, 1, 1, 1, false},
    {"3x3_64_64_56", 64, 64, 56, 3, 1, 1, 3, false},
    {"1x1_64_256_56", 64, 256, 56, 1, 1, 1, 1, false},
    {"1x1_64_256_56_residual", 64, 256, 56, 1, 1, 1, 3, true},
    {"1x1_256_64_56", 256, 64, 56, 1, 1, 1, 2, false},
    {"1x1_256_128_56", 256, 128, 56, 1, 1, 1, 1, false},
    {"3x3s2_128_128_56", 128, 128, 56, 3, 2, 1, 1, false},
    {"1x1s2_256_512_56", 256, 512, 56, 1, 2, 1, 1, false},
    {"1x1_128_512_28_residual", 128, 512, 28, 1, 1, 1, 4, true},
    {"1x1_512_128_28", 512, 128, 28, 1, 1, 1, 3, false},
    {"3x3_128_128_28", 128, 128, 28, 3, 1, 1, 3, false},
    {"1x1_512_256_28", 512, 256, 28, 1, 1, 1, 1, false},
    {"3x3s2_256_256_28", 256, 256, 28, 3, 2, 1, 1, false},
    {"1x1s2_512_1024_28", 512, 1024, 28, 1, 2, 1, 1, false},
    {"1x1_256_1024_14_residual", 256, 1024, 14, 1, 1, 1, 6, true},
    {"1x1_1024_256_14", 1024, 256, 14, 1, 1, 1, 5, false},
    {"3x3_256_256_14", 256, 256, 14, 3, 1, 1, 5, false},
    {"1x1_1024_512_14", 1024, 512, 14, 1, 1, 1, 1, false},
    {"3x3s2_512_512_14", 512, 512, 14, 3, 2, 1, 1, false},
    {"1x1s2_1024_2048_14", 1024, 2048, 14, 1, 2, 1, 1, false},
    {"1x1_512_2048_7_residual", 512, 2048, 7, 1, 1, 1, 3, true},
    {"1x1_2048_512_7", 2048, 512, 7, 1, 1, 1, 2, false},
    {"3x3_512_512_7", 512, 512, 7, 3, 1, 1, 2, false},
};

constexpr Layer kOthers[] = {
    {"vgg_3x3_3_64_224", 3, 64, 224, 3, 1, 1, 1, false},
    {"vgg_3x3_64_64_224", 64, 64, 224, 3, 1, 1, 1, false},
    {"vgg_3x3_128_128_112", 128, 128, 112, 3, 1, 1, 1, false},
    {"vgg_3x3_256_256_56", 256, 256, 56, 3, 1, 1, 1, false},
    {"vgg_3x3_512_512_28", 512, 512, 28, 3, 1, 1, 1, false},
    {"mobilenet_depthwise_3x3_32_112", 32, 32, 112, 3, 1, 32, 1, false},
    {"mobilenet_depthwise_3x3s2_64_112", 64, 64, 112, 3, 2, 64, 1, false},
    {"mobilenet_depthwise_3x3_128_56", 128, 128, 56, 3, 1, 128, 1, false},
    {"mobilenet_depthwise_3x3_256_28", 256, 256, 28, 3, 1, 256, 1, false},
    {"mobilenet_depthwise_3x3_512_14", 512, 512, 14, 3, 1, 512, 1, false},
    {"mobilenet_depthwise_3x3_1024_7", 1024, 1024, 7, 3, 1, 1024, 1, false},
    {"efficientnet_depthwise_5x5_240_28", 240, 240, 28, 5, 1, 240, 1, false},
    {"resnext_3x3_128_128_56_32_groups", 128, 128, 56, 3, 1, 32, 1, false},
    {"resnext_3x3_512_512_14_32_groups", 512, 512, 14, 3, 1, 32, 1, false},
    {"mobilenetv2_1x1_144_24_56", 144, 24, 56, 1, 1, 1, 1, false},
    {"1x1_40_40_28", 40, 40, 28, 1, 1, 1, 1, false},
};

std::int64_t Pixel(std::int64_t channels) { return channels % 512 == 0 ? channels + 16 : channels; }

ConvProblem MakeProblem(const Layer& layer) {
  ConvProblem p;
  p.batch = 1;
  p.in_channels = layer.in;
  p.out_channels = layer.out;
  p.group = layer.group;
  p.in_size = {1, layer.size, layer.size};
  p.kernel = {1, layer.kernel, layer.kernel};
  p.stride = {1, layer.stride, layer.stride};
  const std::int64_t pad = layer.kernel / 2;
  p.pad_begin = {0, pad, pad};
  const std::int64_t out = (layer.size + 2 * pad - layer.kernel) / layer.stride + 1;
  p.out_size = {1, out, out};
  p.src =
      layer.in == 3 ? PlanarStrides(p.in_size, 3) : ChannelsLastStrides(p.in_size, Pixel(layer.in));
  p.dst = p.residual = ChannelsLastStrides(p.out_size, Pixel(layer.out));
  p.epilogue = {.activation = Activation::kRelu, .has_bias = true, .has_residual = layer.residual};
  return p;
}

// A layer with weights of its own; images are the caller's.
struct Step {
  Step(const Layer& layer, const Target& target)
      : problem(MakeProblem(layer)),
        algorithm(Best(problem, target)),
        packed(PackedConvBytes(problem, algorithm) / 4),
        kernel(BindConv(problem, algorithm, target)) {
    Floats weights(layer.out * layer.in / layer.group * layer.kernel * layer.kernel);
    Floats bias(layer.out);
    PackConv(problem, algorithm, weights.data(), bias.data(), packed.data());
  }
  static Algorithm Best(const ConvProblem& problem, const Target& target) {
    std::vector<Algorithm> algorithms;
    ListConv(problem, target, &algorithms);
    return algorithms.front();
  }
  double ops(const Target& target) const { return EstimateConv(problem, algorithm, target).ops; }
  void Run(float* src, float* residual, float* dst, ThreadPool* pool) {
    void* operands[] = {src, packed.data(), residual, dst};
    kernel.run(kernel.params.data(), {operands, nullptr, pool});
  }

  ConvProblem problem;
  Algorithm algorithm;
  Floats packed;
  BoundKernel kernel;
};

constexpr std::int64_t kImageFloats = 224 * 224 * 64 + 4096;

void BenchLayer(benchmark::State& state, const Layer& layer, int threads) {
  const Target target = testing::BenchTarget();
  Step step(layer, target);
  ThreadPool pool(threads);
  Floats src(kImageFloats), residual(kImageFloats), dst(kImageFloats);
  state.SetLabel(ConvAlgorithmName(step.algorithm));
  testing::MeasureShareOfPeak(state, target.isa, threads, step.ops(target),
                              [&] { step.Run(src.data(), residual.data(), dst.data(), &pool); });
}

void BenchResNet50(benchmark::State& state) {
  const int threads = static_cast<int>(state.range(0));
  const Target target = testing::BenchTarget();
  std::vector<std::unique_ptr<Step>> steps;
  double ops = 0;
  for (const Layer& layer : kResNet50) {
    for (int i = 0; i < layer.count; ++i) {
      steps.push_back(std::make_unique<Step>(layer, target));
      ops += steps.back()->ops(target);
    }
  }
  ThreadPool pool(threads);
  Floats image[3] = {Floats(kImageFloats), Floats(kImageFloats), Floats(kImageFloats)};
  testing::MeasureShareOfPeak(state, target.isa, threads, ops, [&] {
    for (std::size_t i = 0; i < steps.size(); ++i) {
      steps[i]->Run(image[i % 2].data(), image[2].data(), image[1 - i % 2].data(), &pool);
    }
  });
}
BENCHMARK(BenchResNet50)
    ->Name("Conv/resnet50_stack/threads")
    ->Arg(1)
    ->Arg(2)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

const int kRegistered = [] {
  auto add = [](const char* group, const Layer& layer) {
    for (int threads : {1, 2}) {
      const std::string name = absl::StrCat("Conv/", group, "/", layer.name, "/", threads);
      benchmark::RegisterBenchmark(name.c_str(), BenchLayer, layer, threads)
          ->UseManualTime()
          ->Unit(benchmark::kMicrosecond);
    }
  };
  for (const Layer& layer : kResNet50) add("resnet50", layer);
  for (const Layer& layer : kOthers) add("others", layer);
  return 0;
}();

}  // namespace
}  // namespace plumb::kernels
