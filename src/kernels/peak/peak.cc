#include "kernels/peak/peak.h"

#include <algorithm>
#include <cstdint>

#include "core/clock.h"
#include "kernels/peak/fma_loops.h"

namespace plumb::kernels {

double MeasureFmaPeak(Isa isa, double seconds) {
  FmaLoop loop = &FmaLoopScalar;
  if (isa == Isa::kAvx2) loop = &FmaLoopAvx2;
  if (isa == Isa::kAvx512) loop = &FmaLoopAvx512;

  // Bursts of about a millisecond: short enough to fit between interruptions.
  constexpr std::int64_t kRounds = 20000;
  volatile float sink = 0;
  double best = 0;
  const std::int64_t end = NowNanos() + static_cast<std::int64_t>(seconds * 1e9);
  do {
    float sum = 0;
    const std::int64_t begin = NowNanos();
    const std::int64_t operations = loop(kRounds, &sum);
    const std::int64_t elapsed = std::max<std::int64_t>(1, NowNanos() - begin);
    sink = sink + sum;
    best = std::max(best, static_cast<double>(operations) / static_cast<double>(elapsed));
  } while (NowNanos() < end);
  return best;
}

}  // namespace plumb::kernels
