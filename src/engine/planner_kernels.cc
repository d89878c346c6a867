// Kernel steps while planning: operands in the memory order that the operator takes, the kernel
// that search chose, outputs in new memory, in the memory of an input that nobody needs any more,
// or where they were reserved.
#if __has_include(<malloc.h>)
#include <malloc.h>
#endif

#include <algorithm>
#include <cstdlib>

#include "core/check.h"
#include "engine/planner.h"
#include "engine/reference_step.h"
#include "engine/search.h"

namespace plumb::engine {
namespace {

Cost DefaultCost(const ConcreteNode& node) {
  Cost cost;
  for (std::size_t i = 0; i < node.input_shapes.size(); ++i) {
    if (node.input_types[i] == DType::kUndefined) continue;
    cost.bytes_read +=
        static_cast<double>(StorageBytes(node.input_types[i], NumElements(node.input_shapes[i])));
  }
  for (std::size_t i = 0; i < node.output_shapes.size(); ++i) {
    if (node.output_types[i] == DType::kUndefined) continue;
    const std::int64_t elements = NumElements(node.output_shapes[i]);
    cost.bytes_written += static_cast<double>(StorageBytes(node.output_types[i], elements));
    cost.ops += static_cast<double>(elements);
  }
  return cost;
}

bool SameStrides(const Shape& shape, const Strides& a, const Strides& b) {
  for (int k = 0; k < shape.rank(); ++k) {
    if (shape[k] != 1 && a[k] != b[k]) return false;
  }
  return true;
}

}  // namespace

// Whether the operator's kernels read an input in this order well.
bool Planner::Acceptable(const OpDef& op, int index, const Shape& shape,
                         const Strides& strides) const {
  if (op.layout != LayoutRule::kChannelsLast || index != 0 || shape.rank() < 3) return true;
  // Few channels are read from planes (an image); many want to be innermost. Interleaved channels
  // of a shuffle are read at their stride.
  constexpr std::int64_t kFewChannels = 4;
  const std::int64_t innermost = strides[shape.rank() - 1];
  return shape[1] <= kFewChannels || strides[1] == 1 ||
         (std::abs(strides[1]) < std::abs(innermost) && strides[1] > 0);
}

StatusOr<Located> Planner::AcquireInput(NodeId id, int index, Effort effort) {
  const ValueId value = node(id).input(index);
  if (KnownTensor(value) != nullptr && places_.of(value).kind == ValuePlace::Kind::kNone) {
    return Located{ConstantMemory(value), 0, RowMajorStrides(shape(value))};
  }
  Layout wanted = Layout::kRowMajor;
  const LayoutRule rule = op(id).layout;
  if (effort != Effort::kReference && shape(value).rank() >= 3) {
    const ValueId out = node(id).output(0);
    const bool image = rule == LayoutRule::kChannelsLast &&
                       (index == 0 || (out != kNoValue && shape(out) == shape(value)));
    const bool follows =
        rule == LayoutRule::kFollow && out != kNoValue && shape(value).rank() == shape(out).rank();
    if (image || follows) wanted = layout(out);
  }
  if (effort == Effort::kAsTheyAre) {
    if (const std::optional<Located> at = InPlace(value)) {
      if (Acceptable(op(id), index, shape(value), at->strides)) return *at;
    }
  }
  return Materialise(value, wanted);
}

// The memory of an input that this node is the last to read, when output 0 may take it over.
std::optional<Located> Planner::ReuseInput(NodeId id, ValueId output,
                                           std::span<const Located> inputs) {
  const Node& n = node(id);
  for (std::size_t i = 0; i < n.inputs.size(); ++i) {
    const ValueId value = n.inputs[i];
    if (value == kNoValue || inputs[i].memory < 0) continue;
    const auto& may = n.op->inplace_inputs;
    const bool allowed =
        n.op->elementwise || std::find(may.begin(), may.end(), static_cast<int>(i)) != may.end();
    if (!allowed) continue;
    const Memory& memory = places_.memories[static_cast<std::size_t>(inputs[i].memory)];
    if (memory.place != runtime::Place::kArena || memory.holders != 1) continue;
    const auto reads_here = std::count(n.inputs.begin(), n.inputs.end(), value);
    if (uses_left_[static_cast<std::size_t>(value)] != reads_here) continue;
    const ValuePlace& place = places_.of(value);
    if (place.kind != ValuePlace::Kind::kMemory || place.at.memory != inputs[i].memory) continue;
    if (!(shape(value) == shape(output)) ||
        StorageBytes(dtype(value), 1) != StorageBytes(dtype(output), 1) ||
        !SameStrides(shape(output), inputs[i].strides,
                     LayoutStrides(layout(output), shape(output)))) {
      continue;
    }
    // An elementwise operator may read the memory through other operands at the same position;
    // others still need elements that have been written over by then.
    bool shared = false;
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      if (k == i || inputs[k].memory != inputs[i].memory) continue;
      const bool same =
          inputs[k].offset == inputs[i].offset && inputs[k].strides == inputs[i].strides;
      shared = shared || !same || !n.op->elementwise;
    }
    if (!shared) return inputs[i];
  }
  return std::nullopt;
}

