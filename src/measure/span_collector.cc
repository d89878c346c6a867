#include "measure/span_collector.h"

#include <algorithm>

namespace plumb::measure {
namespace {

constexpr std::size_t kMaxOpenParents = 1 << 16;

}  // namespace

std::int64_t ChildTimes::SelfTime(const Span& span) {
  const std::int64_t length = span.end - span.begin;
  std::int64_t self = length;
  if (span.id != 0) {
    const auto found = by_parent_.find(span.id);
    if (found != by_parent_.end()) {
      self = std::max<std::int64_t>(0, length - found->second);
      by_parent_.erase(found);
    }
  }
  if (span.parent != 0) {
    if (by_parent_.size() >= kMaxOpenParents) by_parent_.clear();
    by_parent_[span.parent] += length;
  }
  return self;
}

void SpanCollector::Add(const Span& span, ChildTimes* children) {
  const std::uint64_t key = std::uint64_t{span.where} << 8 | static_cast<std::uint64_t>(span.kind);
  by_where_and_kind_[key].Add(children->SelfTime(span));
  if (static_cast<std::int64_t>(spans_.size()) < kept_) {
    spans_.push_back(span);
  } else {
    ++left_out_;
  }
}

std::vector<Summary> SpanCollector::Summaries(const NameTable& names) const {
  std::vector<Summary> summaries;
  for (const auto& [key, histogram] : by_where_and_kind_) {
    Summary summary;
    summary.where = names.Text(static_cast<NameId>(key >> 8));
    summary.kind = static_cast<Kind>(key & 0xFF);
    summary.count = histogram.count();
    summary.min = histogram.min();
    summary.max = histogram.max();
    summary.sum = histogram.sum();
    histogram.Export(&summary.bounds, &summary.counts);
    summaries.push_back(std::move(summary));
  }
  std::sort(summaries.begin(), summaries.end(), [](const Summary& a, const Summary& b) {
    return a.where != b.where ? a.where < b.where : a.kind < b.kind;
  });
  return summaries;
}

}  // namespace plumb::measure
