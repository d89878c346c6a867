#include "kernels/peak/peak.h"

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "core/check.h"
#include "core/clock.h"
#include "kernels/target_needs.h"

namespace plumb::kernels {
namespace {

struct Row {
  Peak peak;
  Isa isa;
  bool (*runs)(const Target&);
};

#define PLUMB_PEAK(type, name, isa, need, loop) {{type, name, loop}, Isa::isa, needs::need},
constexpr Row kRows[] = {
#include "kernels/peak/peak.def"
};
#undef PLUMB_PEAK

// Operations per second of the calling thread, the best burst.
double BestBurst(FmaLoop loop, double seconds) {
  // Bursts of about a millisecond: short enough to fit between interruptions.
  constexpr std::int64_t kNanos = 1'000'000;
  std::int64_t rounds = 1000;
  volatile float sink = 0;
  double best = 0;
  const std::int64_t end = NowNanos() + static_cast<std::int64_t>(seconds * 1e9);
  do {
    float sum = 0;
    const std::int64_t begin = NowNanos();
    const std::int64_t operations = loop(rounds, &sum);
    const std::int64_t elapsed = std::max<std::int64_t>(1, NowNanos() - begin);
    sink = sink + sum;
    best = std::max(best, static_cast<double>(operations) * 1e9 / static_cast<double>(elapsed));
    if (elapsed < kNanos / 2) rounds *= 2;
  } while (NowNanos() < end);
  return best;
}

}  // namespace

std::vector<Peak> PeaksOf(const Target& target) {
  std::vector<Peak> peaks;
  for (const Row& row : kRows) {
    if (row.isa <= target.isa && row.runs(target)) peaks.push_back(row.peak);
  }
  return peaks;
}

double MeasurePeak(const Peak& peak, ThreadPool* pool, int threads, double seconds) {
  PLUMB_CHECK(threads >= 1 && threads <= pool->threads(), threads, " threads");
  std::vector<double> rates(static_cast<std::size_t>(threads));
  // A thread that has finished must not take the work of one that has not begun.
  std::atomic<int> begun{0};
  pool->ParallelFor(
      threads,
      [&](std::int64_t task) {
        begun.fetch_add(1);
        const std::int64_t patience = NowNanos() + 50'000'000;
        while (begun.load() < threads && NowNanos() < patience) {
        }
        rates[static_cast<std::size_t>(task)] = BestBurst(peak.loop, seconds);
      },
      threads);
  double sum = 0;
  for (const double rate : rates) sum += rate;
  return sum;
}

double MeasureFmaPeak(Isa isa, double seconds) {
  FmaLoop loop = &FmaLoopScalar;
  if (isa == Isa::kAvx2) loop = &FmaLoopAvx2;
  if (isa == Isa::kAvx512) loop = &FmaLoopAvx512;
  return BestBurst(loop, seconds) * 1e-9;
}

}  // namespace plumb::kernels
