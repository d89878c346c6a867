#include "kernels/softmax/softmax.h"

#include "kernels/testing/kernel_bench.h"

namespace plumb::kernels {
namespace {

void BM_SoftmaxRows(benchmark::State& state) {
  const std::int64_t rows = state.range(0), n = state.range(1);
  SoftmaxProblem problem;
  problem.sizes = {rows, n};
  problem.axis = 1;
  problem.src_strides = problem.dst_strides = {n, 1};
  testing::Floats src(rows * n), dst(rows * n);
  testing::Measure(state, BindSoftmax(problem, testing::BenchTarget()), {src.data(), dst.data()},
                   double(rows * n) * 8);
}
BENCHMARK(BM_SoftmaxRows)->Args({1, 1000})->Args({4608, 384})->Args({8732, 21})->Args({1, 50000});

void BM_SoftmaxSideBySide(benchmark::State& state) {
  const std::int64_t n = state.range(0), inner = state.range(1);
  SoftmaxProblem problem;
  problem.sizes = {n, inner};
  problem.axis = 0;
  problem.src_strides = problem.dst_strides = {inner, 1};
  testing::Floats src(n * inner), dst(n * inner);
  testing::Measure(state, BindSoftmax(problem, testing::BenchTarget()), {src.data(), dst.data()},
                   double(n * inner) * 8);
}
BENCHMARK(BM_SoftmaxSideBySide)->Args({21, 50176})->Args({81, 8732});

}  // namespace
}  // namespace plumb::kernels