StatusOr<std::vector<Located>> Planner::AcquireOutputs(NodeId id, Effort effort,
                                                       std::span<const Located> inputs) {
  std::vector<Located> outputs;
  for (std::size_t o = 0; o < node(id).outputs.size(); ++o) {
    const ValueId value = node(id).outputs[o];
    if (value == kNoValue) {
      outputs.emplace_back();
      continue;
    }
    const ValuePlace& place = places_.of(value);
    if (place.reserved && effort < Effort::kDenseOutputs) {
      outputs.push_back(place.at);
      continue;
    }
    if (o == 0 && effort != Effort::kReference && !place.reserved) {
      if (const std::optional<Located> reused = ReuseInput(id, value, inputs)) {
        outputs.push_back(*reused);
        continue;
      }
    }
    const Layout order = effort == Effort::kReference ? Layout::kRowMajor : layout(value);
    outputs.push_back(NewBuffer(order, shape(value), dtype(value)));
  }
  return outputs;
}

StatusOr<bool> Planner::LowerNode(NodeId id, std::span<const ops::Operand> inputs,
                                  std::span<const ops::Operand> outputs, ops::KernelChoice* choice,
                                  std::shared_ptr<const ChosenKernel>* chosen) {
  std::vector<std::optional<DimVector>> contents;
  for (ValueId v : node(id).inputs) {
    contents.push_back(v != kNoValue ? inference_->info(v).content : std::nullopt);
  }
  for (const std::shared_ptr<const ChosenKernel>& kernel : model_->chosen(id)) {
    ops::LowerContext context(node(id), inputs, outputs, contents, model_->target(),
                              &kernel->algorithm);
    context.counts_errors = true;
    PLUMB_RETURN_IF_ERROR(op(id).lower(context));
    if (context.choices.empty()) continue;
    if (context.choices[0].packed_bytes != kernel->packed_bytes) continue;
    *choice = std::move(context.choices[0]);
    *chosen = kernel;
    return true;
  }
  ops::LowerContext context(node(id), inputs, outputs, contents, model_->target(), nullptr);
  context.counts_errors = true;
  PLUMB_RETURN_IF_ERROR(op(id).lower(context));
  if (context.choices.empty()) return false;
  std::optional<TunedKernel> tuned;
  if (context.choices.size() > 1) tuned = RememberProblem(id, inputs, outputs, contents);
  SearchResult found = ChooseKernel(context.choices, model_->target(), tuned);
  *choice = std::move(context.choices[found.chosen]);
  auto kernel = std::make_shared<ChosenKernel>();
  kernel->algorithm = choice->algorithm;
  kernel->name = choice->name;
  kernel->why = std::move(found.why);
  kernel->packed_bytes = choice->packed_bytes;
  if (choice->packed_bytes > 0) {
    PLUMB_ASSIGN_OR_RETURN(kernel->packed, model_->packed_memory().Allocate(choice->packed_bytes));
  }
  packing_.push_back({id, kernel, std::move(choice->pack)});
  *chosen = std::move(kernel);
  return true;
}

