// The bandwidth that this machine reaches: reads, writes and copies of the caches and of memory.
#pragma once

#include <cstdint>
#include <vector>

#include "core/target.h"
#include "core/thread_pool.h"

namespace plumb::kernels {

struct Bandwidth {
  enum class Level : std::uint8_t { kL1, kL2, kL3, kMemory };
  Level level = Level::kL1;
  int threads = 1;
  std::int64_t bytes_per_thread = 0;     // working set of each thread
  double read = 0, write = 0, copy = 0;  // bytes per second of all threads; a copy counts both ways
};

// Measures each level with one thread and with all of the pool's, in about 12 * `seconds_each` per
// thread count. Memory is measured on four times the last-level cache, at least 32, at most 256
// MiB. Writes are ordinary stores: a line is read before it is written, which is not counted.
std::vector<Bandwidth> MeasureBandwidth(const Target& target, ThreadPool* pool,
                                        double seconds_each = 0.02);

const char* LevelName(Bandwidth::Level level);  // "L1", "L2", "L3", "memory"

}  // namespace plumb::kernels
