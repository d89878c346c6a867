// The thread of a source: asks it for items, paces them, sends them on.
#include <chrono>
#include <thread>

#include "pipeline/runner_impl.h"

namespace plumb::pipeline {
namespace {

constexpr std::int64_t kMaxBadInARow = 1000;

// Sleeps until a time of the run's clock, in short steps so that stopping is prompt.
void SleepUntil(const RunState& state, std::int64_t due) {
  constexpr std::int64_t kStep = 20'000'000;
  while (!state.stop_requested && !state.cancelled) {
    const std::int64_t left = due - state.Now();
    if (left <= 0) return;
    std::this_thread::sleep_for(std::chrono::nanoseconds(std::min(left, kStep)));
  }
}

class SourceWorker {
 public:
  SourceWorker(RunState& state, const StageRun& stage) : state_(state), stage_(stage) {}

  Status Run(int replicas) {
    PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Source> source, MakeSource(state_.spec, stage_.index));
    PLUMB_RETURN_IF_ERROR(source->Start(state_.ContextFor(stage_, 0)));
    state_.source_fps = source->frames_per_second();
    if (!state_.WaitForReplicas(replicas)) return OkStatus();
    const std::int64_t first = state_.Now();
    std::uint64_t trace = 0;
    while (!state_.stop_requested && !state_.cancelled) {
      const std::int64_t after_first = source->DueOfNext();
      Message message;
      message.trace = trace;
      if (after_first >= 0) {
        message.due_ns = first + after_first;
        SleepUntil(state_, message.due_ns);
        if (state_.stop_requested) return OkStatus();
      }
      PLUMB_ASSIGN_OR_RETURN(const Outcome outcome, Ask(*source, after_first >= 0, &message));
      if (outcome == Outcome::kEnd) {
        state_.source_ended = source->gave_everything();
        return OkStatus();
      }
      if (outcome == Outcome::kBad) continue;
      state_.started.fetch_add(1);
      ++trace;
      if (stage_.is_last()) {
        state_.CountLast(message);
      } else if (!state_.SendOn(stage_, std::move(message))) {
        return OkStatus();
      }
    }
    return OkStatus();
  }

 private:
  enum class Outcome { kItem, kBad, kEnd };

  StatusOr<Outcome> Ask(Source& source, bool has_due, Message* message) {
    const std::int64_t begin = state_.Now(), cpu = ThreadCpuNanos();
    if (!has_due) message->due_ns = begin;
    const StatusOr<bool> found = source.Next(message);
    if (!found.ok()) {
      if (!IsBadItem(found.status())) return found.status();
      if (++bad_in_a_row_ >= kMaxBadInARow) {
        return Annotate(found.status(), absl::StrCat(bad_in_a_row_, " bad items in a row"));
      }
      state_.AddBadItem(stage_.id, *message, found.status());
      return Outcome::kBad;
    }
    bad_in_a_row_ = 0;
    if (!*found) return Outcome::kEnd;
    if (state_.options.recorder != nullptr) {
      measure::Span span;
      span.trace = message->trace;
      span.where = stage_.name;
      span.kind = stage_.kind;
      span.due = message->due_ns;
      span.bytes_in = message->work.bytes_in;
      span.bytes_out = message->work.bytes_out;
      span.begin = begin;
      span.end = state_.Now();
      span.cpu_ns = ThreadCpuNanos() - cpu;
      state_.options.recorder->Emit(span);
    }
    return Outcome::kItem;
  }

  RunState& state_;
  const StageRun& stage_;
  std::int64_t bad_in_a_row_ = 0;
};

}  // namespace

void RunSource(RunState& state, const StageRun& stage, int replicas) {
  const Status status = SourceWorker(state, stage).Run(replicas);
  if (!status.ok()) state.Fail(stage.id, status);
  for (Channel* channel : stage.outbound) channel->CloseSender();
}

}  // namespace plumb::pipeline