// Several at a time: together they hold no more bytes than the largest does alone (or than are
// few), because what is read and made on the way to the packed weights stays until all of them are
// done.
void Planner::PackWeights() {
  std::int64_t most = 32 << 20;
  for (const Packing& packing : packing_) most = std::max(most, packing.kernel->packed_bytes);
  for (std::size_t first = 0, last = 0; first < packing_.size(); first = last) {
    std::int64_t bytes = 0;
    do {
      bytes += packing_[last++].kernel->packed_bytes;
    } while (last < packing_.size() && bytes + packing_[last].kernel->packed_bytes <= most);
    const auto pack = [&](std::int64_t task) {
      const Packing& packing = packing_[first + static_cast<std::size_t>(task)];
      if (packing.kernel->packed != nullptr) packing.pack(packing.kernel->packed.get());
    };
    const auto tasks = static_cast<std::int64_t>(last - first);
    if (pool_ != nullptr) {
      pool_->ParallelFor(tasks, pack);
    } else {
      for (std::int64_t task = 0; task < tasks; ++task) pack(task);
    }
#ifdef __GLIBC__
    if (bytes > 0) malloc_trim(0);  // each thread's heap would keep its largest copy
#endif
  }
  for (Packing& packing : packing_) model_->AddChosen(packing.node, packing.kernel);
}

// Notes the problem for those that measure, and says what they found before. Operands whose
// elements shape arithmetic knows are the plan's own, and not kept.
std::optional<TunedKernel> Planner::RememberProblem(
    NodeId id, std::span<const ops::Operand> inputs, std::span<const ops::Operand> outputs,
    std::vector<std::optional<DimVector>> contents) {
  auto problem = std::make_shared<KernelProblem>();
  problem->node = &node(id);
  problem->inputs.assign(inputs.begin(), inputs.end());
  problem->outputs.assign(outputs.begin(), outputs.end());
  problem->contents = std::move(contents);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].constant != nullptr && !graph_.IsConstant(node(id).inputs[i])) {
      return std::nullopt;
    }
  }
  const TuningDatabase* tuning = model_->options().tuning.get();
  std::optional<TunedKernel> tuned;
  if (tuning != nullptr) {
    const std::string key = KeyOf(*problem);
    tuned = tuning->Find(key);
    model_->consulted().emplace(key, AnswerText(tuned));
  }
  model_->AddProblem(std::move(problem));
  return tuned;
}

Status Planner::PlanKernel(NodeId id) {
  if (op(id).lower != nullptr) {
    for (Effort effort : {Effort::kAsTheyAre, Effort::kPreferredInputs, Effort::kDenseOutputs}) {
      PLUMB_ASSIGN_OR_RETURN(const bool done, TryKernel(id, effort));
      if (done) return OkStatus();
    }
  }
  return TryKernel(id, Effort::kReference).status();
}

StatusOr<bool> Planner::TryKernel(NodeId id, Effort effort) {
  const Node& n = node(id);
  std::vector<Located> inputs;
  std::vector<ops::Operand> in, out;
  for (std::size_t i = 0; i < n.inputs.size(); ++i) {
    ops::Operand operand;
    const ValueId value = n.inputs[i];
    Located at;
    if (value != kNoValue) {
      PLUMB_ASSIGN_OR_RETURN(at, AcquireInput(id, static_cast<int>(i), effort));
      operand = {true, dtype(value), shape(value), at.strides, KnownTensor(value)};
    }
    inputs.push_back(at);
    in.push_back(operand);
  }
  PLUMB_ASSIGN_OR_RETURN(const std::vector<Located> outputs, AcquireOutputs(id, effort, inputs));
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    const ValueId value = n.outputs[o];
    ops::Operand operand;
    if (value != kNoValue) {
      operand = {true, dtype(value), shape(value), outputs[o].strides, nullptr};
    }
    out.push_back(operand);
  }
  if (effort == Effort::kReference) {
    PLUMB_RETURN_IF_ERROR(PlanReference(id, inputs, outputs));
  } else {
    ops::KernelChoice choice;
    std::shared_ptr<const ChosenKernel> chosen;
    PLUMB_ASSIGN_OR_RETURN(const bool found, LowerNode(id, in, out, &choice, &chosen));
    if (!found) return false;
    AddKernelStep(id, inputs, outputs, std::move(choice), *chosen);
  }
  PLUMB_RETURN_IF_ERROR(SettleOutputs(id, outputs));
  return true;
}

