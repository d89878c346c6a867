#include "kernels/gather/gather.h"

#include "kernels/testing/kernel_bench.h"

namespace plumb::kernels {
namespace {

// Rows of an embedding table.
void BM_GatherRows(benchmark::State& state) {
  GatherProblem p;
  p.axis = 30522;
  p.count = state.range(0);
  p.inner_bytes = state.range(1) * 4;
  testing::Floats src(p.axis * state.range(1)), dst(p.count * state.range(1));
  std::vector<std::int64_t> indices;
  for (std::int64_t i = 0; i < p.count; ++i) indices.push_back(i * 7919 % p.axis);
  std::int64_t errors = 0;
  testing::Measure(state, BindGather(p, testing::BenchTarget()),
                   {src.data(), indices.data(), dst.data(), &errors},
                   double(p.count * p.inner_bytes) * 2);
}
BENCHMARK(BM_GatherRows)->Args({384, 768})->Args({4096, 1});

}  // namespace
}  // namespace plumb::kernels
