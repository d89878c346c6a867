// A stage: one kind of work on messages. Stages are listed in stages.def; pipeline files name them.
//
// Life: Make (from the file's parameters, cheap checks), Start once in the thread that will run it,
// Process for each message, Finish after the last. Every replica is an object of its own, used by
// one thread; what replicas share (a model, a gallery) they take from StageContext::Shared.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <typeinfo>
#include <vector>

#include "core/status.h"
#include "core/target.h"
#include "core/thread_pool.h"
#include "measure/recorder.h"
#include "pipeline/message.h"
#include "pipeline/stage_params.h"

namespace plumb::engine {
class BackgroundTuner;
class TuningDatabase;
}  // namespace plumb::engine

namespace plumb::pipeline {

// Things that several stages or replicas use and only one needs to make.
class SharedThings {
 public:
  // The thing of that key, made by the first who asks; `make` returns StatusOr<shared_ptr<T>> and
  // may ask for other things.
  template <typename T, typename Make>
  StatusOr<std::shared_ptr<T>> Get(const std::string& key, Make make) {
    std::lock_guard lock(mutex_);
    const std::string full = std::string(typeid(T).name()) + " " + key;
    const auto found = things_.find(full);
    if (found != things_.end()) return std::static_pointer_cast<T>(found->second);
    PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<T> thing, make());
    things_[full] = thing;
    return thing;
  }

 private:
  std::recursive_mutex mutex_;
  std::map<std::string, std::shared_ptr<void>> things_;
};

// What a replica is given. Outlives it.
struct StageContext {
  std::string id;   // of the stage in the file
  int replica = 0;  // from 0
  Target target;
  ThreadPool* pool = nullptr;     // shared by all stages
  ThreadPool* no_pool = nullptr;  // of one thread: work stays on the caller's
  SharedThings* shared = nullptr;
  measure::Recorder* recorder = nullptr;      // may be null
  const std::atomic<bool>* cancel = nullptr;  // set when the run ends early
  std::string output_folder;  // what relative paths of written files are relative to
  // Frames per second of the source, once the first message has come; 0: unknown. May be null.
  const std::atomic<double>* source_fps = nullptr;
  bool profile = false;  // networks tell the times of their steps
  // What was measured of kernels before, and what measures them meanwhile; may be null.
  std::shared_ptr<const engine::TuningDatabase> tuning = {};
  engine::BackgroundTuner* tuner = nullptr;

  std::string OutputPath(const std::string& path) const {
    return path.empty() || path[0] == '/' || output_folder.empty() ? path
                                                                   : output_folder + "/" + path;
  }
};

// An input that is bad by itself (a corrupt frame): recorded, its message goes on as `failed`, and
// the run continues. Any other error of a stage ends the run.
template <typename... Parts>
Status BadItem(const Parts&... parts) {
  return absl::DataLossError(absl::StrCat(parts...));
}
inline bool IsBadItem(const Status& status) { return status.code() == StatusCode::kDataLoss; }

class Stage {
 public:
  virtual ~Stage() = default;

  // Loads what it needs. Errors end the run before it begins.
  virtual Status Start(const StageContext& context) = 0;
  // Works on one message in place; may set its `work`.
  virtual Status Process(Message& message) = 0;
  // Several messages at once, for stages whose batch() is more than 1: result i is of message i; an
  // error of the whole batch ends the run.
  virtual Status ProcessBatch(std::span<Message*> messages, std::span<Status> results);
  // After the last message of a run that was not cancelled.
  virtual Status Finish() { return OkStatus(); }
  // The run ended early: leave what was written readable. May follow a failed Start.
  virtual void Abandon() {}

  virtual int batch() const { return 1; }
  // Moves the spans of what the last Process or ProcessBatch did inside to the end of `spans`, in
  // the order of time; the caller gives them trace and parent.
  virtual void TakeSpans(std::vector<measure::Span>* /*spans*/) {}
};

// Where messages come from: a stage without an inbound channel. Has one replica.
class Source {
 public:
  virtual ~Source() = default;
  virtual Status Start(const StageContext& context) = 0;
  // Fills the next message, false at the end. A bad item is skipped by the caller, which asks
  // again.
  virtual StatusOr<bool> Next(Message* message) = 0;
  // When the item that Next fills is due, nanoseconds after the first one; -1: as soon as possible.
  virtual std::int64_t DueOfNext() { return -1; }
  virtual double frames_per_second() const { return 0; }  // 0: unknown
  // Once Next has said false: that was everything, not a limit that a parameter set.
  virtual bool gave_everything() const { return true; }
};

// One line of stages.def. Exactly one of make_stage, make_source is set.
struct StageType {
  std::string_view name;
  measure::Kind kind;  // of its spans
  StatusOr<std::unique_ptr<Stage>> (*make_stage)(StageParams& params);
  StatusOr<std::unique_ptr<Source>> (*make_source)(StageParams& params);
  bool writes_file = false;  // one, so that it has one replica
};

// All stages of stages.def.
std::span<const StageType> StageTypes();
// Null when there is none of that name.
const StageType* FindStageType(std::string_view name);

}  // namespace plumb::pipeline
