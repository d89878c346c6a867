#include "kernels/eltwise/eltwise.h"

#include "kernels/testing/kernel_bench.h"

namespace plumb::kernels {
namespace {

using testing::Floats;

EltInstruction Op(EltOp op, std::uint8_t a, std::uint8_t b = 0) {
  EltInstruction in;
  in.op = op;
  in.a = a;
  in.b = b;
  return in;
}

// The ceiling: the C library's copy of as many bytes.
void BM_Memcpy(benchmark::State& state) {
  const std::int64_t n = state.range(0);
  Floats x(n), y(n);
  for (auto _ : state) {
    std::memcpy(y.data(), x.data(), static_cast<std::size_t>(n) * 4);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * n * 8);
}
BENCHMARK(BM_Memcpy)->Arg(4 << 10)->Arg(64 << 10)->Arg(4 << 20);

void BM_Unary(benchmark::State& state, EltOp op) {
  const Target target = testing::BenchTarget();
  const DType inputs[] = {DType::kFloat32};
  const EltInstruction code[] = {Op(op, 0)};
  const int outputs[] = {1};
  auto program = *EltProgram::Make(inputs, code, outputs, target);
  const std::int64_t n = state.range(0);
  EltProblem problem;
  problem.program = program.get();
  problem.sizes = Shape{n};
  problem.strides[0] = problem.strides[1] = {1};
  Floats x(n), y(n);
  testing::Measure(state, BindEltwise(problem, target), {x.data(), y.data()}, double(n) * 8);
}
#define PLUMB_UNARY(op) \
  BENCHMARK_CAPTURE(BM_Unary, op, EltOp::op)->Arg(4 << 10)->Arg(64 << 10)->Arg(4 << 20)
PLUMB_UNARY(kRelu);
PLUMB_UNARY(kExp);
PLUMB_UNARY(kLog);
PLUMB_UNARY(kTanh);
PLUMB_UNARY(kSigmoid);
PLUMB_UNARY(kErf);
PLUMB_UNARY(kGelu);
PLUMB_UNARY(kHardSwish);
PLUMB_UNARY(kMish);

// relu(a + b), and x * scale[c] + shift[c] followed by sigmoid, over [pixels, channels].
void BM_AddRelu(benchmark::State& state) {
  const Target target = testing::BenchTarget();
  const DType inputs[] = {DType::kFloat32, DType::kFloat32};
  const EltInstruction code[] = {Op(EltOp::kAdd, 0, 1), Op(EltOp::kRelu, 2)};
  const int outputs[] = {3};
  auto program = *EltProgram::Make(inputs, code, outputs, target);
  const std::int64_t n = state.range(0);
  EltProblem problem;
  problem.program = program.get();
  problem.sizes = Shape{n};
  problem.strides[0] = problem.strides[1] = problem.strides[2] = {1};
  Floats x(n), z(n), y(n);
  testing::Measure(state, BindEltwise(problem, target), {x.data(), z.data(), y.data()},
                   double(n) * 12);
}
BENCHMARK(BM_AddRelu)->Arg(4 << 10)->Arg(64 << 10)->Arg(4 << 20);

void BM_ScaleShiftSilu(benchmark::State& state) {
  const Target target = testing::BenchTarget();
  const DType f = DType::kFloat32;
  const DType inputs[] = {f, f, f};
  const EltInstruction code[] = {Op(EltOp::kMul, 0, 1), Op(EltOp::kAdd, 3, 2), Op(EltOp::kSilu, 4)};
  const int outputs[] = {5};
  auto program = *EltProgram::Make(inputs, code, outputs, target);
  const std::int64_t channels = state.range(0), pixels = (256 << 10) / channels;
  EltProblem problem;
  problem.program = program.get();
  problem.sizes = Shape{pixels, channels};
  problem.strides[0] = problem.strides[3] = {channels, 1};
  problem.strides[1] = problem.strides[2] = {0, 1};
  Floats x(pixels * channels), scale(channels), shift(channels), y(pixels * channels);
  testing::Measure(state, BindEltwise(problem, target),
                   {x.data(), scale.data(), shift.data(), y.data()}, double(256 << 10) * 8);
}
BENCHMARK(BM_ScaleShiftSilu)->Arg(3)->Arg(17)->Arg(64)->Arg(2048);

}  // namespace
}  // namespace plumb::kernels
