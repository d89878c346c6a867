// What the recorder does with spans once they have left the ring of their thread: keeps them up to
// a bound and adds each one's self time to the distribution of its (where, kind).
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "measure/histogram.h"
#include "measure/record.h"

namespace plumb::measure {

// Time of children that have ended, by parent. A child is emitted before its parent and, within a
// thread, children of one parent follow each other; bounded, as parents that never come are
// dropped.
class ChildTimes {
 public:
  // Self time of a span: its length less its children's; notes it with its own parent.
  std::int64_t SelfTime(const Span& span);

 private:
  std::unordered_map<std::uint64_t, std::int64_t> by_parent_;
};

// Not synchronised.
class SpanCollector {
 public:
  explicit SpanCollector(std::int64_t kept_spans) : kept_(kept_spans) {}

  void Add(const Span& span, ChildTimes* children);

  std::vector<Span> TakeSpans() { return std::move(spans_); }
  std::int64_t left_out() const { return left_out_; }  // summarised only
  std::vector<Summary> Summaries(const NameTable& names) const;

 private:
  std::int64_t kept_;
  std::vector<Span> spans_;
  std::int64_t left_out_ = 0;
  std::unordered_map<std::uint64_t, Histogram> by_where_and_kind_;
};

}  // namespace plumb::measure
