// Recorder: takes spans, samples and events from any thread while a run is under way.
//
// A span goes into a bounded ring of the emitting thread: no lock, no allocation (after the
// thread's first span), no waiting; when the ring is full the span is counted as dropped. One
// thread of the recorder empties the rings into the run, keeps at most `kept_spans` of them, and
// adds each to the distribution of its (where, kind). Samples and events are rare: they take a
// lock.
//
// Components hold a `Recorder*` that is null when nothing is recorded; ScopedSpan costs a check
// then.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "core/clock.h"
#include "measure/record.h"

namespace plumb::measure {

struct RecorderOptions {
  std::int64_t ring_spans = 8192;     // of each thread; rounded up to a power of two
  std::int64_t kept_spans = 1 << 19;  // in memory; further ones are only summarised
  std::int64_t kept_samples = 1 << 18;
  std::int64_t kept_events = 10'000;
};

class Recorder {
 public:
  explicit Recorder(const RecorderOptions& options = {});
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // The number of a text. Thread-safe; takes a lock and may allocate: asked once, at set-up.
  NameId Name(std::string_view text);
  // Names the calling thread in its spans whose `thread` is 0.
  void NameThread(std::string_view name);

  std::int64_t origin_ns() const { return origin_ns_; }  // of NowNanos()
  std::int64_t Now() const { return NowNanos() - origin_ns_; }

  // A number for a span that has children; unique in this recorder.
  std::uint64_t NewId() noexcept;
  // Times are relative to origin_ns().
  void Emit(const Span& span) noexcept;

  void AddSample(NameId what, NameId where, double value, NameId unit);  // at this moment
  void AddEvent(std::string_view where, std::string_view what, std::string_view why);

  // Ends recording and returns everything; threads that go on emitting are ignored. What was
  // dropped or not kept is told by events ("dropped") and summaries. Once.
  Run Finish(RunHeader header);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::int64_t origin_ns_;
};

// Emits a span from its construction to its end, on this thread. `recorder` may be null.
class ScopedSpan {
 public:
  ScopedSpan(Recorder* recorder, NameId where, Kind kind, std::uint64_t trace = kNoTrace,
             std::uint64_t parent = 0)
      : recorder_(recorder) {
    if (recorder_ == nullptr) return;
    span_.where = where;
    span_.kind = kind;
    span_.trace = trace;
    span_.parent = parent;
    span_.begin = recorder_->Now();
  }
  ~ScopedSpan() {
    if (recorder_ == nullptr) return;
    span_.end = recorder_->Now();
    recorder_->Emit(span_);
  }
  ScopedSpan(const ScopedSpan&) = delete;
  ScopedSpan& operator=(const ScopedSpan&) = delete;

  Span& span() { return span_; }  // to add items, bytes, id

 private:
  Recorder* recorder_;
  Span span_;
};

}  // namespace plumb::measure
