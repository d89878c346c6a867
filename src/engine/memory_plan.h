// Where values live in the arena: an offset for each buffer so that buffers alive together are
// apart.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace plumb::engine {

// Alive from the begin of step `first` to the end of step `last` (first <= last).
struct BufferLife {
  std::int64_t bytes = 0;
  int first = 0;
  int last = 0;
};

struct MemoryPlan {
  std::vector<std::int64_t> offsets;  // bytes, multiples of kArenaAlignment
  std::int64_t arena_bytes = 0;
  std::int64_t peak_live_bytes =
      0;  // largest sum of (aligned) bytes alive in one step: a lower bound
};

inline constexpr std::int64_t kArenaAlignment = 64;

// Tries a few orders of placement (by size, by size times life, by time), each at the gap that fits
// best, moves what sticks out on top to the front of the order a few times, and keeps the smallest
// arena; ends early when the lower bound is met.
// O(n^2) in the number of buffers.
MemoryPlan PlanMemory(std::span<const BufferLife> buffers);

}  // namespace plumb::engine
