// Runs a pipeline: a thread for the source and one for each replica of each stage, channels
// between.
//
// A run ends when its source ends and everything has gone through, when a stage fails, or when it
// is asked to: RequestStop() ends the source and lets what is under way finish, Cancel() drops it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/status.h"
#include "core/target.h"
#include "core/thread_pool.h"
#include "measure/recorder.h"
#include "pipeline/pipeline_file.h"

namespace plumb::pipeline {

struct Progress {
  std::int64_t started = 0;   // messages that the source has handed on
  std::int64_t finished = 0;  // that every last stage has done
  std::int64_t failed = 0;    // bad items, skipped frames of the source included
  double seconds = 0;
  double source_fps = 0;  // 0: unknown
  bool complete = false;  // the source gave everything: it was neither stopped nor limited
};

struct RunnerOptions {
  Target target;
  ThreadPool* pool = nullptr;             // required; outlives the run
  measure::Recorder* recorder = nullptr;  // may be null
  std::string output_folder;              // for stages that write; empty: the working folder
  bool profile = false;                   // a span for each step of every network
  std::shared_ptr<const engine::TuningDatabase> tuning = {};  // as in StageContext
  engine::BackgroundTuner* tuner = nullptr;
  // Called in the thread of Run() every `progress_ms` and at the end.
  std::function<void(const Progress&)> on_progress;
  int progress_ms = 200;
};

class Runner {
 public:
  // Makes every stage once to check its parameters. Errors name file, line and remedy.
  static StatusOr<std::unique_ptr<Runner>> Create(const PipelineSpec& spec,
                                                  const RunnerOptions& options);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  // Once. The first error of a stage, naming it; or an error when items came and every one was bad.
  // A run that was stopped ends OK; a cancelled one with kCancelled.
  Status Run();

  // From any thread.
  void RequestStop();
  void Cancel();

  Progress progress() const;

 private:
  struct Impl;
  explicit Runner(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace plumb::pipeline
