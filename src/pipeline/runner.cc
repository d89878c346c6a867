#include "pipeline/runner.h"

#include <chrono>

#include "pipeline/runner_impl.h"

namespace plumb::pipeline {
namespace {

// Which channels hand messages on in order: those that the file asks for, and every channel before
// them. Order is then restored behind the stage whose replicas lose it, so that the message that a
// full channel waits for is always in the hands of another replica of the same sender; were it
// further back, a stage in between could wait for itself.
std::vector<bool> KeepsOrder(const PipelineSpec& spec) {
  std::vector<bool> ordered;
  for (const ChannelSpec& channel : spec.channels) ordered.push_back(channel.ordered);
  const auto mark_before = [&](int stage) {
    bool changed = false;
    for (int c : spec.ChannelsInto(stage)) {
      changed = changed || !ordered[static_cast<std::size_t>(c)];
      ordered[static_cast<std::size_t>(c)] = true;
    }
    return changed;
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t c = 0; c < spec.channels.size(); ++c) {
      if (ordered[c] && mark_before(spec.channels[c].from)) changed = true;
    }
  }
  return ordered;
}

}  // namespace

RunState::RunState(const PipelineSpec& pipeline_spec, const RunnerOptions& runner_options)
    : spec(pipeline_spec),
      options(runner_options),
      origin_ns(options.recorder != nullptr ? options.recorder->origin_ns() : NowNanos()) {
  const std::vector<bool> ordered = KeepsOrder(spec);
  for (std::size_t c = 0; c < spec.channels.size(); ++c) {
    const ChannelSpec& channel = spec.channels[c];
    ChannelOptions channel_options;
    channel_options.capacity = channel.size;
    channel_options.senders = spec.stages[static_cast<std::size_t>(channel.from)].replicas;
    channel_options.ordered = ordered[c];
    channels.push_back(MakeLocalChannel(channel_options));
  }
  for (std::size_t i = 0; i < spec.stages.size(); ++i) {
    StageRun& stage = stages.emplace_back();
    stage.index = static_cast<int>(i);
    stage.id = spec.stages[i].id;
    stage.kind = spec.stages[i].type->kind;
    if (options.recorder != nullptr) stage.name = options.recorder->Name(stage.id);
    for (int c : spec.ChannelsInto(stage.index)) {
      stage.inbound = channels[static_cast<std::size_t>(c)].get();
    }
    for (int c : spec.ChannelsFrom(stage.index)) {
      stage.outbound.push_back(channels[static_cast<std::size_t>(c)].get());
    }
    last_stages += stage.is_last() ? 1 : 0;
  }
}

void RunState::Fail(const std::string& stage, const Status& status) {
  if (cancelled && absl::IsCancelled(status)) return;  // it did as it was told
  Cancel(Annotate(status, absl::StrCat("stage '", stage, "'")));
  if (options.recorder != nullptr) {
    options.recorder->AddEvent(stage, "failed", std::string(status.message()));
  }
}

void RunState::Cancel(const Status& why) {
  {
    std::lock_guard lock(mutex_);
    if (status_.ok()) status_ = why;
    cancelled.store(true);
  }
  replicas_changed_.notify_all();
  for (const auto& channel : channels) channel->Cancel();
}

Status RunState::status() const {
  std::lock_guard lock(mutex_);
  return status_;
}

std::string RunState::first_bad() const {
  std::lock_guard lock(mutex_);
  return first_bad_;
}

void RunState::AddBadItem(const std::string& stage, const Message& message, const Status& status) {
  failed.fetch_add(1);
  const std::string why = absl::StrCat(message.origin.empty() ? "" : message.origin + ": ",
                                       "frame ", message.frame, ": ", status.message());
  if (options.recorder != nullptr) options.recorder->AddEvent(stage, "failed", why);
  std::lock_guard lock(mutex_);
  if (first_bad_.empty()) first_bad_ = absl::StrCat("stage '", stage, "': ", why);
}

void RunState::CountLast(const Message& message) {
  last_done.fetch_add(1);
  if (!message.failed) last_good.fetch_add(1);
}

bool RunState::SendOn(const StageRun& stage, Message message) {
  message.ready_ns = Now();
  for (std::size_t i = 0; i < stage.outbound.size(); ++i) {
    if (i + 1 == stage.outbound.size()) return stage.outbound[i]->Send(std::move(message));
    if (!stage.outbound[i]->Send(message)) return false;
  }
  return true;
}

StageContext RunState::ContextFor(const StageRun& stage, int replica) {
  StageContext context;
  context.id = stage.id;
  context.replica = replica;
  context.target = options.target;
  context.pool = options.pool;
  context.no_pool = &no_pool;
  context.shared = &shared;
  context.recorder = options.recorder;
  context.cancel = &cancelled;
  context.output_folder = options.output_folder;
  context.source_fps = &source_fps;
  context.profile = options.profile;
  context.tuning = options.tuning;
  context.tuner = options.tuner;
  return context;
}

