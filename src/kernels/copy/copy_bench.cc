#include "kernels/copy/copy.h"

#include "kernels/testing/kernel_bench.h"

namespace plumb::kernels {
namespace {

using testing::Floats;

void Run(benchmark::State& state, const Region& region, std::int64_t span) {
  CopyProblem problem;
  problem.regions = {&region, 1};
  CopyPlan plan;
  PlanCopy(problem, &plan);
  Floats src(span), dst(span);
  testing::Measure(state, BindCopy(&plan, testing::BenchTarget()), {src.data(), dst.data()},
                   double(plan.bytes_moved));
}

// [channels, pixels] to [pixels, channels] and back.
void BM_ToChannelsLast(benchmark::State& state) {
  const std::int64_t channels = state.range(0), pixels = state.range(1);
  Region region;
  region.sizes = {channels, pixels};
  region.src_strides = {pixels, 1};
  region.dst_strides = {1, channels};
  Run(state, region, channels * pixels);
}
BENCHMARK(BM_ToChannelsLast)
    ->Args({3, 50176})
    ->Args({64, 3136})
    ->Args({256, 196})
    ->Args({2048, 49});

void BM_FromChannelsLast(benchmark::State& state) {
  const std::int64_t channels = state.range(0), pixels = state.range(1);
  Region region;
  region.sizes = {channels, pixels};
  region.src_strides = {1, channels};
  region.dst_strides = {pixels, 1};
  Run(state, region, channels * pixels);
}
BENCHMARK(BM_FromChannelsLast)->Args({3, 50176})->Args({64, 3136})->Args({2048, 49});

// A slice of channels into a wider buffer.
void BM_Concat(benchmark::State& state) {
  const std::int64_t channels = state.range(0), pixels = state.range(1);
  Region region;
  region.sizes = {pixels, channels};
  region.src_strides = {channels, 1};
  region.dst_strides = {channels * 2, 1};
  Run(state, region, channels * 2 * pixels);
}
BENCHMARK(BM_Concat)->Args({3, 50176})->Args({32, 3136})->Args({64, 3136})->Args({1024, 49});

// Channel shuffle of three groups on channels-last.
void BM_ChannelShuffle(benchmark::State& state) {
  const std::int64_t per_group = state.range(0), pixels = state.range(1);
  Region region;
  region.sizes = {pixels, per_group, 3};
  region.src_strides = {3 * per_group, 1, per_group};
  region.dst_strides = {3 * per_group, 3, 1};
  Run(state, region, 3 * per_group * pixels);
}
BENCHMARK(BM_ChannelShuffle)->Args({20, 3136})->Args({80, 784});

}  // namespace
}  // namespace plumb::kernels
