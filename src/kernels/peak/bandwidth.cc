#include "kernels/peak/bandwidth.h"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "core/clock.h"
#include "kernels/peak/bandwidth_loops.h"

namespace plumb::kernels {
namespace {

struct Free {
  void operator()(float* p) const { std::free(p); }
};
using Buffer = std::unique_ptr<float, Free>;

constexpr std::int64_t kGranule = 4096;         // bytes; sizes are multiples of it
constexpr std::int64_t kMaxMemory = 256 << 20;  // of all threads together
constexpr std::int64_t kMinMemory = 32 << 20;

// A working set well inside of the level and well outside of the one before.
std::int64_t BytesPerThread(const Target& target, Bandwidth::Level level, int threads) {
  std::int64_t bytes = target.l1_bytes / 2;
  if (level == Bandwidth::Level::kL2) bytes = target.l2_bytes / 2;
  if (level == Bandwidth::Level::kL3) {
    bytes = std::max(2 * target.l2_bytes, target.l3_bytes / 2 / threads);
  }
  if (level == Bandwidth::Level::kMemory) {
    bytes = std::clamp(4 * target.l3_bytes, kMinMemory, kMaxMemory) / threads;
  }
  return std::max(2 * kGranule, bytes / (2 * kGranule) * (2 * kGranule));
}

enum class Access { kRead, kWrite, kCopy };

// One walk over a thread's buffer; a copy goes from its first half to its second.
float Walk(const BandwidthLoops& loops, Access access, float* buffer, std::int64_t floats) {
  switch (access) {
    case Access::kRead: return loops.read(buffer, floats);
    case Access::kWrite: loops.write(buffer, floats, 1.0f); return 0;
    case Access::kCopy: loops.copy(buffer, buffer + floats / 2, floats / 2); return 0;
  }
  return 0;
}

// The best of several bursts, in bytes per second of all threads; a copy of half the buffer reads
// and writes as many bytes as the buffer has.
double Measure(const BandwidthLoops& loops, Access access, const std::vector<Buffer>& buffers,
               std::int64_t bytes, double seconds, ThreadPool* pool) {
  const std::int64_t threads = static_cast<std::int64_t>(buffers.size());
  const std::int64_t walks = std::max<std::int64_t>(1, (16 << 20) / bytes);
  volatile float sink = 0;
  double best = 0;
  const std::int64_t end = NowNanos() + static_cast<std::int64_t>(seconds * 1e9);
  do {
    const std::int64_t begin = NowNanos();
    pool->ParallelFor(
        threads,
        [&](std::int64_t t) {
          float sum = 0;
          for (std::int64_t w = 0; w < walks; ++w) {
            sum += Walk(loops, access, buffers[std::size_t(t)].get(), bytes / 4);
          }
          if (sum != 0) sink = sum;
        },
        static_cast<int>(threads));
    const double elapsed = static_cast<double>(std::max<std::int64_t>(1, NowNanos() - begin));
    best = std::max(best, static_cast<double>(threads * walks * bytes) / elapsed * 1e9);
  } while (NowNanos() < end);
  return best;
}

}  // namespace

std::vector<Bandwidth> MeasureBandwidth(const Target& target, ThreadPool* pool,
                                        double seconds_each) {
  const BandwidthLoops loops = target.isa == Isa::kAvx512 ? BandwidthAvx512()
                               : target.isa == Isa::kAvx2 ? BandwidthAvx2()
                                                          : BandwidthScalar();
  std::vector<int> counts{1};
  if (pool->threads() > 1) counts.push_back(pool->threads());
  std::vector<Bandwidth> results;
  for (int threads : counts) {
    for (Bandwidth::Level level : {Bandwidth::Level::kL1, Bandwidth::Level::kL2,
                                   Bandwidth::Level::kL3, Bandwidth::Level::kMemory}) {
      Bandwidth result;
      result.level = level;
      result.threads = threads;
      result.bytes_per_thread = BytesPerThread(target, level, threads);
      std::vector<Buffer> buffers;
      for (int t = 0; t < threads; ++t) {
        void* memory = std::aligned_alloc(4096, static_cast<std::size_t>(result.bytes_per_thread));
        if (memory == nullptr) return results;
        buffers.emplace_back(static_cast<float*>(memory));
        loops.write(buffers.back().get(), result.bytes_per_thread / 4, 0.0f);
      }
      const std::int64_t bytes = result.bytes_per_thread;
      result.write = Measure(loops, Access::kWrite, buffers, bytes, seconds_each, pool);
      result.read = Measure(loops, Access::kRead, buffers, bytes, seconds_each, pool);
      result.copy = Measure(loops, Access::kCopy, buffers, bytes, seconds_each, pool);
      results.push_back(result);
    }
  }
  return results;
}

const char* LevelName(Bandwidth::Level level) {
  switch (level) {
    case Bandwidth::Level::kL1: return "L1";
    case Bandwidth::Level::kL2: return "L2";
    case Bandwidth::Level::kL3: return "L3";
    case Bandwidth::Level::kMemory: return "memory";
  }
  return "";
}

}  // namespace plumb::kernels
