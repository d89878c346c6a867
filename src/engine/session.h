// Session: runs a Model on the caller's memory.
//
// Thread-safe: runs may be under way at the same time, each with an arena of its own. A plan is
// made for each new set of input shapes and remembered; running a planned shape allocates nothing
// (models of one segment without state). Values of a model's states belong to the session; runs of
// a model with states exclude each other.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/tensor.h"
#include "core/thread_pool.h"
#include "engine/model.h"
#include "engine/segment.h"

namespace plumb::engine {

struct StepTime {
  const StepInfo* step = nullptr;
  std::int64_t begin_ns = 0, end_ns = 0;  // of NowNanos()
};

// Filled by a profiled run; keeps what its steps point to.
struct StepProfile {
  std::vector<StepTime> steps;
  std::vector<std::shared_ptr<const Segment>> segments;
  std::vector<std::shared_ptr<const StepInfo>> host_steps;  // branches, loops, unplanned nodes
};

struct RunOptions {
  std::int64_t deadline_ns = 0;  // of NowNanos(); 0: none
  const std::atomic<bool>* cancel = nullptr;
  int priority = 0;  // for a scheduler of runs; carried, not interpreted
  StepProfile* profile = nullptr;
};

class Session {
 public:
  // The pool outlives the session and may be shared by many.
  Session(std::shared_ptr<Model> model, ThreadPool* pool);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const Model& model() const;

  // Plans the shapes (in order of the graph's inputs), so that the next run of them only runs.
  Status Prepare(std::span<const Shape> input_shapes);
  // Shapes of the outputs for these inputs. FailedPrecondition when they are known only by running.
  StatusOr<std::vector<Shape>> OutputShapes(std::span<const Shape> input_shapes);

  // Reads `inputs` and writes `outputs`, all packed row-major, in order of the graph. Errors name
  // the input or output whose type or shape is wrong, and say what is expected.
  Status Run(const RunOptions& options, std::span<const TensorView> inputs,
             std::span<const TensorView> outputs);
  // The same with new tensors for the outputs, whatever their shapes turn out to be.
  StatusOr<std::vector<Tensor>> Run(const std::vector<Tensor>& inputs,
                                    const RunOptions& options = {});

  // The plan up to the first node that the engine runs itself; outline.h goes on from there.
  StatusOr<std::shared_ptr<const Segment>> FirstSegment(std::span<const Shape> input_shapes);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plumb::engine
