// Plans made so far, by where they begin and what they were made for. Bounded; the plan that was
// not used for longest goes first. Look-ups allocate nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "core/shape.h"
#include "engine/segment.h"

namespace plumb::engine {

struct PlanKey {
  std::size_t begin = 0;
  std::vector<Shape> shapes;           // of what is available at the begin
  std::vector<std::int64_t> elements;  // known elements that the plan depends on, else empty
};

// Thread-safe.
class PlanCache {
 public:
  static constexpr std::size_t kMaxPlans = 64;
  std::shared_ptr<const Segment> Find(std::size_t begin, std::span<const Shape> shapes,
                                      std::span<const std::int64_t> elements);
  void Insert(PlanKey key, std::shared_ptr<const Segment> segment);

 private:
  struct Entry {
    PlanKey key;
    std::shared_ptr<const Segment> segment;
    std::uint64_t used = 0;
  };
  std::mutex mutex_;
  std::vector<Entry> entries_;
  std::uint64_t clock_ = 0;
};

}  // namespace plumb::engine
