// Counts of non-negative values in logarithmic buckets: 16 to each doubling, so that a bucket's
// ends are at most 6.25 % apart; values below 16 have a bucket each. Minimum, maximum and sum are
// exact.
#pragma once

#include <cstdint>
#include <vector>

namespace plumb::measure {

// Not synchronised. Memory grows with the largest value seen, to at most 8 KiB.
class Histogram {
 public:
  void Add(std::int64_t value);  // negative values count as 0
  void Merge(const Histogram& other);

  std::int64_t count() const { return count_; }
  std::int64_t min() const { return count_ == 0 ? 0 : min_; }
  std::int64_t max() const { return max_; }
  std::int64_t sum() const { return sum_; }

  // The upper end of the bucket where the value of rank ceil(p * count) lies, at most max();
  // 0 < p <= 1. 0 when empty.
  std::int64_t UpperQuantile(double p) const;

  // Upper ends of buckets and their counts, as a Summary stores them: only buckets that hold
  // something, and empty ones in front of them where there is a gap.
  void Export(std::vector<std::int64_t>* bounds, std::vector<std::int64_t>* counts) const;

 private:
  std::vector<std::int64_t> counts_;
  std::int64_t count_ = 0, min_ = 0, max_ = 0, sum_ = 0;
};

}  // namespace plumb::measure
