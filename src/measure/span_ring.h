// A bounded queue of spans from one thread to one other; neither waits.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <vector>

#include "measure/record.h"

namespace plumb::measure {

class SpanRing {
 public:
  explicit SpanRing(std::int64_t spans)
      : spans_(std::bit_ceil(static_cast<std::uint64_t>(spans < 2 ? 2 : spans))) {}

  // The writing thread. False when the ring is full.
  bool Push(const Span& span) noexcept {
    const std::uint64_t at = written_.load(std::memory_order_relaxed);
    if (at - seen_read_ == spans_.size()) {
      seen_read_ = read_.load(std::memory_order_acquire);
      if (at - seen_read_ == spans_.size()) return false;
    }
    spans_[at & (spans_.size() - 1)] = span;
    written_.store(at + 1, std::memory_order_release);
    return true;
  }

  // The reading thread: hands every span there is to visit(const Span&), oldest first.
  template <typename Visit>
  void Drain(Visit visit) {
    const std::uint64_t end = written_.load(std::memory_order_acquire);
    std::uint64_t at = read_.load(std::memory_order_relaxed);
    for (; at != end; ++at) visit(spans_[at & (spans_.size() - 1)]);
    read_.store(at, std::memory_order_release);
  }

 private:
  std::vector<Span> spans_;
  alignas(64) std::atomic<std::uint64_t> written_{0};
  std::uint64_t seen_read_ = 0;  // of the writing thread: read_ as last looked at
  alignas(64) std::atomic<std::uint64_t> read_{0};
};

}  // namespace plumb::measure
