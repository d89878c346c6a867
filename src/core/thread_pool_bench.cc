#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdint>

#include "core/clock.h"
#include "core/system_limits.h"
#include "core/thread_pool.h"

namespace plumb {
namespace {

// What a call costs beside its work: one empty task for each thread.
void EmptyCall(benchmark::State& state) {
  ThreadPool pool(UsableCores());
  std::atomic<std::int64_t> ran = 0;
  for (auto _ : state) {
    pool.ParallelFor(pool.threads(),
                     [&](std::int64_t) { ran.fetch_add(1, std::memory_order_relaxed); });
  }
  state.counters["threads"] = pool.threads();
}
BENCHMARK(EmptyCall)->UseRealTime();

// 64 tasks of `range` ns each: how near the wall time comes to the work divided by the threads.
void EvenWork(benchmark::State& state) {
  ThreadPool pool(UsableCores());
  const std::int64_t task_nanos = state.range(0);
  const std::int64_t began = NowNanos();
  for (auto _ : state) {
    pool.ParallelFor(64, [&](std::int64_t) {
      const std::int64_t end = NowNanos() + task_nanos;
      while (NowNanos() < end) {
      }
    });
  }
  const double work = 64.0 * static_cast<double>(task_nanos * state.iterations());
  state.counters["efficiency"] = work / (static_cast<double>(NowNanos() - began) * pool.threads());
}
BENCHMARK(EvenWork)->Arg(200)->Arg(1'000)->Arg(10'000)->UseRealTime();

}  // namespace
}  // namespace plumb
