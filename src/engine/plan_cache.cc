#include "engine/plan_cache.h"

#include <algorithm>

namespace plumb::engine {

std::shared_ptr<const Segment> PlanCache::Find(std::size_t begin, std::span<const Shape> shapes,
                                               std::span<const std::int64_t> elements) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (Entry& entry : entries_) {
    if (entry.key.begin == begin && std::ranges::equal(entry.key.shapes, shapes) &&
        std::ranges::equal(entry.key.elements, elements)) {
      entry.used = ++clock_;
      return entry.segment;
    }
  }
  return nullptr;
}

void PlanCache::Insert(PlanKey key, std::shared_ptr<const Segment> segment) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (entries_.size() >= kMaxPlans) {
    entries_.erase(
        std::min_element(entries_.begin(), entries_.end(),
                         [](const Entry& a, const Entry& b) { return a.used < b.used; }));
  }
  entries_.push_back({std::move(key), std::move(segment), ++clock_});
}

}  // namespace plumb::engine