void RunState::ReplicaStarted() {
  {
    std::lock_guard lock(mutex_);
    ++replicas_started_;
  }
  replicas_changed_.notify_all();
}

bool RunState::WaitForReplicas(int replicas) {
  std::unique_lock lock(mutex_);
  replicas_changed_.wait(lock, [&] { return cancelled || replicas_started_ >= replicas; });
  return !cancelled;
}

struct Runner::Impl {
  Impl(const PipelineSpec& pipeline_spec, const RunnerOptions& runner_options)
      : spec(pipeline_spec), options(runner_options), state(spec, options) {
    depth_name = Name("queue.depth");
    depth_unit = Name("frames");
  }

  measure::NameId Name(std::string_view text) {
    return options.recorder == nullptr ? 0 : options.recorder->Name(text);
  }

  template <typename Body>
  void StartThread(const std::string& name, Body body) {
    {
      std::lock_guard lock(state.threads_mutex);
      ++state.threads_running;
    }
    threads.emplace_back([this, name, body] {
      if (options.recorder != nullptr) options.recorder->NameThread(name);
      body();
      std::lock_guard lock(state.threads_mutex);
      --state.threads_running;
      state.threads_changed.notify_all();
    });
  }

  void StartThreads() {
    int replicas = 0;
    for (const StageRun& stage : state.stages) {
      if (stage.inbound == nullptr) continue;
      const int count = spec.stages[static_cast<std::size_t>(stage.index)].replicas;
      for (int r = 0; r < count; ++r) {
        const std::string name = count == 1 ? stage.id : absl::StrCat(stage.id, " ", r + 1);
        StartThread(name, [this, &stage, r] { RunStage(state, stage, r); });
      }
      replicas += count;
    }
    for (const StageRun& stage : state.stages) {
      if (stage.inbound != nullptr) continue;
      StartThread(stage.id, [this, &stage, replicas] { RunSource(state, stage, replicas); });
    }
  }

  void SampleDepths() {
    if (options.recorder == nullptr) return;
    for (const StageRun& stage : state.stages) {
      if (stage.inbound == nullptr) continue;
      options.recorder->AddSample(depth_name, stage.name,
                                  static_cast<double>(stage.inbound->depth()), depth_unit);
    }
  }

  const PipelineSpec spec;
  const RunnerOptions options;
  RunState state;
  std::vector<std::thread> threads;
  std::atomic<std::int64_t> begin_ns{0};
  measure::NameId depth_name = 0, depth_unit = 0;
};

Runner::Runner(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Runner::~Runner() {
  if (impl_->threads.empty()) return;
  Cancel();
  for (std::thread& thread : impl_->threads) {
    if (thread.joinable()) thread.join();
  }
}

StatusOr<std::unique_ptr<Runner>> Runner::Create(const PipelineSpec& spec,
                                                 const RunnerOptions& options) {
  PLUMB_RETURN_IF_ERROR(CheckStages(spec));
  return std::unique_ptr<Runner>(new Runner(std::make_unique<Impl>(spec, options)));
}

Status Runner::Run() {
  constexpr std::chrono::milliseconds kSamplePeriod(50);
  RunState& state = impl_->state;
  impl_->begin_ns = NowNanos();
  impl_->StartThreads();
  std::int64_t next_progress = 0;
  {
    std::unique_lock lock(state.threads_mutex);
    while (state.threads_running > 0) {
      state.threads_changed.wait_for(lock, kSamplePeriod);
      lock.unlock();
      impl_->SampleDepths();
      if (impl_->options.on_progress && NowNanos() >= next_progress) {
        impl_->options.on_progress(progress());
        next_progress = NowNanos() + std::int64_t{impl_->options.progress_ms} * 1'000'000;
      }
      lock.lock();
    }
  }
  for (std::thread& thread : impl_->threads) thread.join();
  impl_->threads.clear();
  const Progress end = progress();
  if (impl_->options.on_progress) impl_->options.on_progress(end);
  PLUMB_RETURN_IF_ERROR(state.status());
  if (end.failed > 0 && state.last_good == 0) {
    return InvalidArgument("every item was bad; the first: ", state.first_bad());
  }
  return OkStatus();
}

void Runner::RequestStop() { impl_->state.stop_requested.store(true); }

void Runner::Cancel() { impl_->state.Cancel(absl::CancelledError("the run was cancelled")); }

Progress Runner::progress() const {
  const RunState& state = impl_->state;
  Progress progress;
  progress.started = state.started;
  progress.finished = state.last_done / std::max(1, state.last_stages);
  progress.failed = state.failed;
  progress.seconds = static_cast<double>(NowNanos() - impl_->begin_ns) / 1e9;
  progress.source_fps = state.source_fps;
  progress.complete = state.source_ended;
  return progress;
}

}  // namespace plumb::pipeline
