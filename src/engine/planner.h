// Makes a Segment: decides for concrete shapes where every value is, which copies remain, which
// kernel computes each node and where buffers live in the arena.
//
// In this order: infer shapes up to the first node that cannot be planned; find what is needed;
// give each value its natural memory order; walk backwards to put values straight into the
// concatenation or output that wants them; walk forwards, turning movement into regions and
// everything else into kernel calls; plan the arena; pack the weights of kernels that the model did
// not have yet. One object makes one segment.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/thread_pool.h"
#include "engine/model.h"
#include "engine/segment.h"
#include "engine/value_places.h"
#include "graph/infer.h"
#include "ops/lower.h"

namespace plumb::engine {

// A node on concrete shapes with the memory that its spans point to.
struct ConcreteOperands {
  std::vector<Shape> input_shapes, output_shapes;
  std::vector<DType> input_types, output_types;
  std::vector<const Tensor*> constants;
  std::vector<std::optional<DimVector>> contents;
  ConcreteNode node;
};

class Planner {
 public:
  // `inference` knows the shapes of everything in `available` (inputs, states, captures and what
  // earlier segments computed) and is advanced over the nodes of the segment. The caller holds
  // model->mutex(). Weights are packed on `pool`, null: on the calling thread.
  Planner(Model* model, ConcreteInference* inference, std::vector<ValueId> available,
          std::size_t begin, ThreadPool* pool = nullptr);
  StatusOr<Segment> Plan();

 private:
  struct PendingOperand {
    int memory = -1;          // -1: null
    std::int64_t offset = 0;  // bytes
  };
  struct PendingStep {
    runtime::Step step;
    int workspace = -1;  // memory
  };
  struct Packing {  // of a kernel that is the model's once its weights are packed
    NodeId node = kNoNode;
    std::shared_ptr<const ChosenKernel> kernel;
    std::function<void(void* packed)> pack;
  };

  // planner.cc
  Status InferSegment();
  void FindNeeded();
  void CountUses();
  void ChooseLayouts();
  Status WalkForwards();
  Status WriteOutputs();
  void Finish();

  // planner_placement.cc
  void ReserveOutputs();
  void WalkBackwards();
  void ReserveSources(NodeId id, int output);
  bool CanReserve(ValueId value, const Strides& strides) const;
  bool LeadsToKernel(ValueId value, int depth) const;

  // planner_movement.cc
  bool IsMovement(NodeId id) const { return movements_.contains(id); }
  void FindMovements();
  Status PlanMovement(NodeId id);
  Status FillReserved(NodeId id, int output, ValueId value);
  StatusOr<std::vector<Region>> ComposeSource(const Region& region, ValueId source);
  std::vector<Region> RegionsOf(ValueId value) const;
  StatusOr<Located> Materialise(ValueId value, Layout layout);
  Status EmitCopy(ValueId value, std::span<const Region> regions, const Located& dst,
                  NodeId reason);
  bool OnlyReorders(ValueId value, const Located& dst) const;
  std::optional<Located> InPlace(ValueId value) const;  // where it can be read without a copy

  // planner_kernels.cc
  enum class Effort : std::uint8_t { kAsTheyAre, kPreferredInputs, kDenseOutputs, kReference };
  Status PlanKernel(NodeId id);
  StatusOr<bool> TryKernel(NodeId id, Effort effort);
  StatusOr<bool> LowerNode(NodeId id, std::span<const ops::Operand> inputs,
                           std::span<const ops::Operand> outputs, ops::KernelChoice* choice,
                           std::shared_ptr<const ChosenKernel>* chosen);
  std::optional<TunedKernel> RememberProblem(NodeId id, std::span<const ops::Operand> inputs,
                                             std::span<const ops::Operand> outputs,
                                             std::vector<std::optional<DimVector>> contents);
  void PackWeights();
  StatusOr<Located> AcquireInput(NodeId id, int index, Effort effort);
  StatusOr<std::vector<Located>> AcquireOutputs(NodeId id, Effort effort,
                                                std::span<const Located> inputs);
  std::optional<Located> ReuseInput(NodeId id, ValueId output, std::span<const Located> inputs);
  void AddKernelStep(NodeId id, std::span<const Located> inputs, std::span<const Located> outputs,
                     ops::KernelChoice choice, const ChosenKernel& chosen);
  Status SettleOutputs(NodeId id, std::span<const Located> outputs);
  StepInfo InfoOf(NodeId id);
  Status PlanReference(NodeId id, std::span<const Located> inputs,
                       std::span<const Located> outputs);
  bool Acceptable(const OpDef& op, int index, const Shape& shape, const Strides& strides) const;

  // shared
  const Node& node(NodeId id) const { return graph_.node(id); }
  const OpDef& op(NodeId id) const { return *graph_.node(id).op; }
  const Shape& shape(ValueId v) const { return shapes_[static_cast<std::size_t>(v)]; }
  DType dtype(ValueId v) const { return inference_->info(v).dtype; }
  bool needed(NodeId id) const { return needed_[static_cast<std::size_t>(id)]; }
  bool InSegment(NodeId id) const;
  const Tensor* KnownTensor(ValueId value);  // a constant, or elements known from shape arithmetic
  bool HasKnownElements(ValueId value) const;
  Layout layout(ValueId v) const { return layouts_[static_cast<std::size_t>(v)]; }
  Located NewBuffer(Layout layout, const Shape& shape, DType dtype);
  int ConstantMemory(ValueId value);
  void UseOnce(ValueId value);
  void AddStep(runtime::Step step, std::span<const PendingOperand> operands, StepInfo info);
  PendingOperand Operand(const Located& at, DType dtype) const;
  std::unique_ptr<ConcreteOperands> Concrete(NodeId id, int output);

  Model* model_;
  const Graph& graph_;
  ConcreteInference* inference_;
  std::vector<ValueId> available_;
  std::size_t begin_, end_ = 0;
  ThreadPool* pool_;
  std::vector<int> position_;                          // by node, in the order; -1: not live
  std::vector<bool> needed_;                           // by node
  std::vector<int> uses_left_;                         // by value
  std::vector<Shape> shapes_;                          // by value
  std::vector<Layout> layouts_;                        // by value
  std::vector<std::shared_ptr<Tensor>> known_;         // by value
  std::map<NodeId, std::vector<Movement>> movements_;  // by node: one per output
  std::map<ValueId, int> constant_memory_;
  std::map<int, const Tensor*> read_in_place_;  // by index among the program's constants
  Places places_;
  std::vector<PendingStep> pending_;
  std::vector<PendingOperand> operands_;
  std::vector<Packing> packing_;
  int errors_memory_ = -1;  // the counter of wrong indices, where a kernel has one
  Segment segment_;
};

}  // namespace plumb::engine
