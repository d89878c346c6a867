// The thread of one replica of a stage: receives, works, records, sends on.
#include "pipeline/runner_impl.h"

namespace plumb::pipeline {
namespace {

class StageWorker {
 public:
  StageWorker(RunState& state, const StageRun& stage, int replica)
      : state_(state), stage_(stage), replica_(replica) {}

  Status Run() {
    PLUMB_ASSIGN_OR_RETURN(worker_, MakeStage(state_.spec, stage_.index));
    PLUMB_RETURN_IF_ERROR(worker_->Start(state_.ContextFor(stage_, replica_)));
    state_.ReplicaStarted();
    const std::size_t batch = static_cast<std::size_t>(std::max(1, worker_->batch()));
    std::vector<Message> messages;
    Message message;
    while (stage_.inbound->Receive(&message)) {
      messages.clear();
      do {
        // Each Receive fills it anew.
        NoteWait(message);  // NOLINT(bugprone-use-after-move)
        messages.push_back(std::move(message));
      } while (messages.size() < batch && stage_.inbound->TryReceive(&message));
      PLUMB_RETURN_IF_ERROR(Work(messages));
      for (Message& done : messages) {
        if (stage_.is_last()) {
          state_.CountLast(done);
        } else if (!state_.SendOn(stage_, std::move(done))) {
          return OkStatus();
        }
      }
    }
    return state_.cancelled ? OkStatus() : worker_->Finish();
  }

  void Abandon() {
    if (worker_ != nullptr) worker_->Abandon();
  }

 private:
  void NoteWait(const Message& message) {
    if (state_.options.recorder == nullptr) return;
    measure::Span span;
    span.trace = message.trace;
    span.where = stage_.name;
    span.kind = measure::Kind::kWait;
    span.begin = message.ready_ns;
    span.end = std::max(message.ready_ns, state_.Now());
    state_.options.recorder->Emit(span);
  }

  // Messages that failed before pass untouched.
  Status Work(std::vector<Message>& messages) {
    std::vector<Message*> good;
    for (Message& message : messages) {
      message.work = {};
      if (!message.failed) good.push_back(&message);
    }
    if (good.empty()) return OkStatus();
    std::vector<Status> results(good.size());
    const std::int64_t begin = state_.Now(), cpu = ThreadCpuNanos();
    PLUMB_RETURN_IF_ERROR(worker_->ProcessBatch(good, results));
    const std::int64_t end = state_.Now(), cpu_end = ThreadCpuNanos();
    NoteWork(good, begin, end, cpu_end - cpu);
    for (std::size_t i = 0; i < good.size(); ++i) {
      if (results[i].ok()) continue;
      if (!IsBadItem(results[i])) return results[i];
      good[i]->failed = true;
      state_.AddBadItem(stage_.id, *good[i], results[i]);
    }
    return OkStatus();
  }

  // The time of a batch is shared out evenly, one stretch after the other, so that sums are right;
  // what the stage did inside is shrunk into each stretch with its operations and bytes.
  void NoteWork(const std::vector<Message*>& messages, std::int64_t begin, std::int64_t end,
                std::int64_t cpu) {
    if (state_.options.recorder == nullptr) return;
    const auto count = static_cast<std::int64_t>(messages.size());
    inner_.clear();
    worker_->TakeSpans(&inner_);
    for (std::int64_t i = 0; i < count; ++i) {
      measure::Span span;
      const Message& message = *messages[static_cast<std::size_t>(i)];
      span.trace = message.trace;
      span.items = message.work.items;
      span.bytes_in = message.work.bytes_in;
      span.bytes_out = message.work.bytes_out;
      span.where = stage_.name;
      span.kind = stage_.kind;
      span.begin = begin + (end - begin) * i / count;
      span.end = begin + (end - begin) * (i + 1) / count;
      span.cpu_ns = cpu / count;
      if (!inner_.empty()) span.id = state_.options.recorder->NewId();
      for (measure::Span inside : inner_) {
        inside.trace = span.trace;
        inside.parent = span.id;
        inside.begin = span.begin + (inside.begin - begin) / count;
        inside.end = span.begin + (inside.end - begin) / count;
        for (std::int64_t* amount : {&inside.ops, &inside.bytes_in, &inside.bytes_out}) {
          if (*amount != measure::kUnset) *amount /= count;
        }
        state_.options.recorder->Emit(inside);
      }
      state_.options.recorder->Emit(span);
    }
  }

  RunState& state_;
  const StageRun& stage_;
  const int replica_;
  std::unique_ptr<Stage> worker_;
  std::vector<measure::Span> inner_;
};

}  // namespace

void RunStage(RunState& state, const StageRun& stage, int replica) {
  StageWorker worker(state, stage, replica);
  const Status status = worker.Run();
  if (!status.ok()) state.Fail(stage.id, status);
  if (state.cancelled) worker.Abandon();
  for (Channel* channel : stage.outbound) channel->CloseSender();
}

}  // namespace plumb::pipeline
