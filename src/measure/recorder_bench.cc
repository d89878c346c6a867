// What emitting costs the thread that does it.
#include <benchmark/benchmark.h>

#include "measure/recorder.h"

namespace plumb::measure {
namespace {

void BM_Emit(benchmark::State& state) {
  Recorder recorder;
  Span span;
  span.where = recorder.Name("x");
  for (auto _ : state) recorder.Emit(span);
}
BENCHMARK(BM_Emit);

void BM_ScopedSpan(benchmark::State& state) {
  Recorder recorder;
  const NameId where = recorder.Name("x");
  for (auto _ : state) ScopedSpan span(&recorder, where, Kind::kAi);
}
BENCHMARK(BM_ScopedSpan);

void BM_ScopedSpanWithoutRecorder(benchmark::State& state) {
  Recorder* recorder = nullptr;
  for (auto _ : state) {
    benchmark::DoNotOptimize(recorder);
    ScopedSpan span(recorder, 0, Kind::kAi);
  }
}
BENCHMARK(BM_ScopedSpanWithoutRecorder);

}  // namespace
}  // namespace plumb::measure
