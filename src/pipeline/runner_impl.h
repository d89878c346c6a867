// What the threads of a run share. Private to runner.cc, source_worker.cc and stage_worker.cc.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "pipeline/channel.h"
#include "pipeline/runner.h"

namespace plumb::pipeline {

// One stage of the file under way.
struct StageRun {
  int index = 0;
  std::string id;
  measure::Kind kind = measure::Kind::kOther;
  measure::NameId name = 0;        // of id
  Channel* inbound = nullptr;      // null for the source
  std::vector<Channel*> outbound;  // empty for a last stage
  bool is_last() const { return outbound.empty(); }
};

class RunState {
 public:
  RunState(const PipelineSpec& spec, const RunnerOptions& options);

  // The first error of a stage ends the run.
  void Fail(const std::string& stage, const Status& status);
  void Cancel(const Status& why);
  Status status() const;
  std::string first_bad() const;  // what AddBadItem was told first

  // A bad item: an event, and counted.
  void AddBadItem(const std::string& stage, const Message& message, const Status& status);
  // A message has left a last stage; it is finished when it has left all of them.
  void CountLast(const Message& message);

  // Sends to every outbound channel of a stage. False when the run was cancelled.
  bool SendOn(const StageRun& stage, Message message);

  std::int64_t Now() const { return NowNanos() - origin_ns; }
  StageContext ContextFor(const StageRun& stage, int replica);

  const PipelineSpec& spec;
  const RunnerOptions& options;
  std::int64_t origin_ns;
  std::vector<std::unique_ptr<Channel>> channels;  // as in the file
  std::vector<StageRun> stages;                    // as in the file
  SharedThings shared;
  ThreadPool no_pool{1};

  std::atomic<bool> stop_requested{false};
  std::atomic<bool> cancelled{false};
  std::atomic<std::int64_t> started{0}, last_done{0}, last_good{0}, failed{0};
  std::atomic<double> source_fps{0};
  std::atomic<bool> source_ended{false};
  int last_stages = 0;

  // Replicas that have loaded what they need: the source begins when all have.
  void ReplicaStarted();
  bool WaitForReplicas(int replicas);  // false when the run was cancelled meanwhile

  std::mutex threads_mutex;
  std::condition_variable threads_changed;
  int threads_running = 0;

 private:
  mutable std::mutex mutex_;
  std::condition_variable replicas_changed_;
  int replicas_started_ = 0;
  Status status_;
  std::string first_bad_;
};

// Bodies of the threads.
void RunSource(RunState& state, const StageRun& stage, int replicas);
void RunStage(RunState& state, const StageRun& stage, int replica);

}  // namespace plumb::pipeline
