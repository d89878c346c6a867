#include "kernels/reduce/reduce.h"

#include "kernels/testing/kernel_bench.h"

namespace plumb::kernels {
namespace {

// [rows, columns], one of the two reduced.
void Run(benchmark::State& state, ReduceKind kind, std::uint32_t reduced) {
  ReduceProblem p;
  p.kind = kind;
  p.sizes = {state.range(0), state.range(1)};
  p.reduced = reduced;
  p.src_strides = RowMajorStrides(p.sizes);
  p.dst_strides = reduced == 1 ? Strides{0, 1} : Strides{1, 0};
  const std::int64_t n = NumElements(p.sizes);
  testing::Floats src(n), dst(n);
  testing::Measure(state, BindReduce(p, testing::BenchTarget()), {src.data(), dst.data()},
                   double(n) * 4);
}

void BM_SumRows(benchmark::State& state) { Run(state, ReduceKind::kSum, 2); }
BENCHMARK(BM_SumRows)->Args({2048, 49})->Args({1, 1 << 20})->Args({384, 768});
void BM_MeanColumns(benchmark::State& state) { Run(state, ReduceKind::kMean, 1); }
BENCHMARK(BM_MeanColumns)->Args({49, 2048})->Args({3136, 64})->Args({12544, 16});
void BM_MaxRows(benchmark::State& state) { Run(state, ReduceKind::kMax, 2); }
BENCHMARK(BM_MaxRows)->Args({384, 768});
void BM_LogSumExpRows(benchmark::State& state) { Run(state, ReduceKind::kLogSumExp, 2); }
BENCHMARK(BM_LogSumExpRows)->Args({384, 768});

}  // namespace
}  // namespace plumb::kernels
