#include "kernels/pool/pool.h"

#include "kernels/testing/kernel_bench.h"

namespace plumb::kernels {
namespace {

void Run(benchmark::State& state, PoolKind kind, std::int64_t size, std::int64_t channels,
         std::int64_t kernel, std::int64_t stride, std::int64_t pad) {
  PoolProblem p;
  p.kind = kind;
  p.channels = channels;
  const std::int64_t out = (size + 2 * pad - kernel) / stride + 1;
  for (int d = 1; d < 3; ++d) {
    p.in_sizes[d] = size;
    p.out_sizes[d] = out;
    p.kernel[d] = kernel;
    p.stride[d] = stride;
    p.pad_begin[d] = p.pad_end[d] = pad;
  }
  p.in_spatial[2] = p.out_spatial[2] = channels;
  p.in_spatial[1] = channels * size;
  p.out_spatial[1] = channels * out;
  testing::Floats src(size * size * channels), dst(out * out * channels);
  testing::Measure(state, BindPool(p, testing::BenchTarget()), {src.data(), dst.data()},
                   double((size * size + out * out) * channels) * 4);
}

void BM_MaxPool3x3Stride2(benchmark::State& state) {
  Run(state, PoolKind::kMax, state.range(0), state.range(1), 3, 2, 1);
}
BENCHMARK(BM_MaxPool3x3Stride2)->Args({112, 64})->Args({28, 480});
void BM_MaxPool3x3Stride1(benchmark::State& state) {
  Run(state, PoolKind::kMax, state.range(0), state.range(1), 3, 1, 1);
}
BENCHMARK(BM_MaxPool3x3Stride1)->Args({28, 192})->Args({14, 512});
void BM_AveragePool2x2(benchmark::State& state) {
  Run(state, PoolKind::kAverage, state.range(0), state.range(1), 2, 2, 0);
}
BENCHMARK(BM_AveragePool2x2)->Args({56, 128});
void BM_GlobalAverage(benchmark::State& state) {
  Run(state, PoolKind::kAverage, state.range(0), state.range(1), state.range(0), 1, 0);
}
BENCHMARK(BM_GlobalAverage)->Args({7, 2048})->Args({56, 24})->Args({112, 16});

}  // namespace
}  // namespace plumb::kernels
