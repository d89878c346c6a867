#include "engine/planner.h"

#include <algorithm>

#include "core/check.h"

namespace plumb::engine {
namespace {

bool InArena(DType dtype) {
  return dtype != DType::kUndefined && dtype != DType::kString && dtype != DType::kInt4 &&
         dtype != DType::kUInt4;
}

}  // namespace

Planner::Planner(Model* model, ConcreteInference* inference, std::vector<ValueId> available,
                 std::size_t begin, ThreadPool* pool)
    : model_(model),
      graph_(model->graph()),
      inference_(inference),
      available_(std::move(available)),
      begin_(begin),
      pool_(pool),
      position_(static_cast<std::size_t>(graph_.num_nodes()), -1),
      needed_(static_cast<std::size_t>(graph_.num_nodes()), false),
      uses_left_(static_cast<std::size_t>(graph_.num_values()), 0),
      shapes_(static_cast<std::size_t>(graph_.num_values())),
      layouts_(static_cast<std::size_t>(graph_.num_values()), Layout::kRowMajor),
      known_(static_cast<std::size_t>(graph_.num_values())),
      places_(graph_.num_values()) {}

StatusOr<Segment> Planner::Plan() {
  PLUMB_RETURN_IF_ERROR(InferSegment());
  FindNeeded();
  FindMovements();
  CountUses();
  ChooseLayouts();
  ReserveOutputs();
  WalkBackwards();
  PLUMB_RETURN_IF_ERROR(WalkForwards());
  PLUMB_RETURN_IF_ERROR(WriteOutputs());
  PackWeights();
  Finish();
  return std::move(segment_);
}

bool Planner::InSegment(NodeId id) const {
  if (id == kNoNode) return false;
  const int position = position_[static_cast<std::size_t>(id)];
  return position >= static_cast<int>(begin_) && position < static_cast<int>(end_);
}

Status Planner::InferSegment() {
  const std::vector<NodeId>& order = model_->order();
  for (std::size_t p = 0; p < order.size(); ++p) {
    position_[static_cast<std::size_t>(order[p])] = static_cast<int>(p);
  }
  const auto know = [this](ValueId value) {
    const ValueInfo& info = inference_->info(value);
    if (!info.dims || !InArena(info.dtype)) return false;
    const std::optional<Shape> shape = ConcreteShape(*info.dims);
    if (shape) shapes_[static_cast<std::size_t>(value)] = *shape;
    return shape.has_value();
  };
  for (ValueId value : available_) know(value);
  for (ValueId v = 0; v < graph_.num_values(); ++v) {
    if (graph_.IsConstant(v))
      shapes_[static_cast<std::size_t>(v)] = graph_.value(v).constant.shape();
  }
  for (end_ = begin_; end_ < order.size(); ++end_) {
    const Node& n = node(order[end_]);
    const bool control = !n.subgraphs.empty() && n.op->lower == nullptr;
    if (control || n.op->data_dependent_shape) break;
    const bool operands_fit = std::all_of(n.inputs.begin(), n.inputs.end(), [&](ValueId v) {
      return v == kNoValue || InArena(inference_->info(v).dtype);
    });
    if (!operands_fit) break;
    PLUMB_RETURN_IF_ERROR(inference_->Infer(order[end_]));
    const bool outputs_known = std::all_of(n.outputs.begin(), n.outputs.end(),
                                           [&](ValueId v) { return v == kNoValue || know(v); });
    if (!outputs_known) break;
  }
  segment_.end = end_;
  return OkStatus();
}

bool Planner::HasKnownElements(ValueId value) const {
  const ValueInfo& info = inference_->info(value);
  return info.content && IsInteger(info.dtype) &&
         std::all_of(info.content->begin(), info.content->end(),
                     [](const Dim& dim) { return dim.is_constant(); });
}

const Tensor* Planner::KnownTensor(ValueId value) {
  if (graph_.IsConstant(value)) return &graph_.value(value).constant;
  if (!HasKnownElements(value)) return nullptr;
  std::shared_ptr<Tensor>& tensor = known_[static_cast<std::size_t>(value)];
  if (tensor == nullptr) {
    std::vector<std::int64_t> elements;
    for (const Dim& dim : *inference_->info(value).content) {
      elements.push_back(dim.value());
    }
    tensor = std::make_shared<Tensor>(FromInt64s(dtype(value), shape(value), elements));
  }
  return tensor.get();
}

// A node is needed when somebody reads what it computes; elements that are known are read from
// nowhere, and a node that only asks for shapes reads no data.
void Planner::FindNeeded() {
  std::vector<bool> wanted(static_cast<std::size_t>(graph_.num_values()), false);
  const auto want = [&](ValueId value) {
    if (value != kNoValue && !graph_.IsConstant(value) && !HasKnownElements(value)) {
      wanted[static_cast<std::size_t>(value)] = true;
    }
  };
  std::vector<bool> is_output(static_cast<std::size_t>(graph_.num_values()), false);
  const auto output = [&](ValueId value) {
    is_output[static_cast<std::size_t>(value)] = true;
    wanted[static_cast<std::size_t>(value)] = true;
  };
  for (ValueId value : graph_.outputs()) output(value);
  for (const State& state : graph_.states()) output(state.written);
  const std::vector<NodeId>& order = model_->order();
  std::vector<bool> read_later(static_cast<std::size_t>(graph_.num_values()), false);
  for (std::size_t p = order.size(); p > begin_; --p) {
    const Node& n = node(order[p - 1]);
    const bool here = p - 1 < end_;
    bool use = !here;
    for (ValueId v : n.outputs) use = use || (v != kNoValue && wanted[static_cast<std::size_t>(v)]);
    if (!use) continue;
    if (here) needed_[static_cast<std::size_t>(order[p - 1])] = true;
    for (ValueId v : n.inputs) {
      if (v == kNoValue || n.op->shape_only) continue;
      want(v);
      if (!here) read_later[static_cast<std::size_t>(v)] = true;
    }
    for (const Subgraph& sub : n.subgraphs) {
      for (ValueId v : sub.captured) {
        want(v);
        if (!here) read_later[static_cast<std::size_t>(v)] = true;
      }
    }
  }
  // What leaves the segment: everything at its end, or what later nodes read.
  if (end_ == order.size()) {
    const auto leave = [this](ValueId value) {  // the engine hands on what no arena holds
      if (InArena(inference_->info(value).dtype)) segment_.outputs.push_back(value);
    };
    for (ValueId value : graph_.outputs()) leave(value);
    for (const State& state : graph_.states()) leave(state.written);
    return;
  }
  for (ValueId v = 0; v < graph_.num_values(); ++v) {
    const auto i = static_cast<std::size_t>(v);
    if ((read_later[i] || is_output[i]) && InSegment(graph_.value(v).producer)) {
      segment_.outputs.push_back(v);
    }
  }
}

void Planner::CountUses() {
  for (std::size_t p = begin_; p < end_; ++p) {
    const NodeId id = model_->order()[p];
    if (!needed(id)) continue;
    for (ValueId v : node(id).inputs) {
      if (v != kNoValue) ++uses_left_[static_cast<std::size_t>(v)];
    }
    for (const Subgraph& sub : node(id).subgraphs) {
      for (ValueId v : sub.captured) ++uses_left_[static_cast<std::size_t>(v)];
    }
  }
  for (ValueId v : segment_.outputs) ++uses_left_[static_cast<std::size_t>(v)];
  for (ValueId v : available_) {
    segment_.inputs.push_back(v);
    const int memory =
        places_.AddMemory(runtime::Place::kInput, static_cast<int>(segment_.inputs.size()) - 1);
    places_.PutInMemory(v, {memory, 0, RowMajorStrides(shape(v))});
  }
}

void Planner::ChooseLayouts() {
  const auto image = [this](ValueId v) {
    return v != kNoValue && shape(v).rank() >= 3 && shape(v).rank() <= 5;
  };
  for (std::size_t p = begin_; p < end_; ++p) {
    const Node& n = node(model_->order()[p]);
    if (!needed(model_->order()[p])) continue;
    const ValueId out = n.output(0);
    if (!image(out)) continue;
    bool last = n.op->layout == LayoutRule::kChannelsLast;
    if (n.op->layout == LayoutRule::kFollow || n.op->layout == LayoutRule::kMovement) {
      for (ValueId v : n.inputs) {
        last = last || (image(v) && shape(v).rank() == shape(out).rank() &&
                        layout(v) == Layout::kChannelsLast);
      }
    }
    if (!last) continue;
    for (ValueId v : n.outputs) {
      if (image(v)) layouts_[static_cast<std::size_t>(v)] = Layout::kChannelsLast;
    }
  }
}

Status Planner::WalkForwards() {
  for (std::size_t p = begin_; p < end_; ++p) {
    const NodeId id = model_->order()[p];
    if (!needed(id)) continue;
    const Status status = IsMovement(id) ? PlanMovement(id) : PlanKernel(id);
    if (!status.ok()) {
      return Annotate(status, absl::StrCat("node '", node(id).name, "' (", Str(op(id).name), ")"));
    }
    for (ValueId v : node(id).inputs) UseOnce(v);
    for (const Subgraph& sub : node(id).subgraphs) {
      for (ValueId v : sub.captured) UseOnce(v);
    }
  }
  return OkStatus();
}

void Planner::UseOnce(ValueId value) {
  if (value == kNoValue) return;
  if (--uses_left_[static_cast<std::size_t>(value)] == 0) places_.Release(value);
}

Located Planner::NewBuffer(Layout layout, const Shape& shape, DType dtype) {
  const Strides strides = LayoutStrides(layout, shape);
  const int memory =
      places_.AddMemory(runtime::Place::kArena, -1, StorageBytes(dtype, NumElements(shape)));
  return {memory, 0, strides};
}

int Planner::ConstantMemory(ValueId value) {
  const auto found = constant_memory_.find(value);
  if (found != constant_memory_.end()) return found->second;
  const Tensor* tensor = KnownTensor(value);
  const int index = static_cast<int>(segment_.program.constants.size());
  // Where it lies is asked for when a step reads it there: most weights are packed and nobody does.
  segment_.program.constants.push_back(nullptr);
  segment_.program.constant_bytes.push_back(tensor->bytes());
  read_in_place_[index] = tensor;
  if (!graph_.IsConstant(value)) {
    segment_.program.keep_alive.push_back(known_[static_cast<std::size_t>(value)]);
  }
  const int memory = places_.AddMemory(runtime::Place::kConstant, index);
  constant_memory_[value] = memory;
  return memory;
}

Planner::PendingOperand Planner::Operand(const Located& at, DType dtype) const {
  if (at.memory < 0) return {};
  return {at.memory, at.offset * StorageBytes(dtype, 1)};
}

std::unique_ptr<ConcreteOperands> Planner::Concrete(NodeId id, int output) {
  auto operands = std::make_unique<ConcreteOperands>();
  const Node& n = node(id);
  for (ValueId v : n.inputs) {
    const bool present = v != kNoValue;
    operands->input_shapes.push_back(present ? shape(v) : Shape{});
    operands->input_types.push_back(present ? dtype(v) : DType::kUndefined);
    operands->constants.push_back(present ? KnownTensor(v) : nullptr);
    operands->contents.push_back(present ? inference_->info(v).content : std::nullopt);
  }
  for (ValueId v : n.outputs) {
    operands->output_shapes.push_back(v != kNoValue ? shape(v) : Shape{});
    operands->output_types.push_back(v != kNoValue ? dtype(v) : DType::kUndefined);
  }
  operands->node.node = &n;
  operands->node.output = output;
  operands->node.input_shapes = operands->input_shapes;
  operands->node.input_types = operands->input_types;
  operands->node.output_shapes = operands->output_shapes;
  operands->node.output_types = operands->output_types;
  operands->node.constants = operands->constants;
  operands->node.contents = operands->contents;
  return operands;
}

void Planner::AddStep(runtime::Step step, std::span<const PendingOperand> operands, StepInfo info) {
  const std::int64_t workspace_bytes = step.host == nullptr ? step.kernel.workspace_bytes : 0;
  const int index = static_cast<int>(pending_.size());
  PendingStep pending;
  step.first_operand = static_cast<std::uint32_t>(operands_.size());
  step.num_operands = static_cast<std::uint32_t>(operands.size());
  pending.step = std::move(step);
  for (const PendingOperand& operand : operands) {
    operands_.push_back(operand);
    if (operand.memory >= 0) places_.Touch(operand.memory, index);
  }
  if (workspace_bytes > 0) {
    pending.workspace = places_.AddMemory(runtime::Place::kArena, -1, workspace_bytes);
    places_.Touch(pending.workspace, index);
  }
  pending_.push_back(std::move(pending));
  segment_.steps.push_back(std::move(info));
}

// Outputs that no step wrote in place: inputs, constants, duplicates, values kept in another order.
Status Planner::WriteOutputs() {
  for (std::size_t k = 0; k < segment_.outputs.size(); ++k) {
    const ValueId value = segment_.outputs[k];
    segment_.output_shapes.push_back(shape(value));
    segment_.output_types.push_back(dtype(value));
    const ValuePlace& place = places_.of(value);
    if (place.kind == ValuePlace::Kind::kMemory) {
      const Memory& memory = places_.memories[static_cast<std::size_t>(place.at.memory)];
      const bool there = memory.place == runtime::Place::kOutput &&
                         memory.index == static_cast<int>(k) && place.at.offset == 0;
      if (there) continue;
    }
    Located dst;
    dst.memory = places_.AddMemory(runtime::Place::kOutput, static_cast<int>(k));
    dst.strides = RowMajorStrides(shape(value));
    if (place.kind == ValuePlace::Kind::kNone) {
      PLUMB_CHECK(KnownTensor(value) != nullptr, "output '", graph_.value(value).name, "'");
      places_.PutInMemory(value, {ConstantMemory(value), 0, RowMajorStrides(shape(value))});
    }
    PLUMB_RETURN_IF_ERROR(EmitCopy(value, RegionsOf(value), dst, kNoNode));
  }
  return OkStatus();
}

void Planner::Finish() {
  runtime::Program& program = segment_.program;
  if (errors_memory_ >= 0) {  // counts from the begin of the run to its end
    places_.Touch(errors_memory_, 0);
    places_.Touch(errors_memory_, static_cast<int>(pending_.size()) - 1);
  }
  std::vector<BufferLife> lives;
  std::vector<int> life_of(places_.memories.size(), -1);
  for (std::size_t m = 0; m < places_.memories.size(); ++m) {
    const Memory& memory = places_.memories[m];
    if (memory.place != runtime::Place::kArena || memory.first < 0) continue;
    life_of[m] = static_cast<int>(lives.size());
    lives.push_back({memory.bytes, memory.first, memory.last});
  }
  const MemoryPlan plan = PlanMemory(lives);
  for (const PendingStep& pending : pending_) {
    program.max_operands = std::max(program.max_operands, pending.step.num_operands);
  }
  const std::int64_t table = runtime::PointerTableBytes(program.max_operands);
  const auto offset_of = [&](int memory) {
    const int life = life_of[static_cast<std::size_t>(memory)];
    return table + plan.offsets[static_cast<std::size_t>(life)];
  };
  for (const PendingOperand& operand : operands_) {
    runtime::OperandSlot slot;
    if (operand.memory >= 0) {
      const Memory& memory = places_.memories[static_cast<std::size_t>(operand.memory)];
      slot.place = memory.place;
      slot.index = memory.index;
      slot.offset = operand.offset;
      if (memory.place == runtime::Place::kArena) {
        slot.index = 0;
        slot.offset += offset_of(operand.memory);
      }
      if (memory.place == runtime::Place::kConstant && read_in_place_.contains(memory.index)) {
        program.constants[static_cast<std::size_t>(memory.index)] =
            read_in_place_[memory.index]->raw();
      }
    }
    program.operands.push_back(slot);
  }
  for (PendingStep& pending : pending_) {
    if (pending.workspace >= 0) pending.step.workspace_offset = offset_of(pending.workspace);
    program.steps.push_back(std::move(pending.step));
  }
  if (errors_memory_ >= 0) program.errors_offset = offset_of(errors_memory_);
  program.arena_bytes = table + plan.arena_bytes;
  program.num_inputs = static_cast<int>(segment_.inputs.size());
  program.num_outputs = static_cast<int>(segment_.outputs.size());
  segment_.peak_live_bytes = plan.peak_live_bytes;
  segment_.infos.reserve(static_cast<std::size_t>(graph_.num_values()));
  for (ValueId v = 0; v < graph_.num_values(); ++v) segment_.infos.push_back(inference_->info(v));
}

}  // namespace plumb::engine
