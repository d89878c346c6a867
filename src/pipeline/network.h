// An ONNX model ready to run, shared by the stages and replicas that use it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/tensor.h"
#include "engine/session.h"
#include "engine/step_records.h"
#include "pipeline/stage.h"

namespace plumb::pipeline {

// Rows of equal length, one after the other.
struct Rows {
  std::int64_t width = 0;
  std::vector<float> values;  // [count, width]
};

class Network {
 public:
  // The model of that file, read once for all who ask. With use_pool runs use the threads of the
  // pool that all stages share, else the calling thread alone.
  static StatusOr<std::shared_ptr<Network>> Load(const StageContext& context,
                                                 const std::string& path, bool use_pool);

  const std::string& path() const { return path_; }
  const std::vector<std::string>& inputs() const { return inputs_; }
  const std::vector<std::string>& outputs() const { return outputs_; }

  // Thread-safe. Errors name the file. Stops early when `cancel` is set. `profile`, where it is not
  // null, is given the times of the steps.
  StatusOr<std::vector<Tensor>> Run(const std::vector<Tensor>& inputs,
                                    const std::atomic<bool>* cancel, engine::StepProfile* profile);

  // An error unless the model has one input and one output, as NetworkRunner::RunCrops needs.
  Status ExpectOneToOne() const;

 private:
  Network(std::string path, std::shared_ptr<engine::Model> model, ThreadPool* pool);

  std::string path_;
  std::vector<std::string> inputs_, outputs_;
  engine::Session session_;
};

// A stage's own use of a network: runs it and, when it is profiled, keeps a span for each step
// until the stage hands them on. Used by one thread.
class NetworkRunner {
 public:
  // Profiles when the stage or the whole run asks for it and something is recorded.
  Status Start(const StageContext& context, const std::string& path, bool use_pool, bool profile);
  StatusOr<std::vector<Tensor>> Run(const std::vector<Tensor>& inputs);
  // The output for crops [n, 3, height, width] of f32, a row for each; `name` is that of their
  // payload, for messages. No run has more than max_batch crops.
  StatusOr<Rows> RunCrops(const Tensor& crops, const std::string& name, std::int64_t max_batch);
  // Moves the spans of the steps that ran since the last call to the end of `spans`.
  void TakeSpans(std::vector<measure::Span>* spans);

  const Network& network() const { return *network_; }

 private:
  std::shared_ptr<Network> network_;
  const std::atomic<bool>* cancel_ = nullptr;
  std::optional<engine::StepRecords> records_;  // nothing when not profiled
  std::vector<measure::Span> spans_;
};

}  // namespace plumb::pipeline
