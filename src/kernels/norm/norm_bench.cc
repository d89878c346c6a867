#include "kernels/norm/norm.h"

#include "kernels/testing/kernel_bench.h"

namespace plumb::kernels {
namespace {

using testing::Floats;

void BM_LayerNorm(benchmark::State& state) {
  LayerNormProblem p;
  const std::int64_t rows = state.range(0);
  p.length = state.range(1);
  p.outer = {rows};
  p.src_outer = p.dst_outer = {p.length};
  Floats src(rows * p.length), gamma(p.length), beta(p.length), dst(rows * p.length);
  testing::Measure(state, BindLayerNorm(p, testing::BenchTarget()),
                   {src.data(), gamma.data(), beta.data(), dst.data()},
                   double(rows * p.length) * 8);
}
BENCHMARK(BM_LayerNorm)->Args({384, 768})->Args({1, 1024});

void BM_ChannelAffineRelu(benchmark::State& state) {
  ChannelAffineProblem p;
  p.channels = state.range(0);
  p.height = p.width = state.range(1);
  p.src_pixel = p.dst_pixel = p.channels;
  p.src_row = p.dst_row = p.channels * p.width;
  p.activation = Activation::kRelu;
  const std::int64_t n = p.channels * p.height * p.width;
  Floats src(n), scale(p.channels), shift(p.channels), dst(n);
  testing::Measure(state, BindChannelAffine(p, testing::BenchTarget()),
                   {src.data(), scale.data(), shift.data(), dst.data()}, double(n) * 8);
}
BENCHMARK(BM_ChannelAffineRelu)->Args({64, 56})->Args({256, 14});

void BM_InstanceNorm(benchmark::State& state) {
  GroupNormProblem p;
  p.channels = p.groups = state.range(0);
  p.pixels = state.range(1);
  p.src_pixel = p.dst_pixel = p.channels;
  const std::int64_t n = p.channels * p.pixels;
  Floats src(n), scale(p.channels), shift(p.channels), dst(n);
  testing::Measure(state, BindGroupNorm(p, testing::BenchTarget()),
                   {src.data(), scale.data(), shift.data(), dst.data()}, double(n) * 8);
}
BENCHMARK(BM_InstanceNorm)->Args({64, 3136})->Args({32, 50176});

// GoogLeNet's two and AlexNet's.
void BM_Lrn(benchmark::State& state) {
  LrnProblem p;
  p.channels = state.range(0);
  p.pixels = state.range(1);
  const bool last = state.range(2) == 1;
  p.src_channel = p.dst_channel = last ? 1 : p.pixels;
  p.src_pixel = p.dst_pixel = last ? p.channels : 1;
  const std::int64_t n = p.channels * p.pixels;
  Floats src(n), dst(n);
  testing::Measure(state, BindLrn(p, testing::BenchTarget()), {src.data(), dst.data()},
                   double(n) * 8);
}
BENCHMARK(BM_Lrn)
    ->Args({64, 3136, 1})
    ->Args({192, 3136, 1})
    ->Args({96, 3025, 1})
    ->Args({192, 3136, 0});

}  // namespace
}  // namespace plumb::kernels
