// Benchmarks of kernels that are bound by multiply-adds: best time of the iterations, beside the
// FMA peak of the core measured between them, because clocks and neighbours change by the second.
// With one thread the time is that of the processor, which other processes do not lengthen.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "benchmark/benchmark.h"
#include "core/clock.h"
#include "kernels/peak/peak.h"
#include "kernels/testing/kernel_bench.h"

namespace plumb::kernels::testing {

// Counters: GFLOP/s of the best iteration, the peak for all threads, and the share in per cent.
// `run` does `ops` operations.
template <typename Run>
void MeasureShareOfPeak(benchmark::State& state, Isa isa, int threads, double ops, Run&& run) {
  run();  // page in
  double peak = MeasureFmaPeak(isa, 0.004);
  double best = 1e30;
  std::int64_t iteration = 0;
  for (auto _ : state) {
    const std::int64_t begin = threads == 1 ? ThreadCpuNanos() : NowNanos();
    run();
    const std::int64_t end = threads == 1 ? ThreadCpuNanos() : NowNanos();
    const double seconds = static_cast<double>(end - begin) * 1e-9;
    best = std::min(best, seconds);
    state.SetIterationTime(seconds);
    if (++iteration % 64 == 0) peak = std::max(peak, MeasureFmaPeak(isa, 0.002));
  }
  peak = std::max(peak, MeasureFmaPeak(isa, 0.004)) * threads;
  state.counters["GFLOP/s"] = ops / best * 1e-9;
  state.counters["peak"] = peak;
  state.counters["share%"] = ops / best * 1e-7 / peak;
  state.counters["best_us"] = best * 1e6;
}

}  // namespace plumb::kernels::testing
