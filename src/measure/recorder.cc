#include "measure/recorder.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "measure/span_collector.h"
#include "measure/span_ring.h"

namespace plumb::measure {
namespace {

constexpr std::chrono::milliseconds kDrainPeriod(20);
constexpr int kIdBits = 36;  // of a thread's own counter; threads take the rest of 2^53

// The ring of one thread and one recorder, held by both: whichever goes first.
struct ThreadRing {
  ThreadRing(std::int64_t spans, std::uint64_t thread_number)
      : ring(spans), number(thread_number) {}

  SpanRing ring;
  const std::uint64_t number;
  std::uint64_t next_id = 1;
  std::atomic<NameId> name{0};
  std::atomic<std::int64_t> dropped{0};
  std::atomic<bool> thread_ended{false};
  ChildTimes children;  // of the draining thread
};

// The rings of the calling thread, one for each recorder that it emitted to.
struct ThreadRings {
  struct Entry {
    std::uint64_t recorder;
    std::shared_ptr<ThreadRing> ring;
  };
  std::vector<Entry> entries;

  ~ThreadRings() {
    for (const Entry& entry : entries) entry.ring->thread_ended.store(true);
  }
};

thread_local ThreadRings thread_rings;
std::atomic<std::uint64_t> next_recorder{1};

}  // namespace

struct Recorder::Impl {
  explicit Impl(const RecorderOptions& recorder_options)
      : options(recorder_options), collector(recorder_options.kept_spans) {
    drainer = std::thread([this] { DrainUntilStopped(); });
  }
  ~Impl() { Stop(); }

  ThreadRing* RingOfThisThread() {
    for (const ThreadRings::Entry& entry : thread_rings.entries) {
      if (entry.recorder == serial) return entry.ring.get();
    }
    return AddRing();
  }

  ThreadRing* AddRing() {
    // Rings that only this thread still holds belong to recorders that are gone.
    std::erase_if(thread_rings.entries,
                  [](const ThreadRings::Entry& entry) { return entry.ring.use_count() == 1; });
    std::lock_guard lock(mutex);
    auto ring = std::make_shared<ThreadRing>(options.ring_spans, next_thread++);
    rings.push_back(ring);
    thread_rings.entries.push_back({serial, ring});
    return ring.get();
  }

  // Caller holds `mutex`.
  void Drain() {
    std::erase_if(rings, [this](const std::shared_ptr<ThreadRing>& ring) {
      const bool ended = ring->thread_ended.load();  // before draining: nothing comes after it
      const NameId thread = ring->name.load(std::memory_order_relaxed);
      ring->ring.Drain([&](const Span& span) {
        Span named = span;
        if (named.thread == 0) named.thread = thread;
        collector.Add(named, &ring->children);
      });
      if (ended) dropped += ring->dropped.load();
      return ended;
    });
  }

  void DrainUntilStopped() {
    std::unique_lock lock(mutex);
    while (!stopped) {
      wake.wait_for(lock, kDrainPeriod, [this] { return stopped; });
      Drain();
    }
  }

  void Stop() {
    {
      std::lock_guard lock(mutex);
      stopped = true;
    }
    wake.notify_all();
    if (drainer.joinable()) drainer.join();
  }

  void Account(Run* run, std::int64_t now) {
    for (const auto& ring : rings) dropped += ring->dropped.load();
    const auto tell = [&](std::int64_t count, const char* what) {
      if (count == 0) return;
      run->events.push_back({now, "recorder", "dropped", absl::StrCat(count, " ", what)});
    };
    tell(dropped, "spans: the ring of their thread was full");
    tell(collector.left_out(), "spans are in the summaries only: more than the recorder keeps");
    tell(samples_dropped, "samples: more than the recorder keeps");
    tell(events_dropped, "events: more than the recorder keeps");
  }

  const RecorderOptions options;
  const std::uint64_t serial = next_recorder.fetch_add(1);

  std::mutex mutex;
  std::condition_variable wake;
  bool stopped = false;
  std::uint64_t next_thread = 0;
  std::vector<std::shared_ptr<ThreadRing>> rings;
  SpanCollector collector;
  std::int64_t dropped = 0, samples_dropped = 0, events_dropped = 0;
  Run run;

  std::thread drainer;
};

Recorder::Recorder(const RecorderOptions& options)
    : impl_(std::make_unique<Impl>(options)), origin_ns_(NowNanos()) {}
Recorder::~Recorder() = default;

NameId Recorder::Name(std::string_view text) {
  std::lock_guard lock(impl_->mutex);
  return impl_->run.names.Intern(text);
}

void Recorder::NameThread(std::string_view name) {
  const NameId id = Name(name);
  impl_->RingOfThisThread()->name.store(id, std::memory_order_relaxed);
}

std::uint64_t Recorder::NewId() noexcept {
  ThreadRing* ring = impl_->RingOfThisThread();
  return ring->number << kIdBits | ring->next_id++;
}

void Recorder::Emit(const Span& span) noexcept {
  ThreadRing* ring = impl_->RingOfThisThread();
  if (!ring->ring.Push(span)) ring->dropped.fetch_add(1, std::memory_order_relaxed);
}

void Recorder::AddSample(NameId what, NameId where, double value, NameId unit) {
  const std::int64_t at = Now();
  std::lock_guard lock(impl_->mutex);
  if (static_cast<std::int64_t>(impl_->run.samples.size()) >= impl_->options.kept_samples) {
    ++impl_->samples_dropped;
    return;
  }
  impl_->run.samples.push_back({at, what, where, unit, value});
}

void Recorder::AddEvent(std::string_view where, std::string_view what, std::string_view why) {
  const std::int64_t at = Now();
  std::lock_guard lock(impl_->mutex);
  if (static_cast<std::int64_t>(impl_->run.events.size()) >= impl_->options.kept_events) {
    ++impl_->events_dropped;
    return;
  }
  impl_->run.events.push_back({at, std::string(where), std::string(what), std::string(why)});
}

Run Recorder::Finish(RunHeader header) {
  impl_->Stop();
  std::lock_guard lock(impl_->mutex);
  impl_->Drain();
  impl_->Account(&impl_->run, Now());
  impl_->run.spans = impl_->collector.TakeSpans();
  impl_->run.summaries = impl_->collector.Summaries(impl_->run.names);
  impl_->run.header = std::move(header);
  return std::move(impl_->run);
}

}  // namespace plumb::measure
