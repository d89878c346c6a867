#include "measure/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace plumb::measure {
namespace {

constexpr int kSubBits = 4;
constexpr std::int64_t kSub = 1 << kSubBits;

std::size_t BucketOf(std::int64_t value) {
  if (value < kSub) return static_cast<std::size_t>(value);
  const int exponent = 63 - std::countl_zero(static_cast<std::uint64_t>(value));
  const std::int64_t sub = (value >> (exponent - kSubBits)) & (kSub - 1);
  return static_cast<std::size_t>((exponent - kSubBits + 1) * kSub + sub);
}

// The largest value of a bucket.
std::int64_t UpperEnd(std::size_t bucket) {
  const std::int64_t index = static_cast<std::int64_t>(bucket);
  if (index < kSub) return index;
  const int shift = static_cast<int>(index / kSub) - 1;
  const std::uint64_t next = static_cast<std::uint64_t>(kSub + index % kSub + 1) << shift;
  return static_cast<std::int64_t>(next - 1);
}

// Stays at the largest number that there is.
std::int64_t SumOf(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::int64_t>::max() : sum;
}

}  // namespace

void Histogram::Add(std::int64_t value) {
  value = std::max<std::int64_t>(value, 0);
  const std::size_t bucket = BucketOf(value);
  if (bucket >= counts_.size()) counts_.resize(bucket + 1, 0);
  ++counts_[bucket];
  min_ = count_ == 0 ? value : std::min(min_, value);
  max_ = std::max(max_, value);
  sum_ = SumOf(sum_, value);
  ++count_;
}

void Histogram::Merge(const Histogram& other) {
  if (other.count_ == 0) return;
  if (other.counts_.size() > counts_.size()) counts_.resize(other.counts_.size(), 0);
  for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
  min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ = SumOf(sum_, other.sum_);
  count_ += other.count_;
}

std::int64_t Histogram::UpperQuantile(double p) const {
  const std::int64_t rank = std::clamp<std::int64_t>(
      static_cast<std::int64_t>(std::ceil(p * static_cast<double>(count_) - 1e-9)), 1,
      std::max<std::int64_t>(count_, 1));
  std::int64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= rank) return std::min(max_, UpperEnd(i));
  }
  return 0;
}

void Histogram::Export(std::vector<std::int64_t>* bounds, std::vector<std::int64_t>* counts) const {
  bounds->clear();
  counts->clear();
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == 0) continue;
    if (i > 0 && (bounds->empty() || bounds->back() != UpperEnd(i - 1))) {
      bounds->push_back(UpperEnd(i - 1));
      counts->push_back(0);
    }
    bounds->push_back(UpperEnd(i));
    counts->push_back(counts_[i]);
  }
}

}  // namespace plumb::measure