void Planner::AddKernelStep(NodeId id, std::span<const Located> inputs,
                            std::span<const Located> outputs, ops::KernelChoice choice,
                            const ChosenKernel& chosen) {
  const Node& n = node(id);
  std::vector<PendingOperand> operands;
  bool counts_errors = false;
  for (const ops::OperandRef& ref : choice.operands) {
    const auto index = static_cast<std::size_t>(ref.index);
    switch (ref.kind) {
      case ops::OperandRef::kNull: operands.emplace_back(); break;
      case ops::OperandRef::kErrors:
        if (errors_memory_ < 0) {
          errors_memory_ = places_.AddMemory(runtime::Place::kArena, -1, kArenaAlignment);
        }
        operands.push_back({errors_memory_, 0});
        counts_errors = true;
        break;
      case ops::OperandRef::kInput:
        operands.push_back(Operand(inputs[index], dtype(n.inputs[index])));
        break;
      case ops::OperandRef::kOutput:
        operands.push_back(Operand(outputs[index], dtype(n.outputs[index])));
        break;
      case ops::OperandRef::kPacked: {
        const int constant = static_cast<int>(segment_.program.constants.size());
        segment_.program.constants.push_back(chosen.packed.get());
        segment_.program.constant_bytes.push_back(chosen.packed_bytes);
        segment_.program.keep_alive.push_back(chosen.packed);
        operands.push_back({places_.AddMemory(runtime::Place::kConstant, constant), ref.index});
        break;
      }
    }
  }
  StepInfo info = InfoOf(id);
  info.algorithm = chosen.name;
  info.why = chosen.why;
  runtime::Step step;
  step.kernel = choice.kernel;
  step.state = std::move(choice.keep_alive);
  step.counts_errors = counts_errors;
  AddStep(std::move(step), operands, std::move(info));
}

// Outputs are where they were acquired; what was reserved elsewhere is copied there.
Status Planner::SettleOutputs(NodeId id, std::span<const Located> outputs) {
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    const ValueId value = node(id).outputs[o];
    if (value == kNoValue) continue;
    const ValuePlace& place = places_.of(value);
    if (!place.reserved) {
      places_.PutInMemory(value, outputs[o]);
    } else if (place.at.memory != outputs[o].memory) {
      Region whole;
      whole.sizes = shape(value);
      whole.source = outputs[o].memory;
      whole.src_offset = outputs[o].offset;
      whole.src_strides = outputs[o].strides;
      whole.dst_strides = RowMajorStrides(shape(value));
      PLUMB_RETURN_IF_ERROR(EmitCopy(value, std::vector<Region>{whole}, place.at, id));
    }
  }
  return OkStatus();
}

DType ProductTypeOf(const Graph& graph, const Node& node) {
  const ValueId x = node.input(0);
  if (x == kNoValue) return DType::kFloat32;
  const DType type = graph.value(x).info.dtype;
  if (type == DType::kInt8 || type == DType::kUInt8) return DType::kInt8;
  return node.attrs.String("precision", "") == "bf16" ? DType::kBFloat16 : DType::kFloat32;
}

StepInfo Planner::InfoOf(NodeId id) {
  const Node& n = node(id);
  const std::unique_ptr<ConcreteOperands> concrete = Concrete(id, 0);
  StepInfo info;
  info.node = id;
  info.name = n.name;
  info.op = Str(n.op->name);
  info.shape = concrete->output_shapes.empty() ? "" : concrete->output_shapes[0].ToString();
  info.cost = n.op->cost != nullptr ? n.op->cost(concrete->node) : DefaultCost(concrete->node);
  info.product = ProductTypeOf(model_->graph(), n);
  return info;
}

Status Planner::PlanReference(NodeId id, std::span<const Located> inputs,
                              std::span<const Located> outputs) {
  const Node& n = node(id);
  auto state = std::make_shared<ReferenceStep>();
  state->node = &n;
  std::vector<PendingOperand> operands;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const ValueId v = n.inputs[i];
    state->inputs.push_back(
        {v != kNoValue ? dtype(v) : DType::kUndefined, v != kNoValue ? shape(v) : Shape{}});
    operands.push_back(v != kNoValue ? Operand(inputs[i], dtype(v)) : PendingOperand{});
  }
  for (std::size_t o = 0; o < outputs.size(); ++o) {
    const ValueId v = n.outputs[o];
    state->outputs.push_back(
        {v != kNoValue ? dtype(v) : DType::kUndefined, v != kNoValue ? shape(v) : Shape{}});
    operands.push_back(v != kNoValue ? Operand(outputs[o], dtype(v)) : PendingOperand{});
  }
  StepInfo info = InfoOf(id);
  info.algorithm = "reference";
  info.why = "no kernel for these operands";
  runtime::Step step;
  step.host = &RunReferenceStep;
  step.state = std::move(state);
  AddStep(std::move(step), operands, std::move(info));
  return OkStatus();
}

}  // namespace plumb::engine
