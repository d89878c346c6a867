#include "engine/memory_plan.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace plumb::engine {
namespace {

std::int64_t Aligned(std::int64_t bytes) {
  return (bytes + kArenaAlignment - 1) / kArenaAlignment * kArenaAlignment;
}

std::int64_t PeakLiveBytes(std::span<const BufferLife> buffers) {
  int steps = 0;
  for (const BufferLife& b : buffers) steps = std::max(steps, b.last + 2);
  std::vector<std::int64_t> change(static_cast<std::size_t>(steps) + 1, 0);
  for (const BufferLife& b : buffers) {
    change[static_cast<std::size_t>(b.first)] += Aligned(b.bytes);
    change[static_cast<std::size_t>(b.last) + 1] -= Aligned(b.bytes);
  }
  std::int64_t live = 0, peak = 0;
  for (std::int64_t c : change) {
    live += c;
    peak = std::max(peak, live);
  }
  return peak;
}

// Places buffers one by one in `order`. The gap that fits with the least waste is taken, so that
// large gaps stay for large buffers.
std::int64_t Place(std::span<const BufferLife> buffers, std::span<const int> order,
                   std::vector<std::int64_t>* offsets) {
  std::vector<int> placed;  // by offset
  placed.reserve(order.size());
  std::int64_t arena = 0;
  for (int id : order) {
    const BufferLife& buffer = buffers[static_cast<std::size_t>(id)];
    const std::int64_t bytes = Aligned(buffer.bytes);
    std::int64_t best = -1, best_waste = 0, end = 0;
    for (int other_id : placed) {
      const BufferLife& other = buffers[static_cast<std::size_t>(other_id)];
      if (other.last < buffer.first || buffer.last < other.first) continue;
      const std::int64_t begin = (*offsets)[static_cast<std::size_t>(other_id)];
      const std::int64_t gap = begin - end;
      if (gap >= bytes && (best < 0 || gap - bytes < best_waste)) {
        best = end;
        best_waste = gap - bytes;
      }
      end = std::max(end, begin + Aligned(other.bytes));
    }
    const std::int64_t offset = best >= 0 ? best : end;
    (*offsets)[static_cast<std::size_t>(id)] = offset;
    arena = std::max(arena, offset + bytes);
    const auto at = std::upper_bound(placed.begin(), placed.end(), id, [&](int a, int b) {
      return (*offsets)[static_cast<std::size_t>(a)] < (*offsets)[static_cast<std::size_t>(b)];
    });
    placed.insert(at, id);
  }
  return arena;
}

// The buffer whose end is the end of the arena.
std::size_t Topmost(std::span<const BufferLife> buffers, const std::vector<std::int64_t>& offsets) {
  std::size_t top = 0;
  std::int64_t end = -1;
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    const std::int64_t this_end = offsets[i] + Aligned(buffers[i].bytes);
    if (this_end > end) {
      end = this_end;
      top = i;
    }
  }
  return top;
}

// Remembers the smallest arena seen.
class Best {
 public:
  explicit Best(std::span<const BufferLife> buffers) : buffers_(buffers) {
    plan_.peak_live_bytes = PeakLiveBytes(buffers);
    plan_.offsets.assign(buffers.size(), 0);
    offsets_.assign(buffers.size(), 0);
  }
  void Try(std::span<const int> order) {
    const std::int64_t arena = Place(buffers_, order, &offsets_);
    if (!tried_ || arena < plan_.arena_bytes) {
      plan_.arena_bytes = arena;
      plan_.offsets = offsets_;
    }
    tried_ = true;
  }
  bool optimal() const { return tried_ && plan_.arena_bytes == plan_.peak_live_bytes; }
  const std::vector<std::int64_t>& last_offsets() const { return offsets_; }
  MemoryPlan Take() { return std::move(plan_); }

 private:
  std::span<const BufferLife> buffers_;
  MemoryPlan plan_;
  std::vector<std::int64_t> offsets_;
  bool tried_ = false;
};

}  // namespace

MemoryPlan PlanMemory(std::span<const BufferLife> buffers) {
  Best best(buffers);
  std::vector<int> order(buffers.size());
  using Key = std::pair<double, double>;
  using KeyFn = Key (*)(const BufferLife&);
  static constexpr KeyFn kOrders[] = {
      [](const BufferLife& b) {
        return Key{-static_cast<double>(b.bytes), b.first};
      },
      [](const BufferLife& b) {
        return Key{b.first, -static_cast<double>(b.bytes)};
      },
      [](const BufferLife& b) {
        return Key{-static_cast<double>(b.bytes) * (b.last - b.first + 1), b.first};
      },
      [](const BufferLife& b) {
        return Key{-(b.last - b.first), -static_cast<double>(b.bytes)};
      },
      [](const BufferLife& b) {
        return Key{-b.last, -static_cast<double>(b.bytes)};
      },
  };
  for (KeyFn key : kOrders) {
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
      return key(buffers[static_cast<std::size_t>(a)]) < key(buffers[static_cast<std::size_t>(b)]);
    });
    best.Try(order);
    // What sticks out on top is placed first the next time.
    constexpr int kRepairs = 12;
    for (int repair = 0; repair < kRepairs && !best.optimal() && order.size() > 2; ++repair) {
      const int top = static_cast<int>(Topmost(buffers, best.last_offsets()));
      const auto at = std::find(order.begin(), order.end(), top);
      std::rotate(order.begin(), at, at + 1);
      best.Try(order);
    }
    if (best.optimal()) break;
  }
  return best.Take();
}

}  // namespace plumb::engine
