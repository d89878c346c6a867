// Scan: runs the body once for each position along an axis of its scan inputs,
//   (states..., elements...) = body(states..., slices...)
// and gives the last states and the elements stacked along an axis. Directions 1 run (or stack)
// backwards. Opsets: 9, 11 (negative axes), 16, 19, 21. (Opset 8 had a batch dimension.)
#include <iterator>

#include "ops/subgraphs.h"

namespace plumb::ops {
namespace {

struct Form {
  int body = 0, states = 0, scanned = 0, stacked = 0;
};

StatusOr<Form> FormOf(const Node& node) {
  Form form;
  PLUMB_ASSIGN_OR_RETURN(form.body, SubgraphIndex(node, "body"));
  const Graph& body = *node.subgraphs[static_cast<std::size_t>(form.body)].body;
  const auto inputs = static_cast<std::int64_t>(node.inputs.size());
  const std::int64_t scanned = node.attrs.Int("num_scan_inputs", 0);
  if (scanned < 1 || scanned > inputs) {
    return InvalidArgument("num_scan_inputs is ", scanned, ", the node has ", inputs, " inputs");
  }
  form.scanned = static_cast<int>(scanned);
  form.states = static_cast<int>(inputs - scanned);
  form.stacked = static_cast<int>(body.outputs().size()) - form.states;
  if (body.inputs().size() != node.inputs.size() || form.stacked < 0) {
    return InvalidArgument("the body has ", body.inputs().size(), " inputs and ",
                           body.outputs().size(), " outputs; expected ", inputs,
                           " inputs and at least ", form.states, " outputs");
  }
  if (static_cast<int>(node.outputs.size()) > form.states + form.stacked) {
    return InvalidArgument("the node has ", node.outputs.size(), " outputs, the body gives ",
                           form.states + form.stacked);
  }
  return form;
}

// Entry i of an attribute that is a list with one entry per input or output, 0 when absent.
StatusOr<std::int64_t> EntryOf(const AttrMap& attrs, const char* name, int i, int count) {
  if (!attrs.Has(name)) return 0;
  const std::vector<std::int64_t> entries = attrs.Ints(name);
  if (static_cast<int>(entries.size()) == count) return entries[static_cast<std::size_t>(i)];
  return InvalidArgument(name, " has ", entries.size(), " entries, expected ", count);
}

// --- shape inference ---
Status Infer(InferContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const Form form, FormOf(context.node()));
  std::vector<ValueInfo> given;
  Dim length = context.FreshDim();
  for (int i = 0; i < form.states + form.scanned; ++i) {
    ValueInfo info = context.input(i);
    info.content.reset();
    if (i >= form.states && info.dims.has_value()) {
      PLUMB_ASSIGN_OR_RETURN(const std::int64_t stated, EntryOf(context.attrs(), "scan_input_axes",
                                                                i - form.states, form.scanned));
      PLUMB_ASSIGN_OR_RETURN(const int axis,
                             NormalizeAxis(stated, static_cast<int>(info.dims->size())));
      const Dim size = (*info.dims)[static_cast<std::size_t>(axis)];
      if (!length.is_constant()) length = size;
      info.dims->erase(info.dims->begin() + axis);
    }
    given.push_back(std::move(info));
  }
  PLUMB_ASSIGN_OR_RETURN(const auto results, context.infer_subgraph(form.body, given));
  for (int i = 0; i < form.states; ++i) {
    const auto index = static_cast<std::size_t>(i);
    const StatusOr<ValueInfo> either = EitherInfo(given[index], results[index]);
    if (!either.ok()) return Annotate(either.status(), absl::StrCat("state ", i));
    context.SetOutput(i, either->dtype, either->dims);
  }
  for (int i = 0; i < form.stacked; ++i) {
    const ValueInfo& element = results[static_cast<std::size_t>(form.states + i)];
    std::optional<DimVector> dims = element.dims;
    if (dims.has_value()) {
      PLUMB_ASSIGN_OR_RETURN(const std::int64_t stated,
                             EntryOf(context.attrs(), "scan_output_axes", i, form.stacked));
      PLUMB_ASSIGN_OR_RETURN(const int axis,
                             NormalizeAxis(stated, static_cast<int>(dims->size()) + 1));
      dims->insert(dims->begin() + axis, length);
    }
    context.SetOutput(form.states + i, element.dtype, dims);
  }
  return OkStatus();
}

// --- reference ---
struct ScanInput {
  Tensor tensor;
  int axis = 0;
  bool reversed = false;
};

StatusOr<std::vector<ScanInput>> ScanInputs(const ReferenceContext& context, const Form& form) {
  std::vector<ScanInput> inputs;
  for (int i = 0; i < form.scanned; ++i) {
    ScanInput input{.tensor = context.input(form.states + i)};
    PLUMB_ASSIGN_OR_RETURN(const std::int64_t stated,
                           EntryOf(context.attrs(), "scan_input_axes", i, form.scanned));
    PLUMB_ASSIGN_OR_RETURN(input.axis, NormalizeAxis(stated, input.tensor.rank()));
    PLUMB_ASSIGN_OR_RETURN(const std::int64_t direction,
                           EntryOf(context.attrs(), "scan_input_directions", i, form.scanned));
    input.reversed = direction != 0;
    inputs.push_back(std::move(input));
    const std::int64_t length = inputs[0].tensor.shape()[inputs[0].axis];
    if (inputs.back().tensor.shape()[inputs.back().axis] != length) {
      return InvalidArgument("scan input ", i, " has ",
                             inputs.back().tensor.shape()[inputs.back().axis],
                             " positions, the first has ", length);
    }
  }
  return inputs;
}

Status StackOutputs(ReferenceContext& context, const Form& form,
                    const std::vector<std::vector<Tensor>>& stacks) {
  const Graph& body = *context.node().subgraphs[static_cast<std::size_t>(form.body)].body;
  for (int i = 0; i < form.stacked; ++i) {
    if (!context.wants_output(form.states + i)) continue;
    const std::vector<Tensor>& parts = stacks[static_cast<std::size_t>(i)];
    const ValueInfo& info =
        body.value(body.outputs()[static_cast<std::size_t>(form.states + i)]).info;
    const int rank =
        parts.empty() ? static_cast<int>(info.dims.value_or(DimVector{}).size()) : parts[0].rank();
    PLUMB_ASSIGN_OR_RETURN(const std::int64_t stated,
                           EntryOf(context.attrs(), "scan_output_axes", i, form.stacked));
    PLUMB_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(stated, rank + 1));
    PLUMB_ASSIGN_OR_RETURN(const std::int64_t direction,
                           EntryOf(context.attrs(), "scan_output_directions", i, form.stacked));
    PLUMB_ASSIGN_OR_RETURN(
        Tensor stack, parts.empty() ? EmptyStack(info, axis) : Stack(parts, axis, direction != 0));
    context.SetOutput(form.states + i, std::move(stack));
  }
  return OkStatus();
}

Status Reference(ReferenceContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const Form form, FormOf(context.node()));
  PLUMB_ASSIGN_OR_RETURN(const std::vector<ScanInput> inputs, ScanInputs(context, form));
  const std::int64_t length = inputs[0].tensor.shape()[inputs[0].axis];
  std::vector<Tensor> states;
  for (int i = 0; i < form.states; ++i) states.push_back(context.input(i));
  std::vector<std::vector<Tensor>> stacks(static_cast<std::size_t>(form.stacked));
  for (std::int64_t step = 0; step < length; ++step) {
    std::vector<Tensor> arguments = std::move(states);
    for (const ScanInput& input : inputs) {
      PLUMB_ASSIGN_OR_RETURN(Tensor slice, SliceAt(input.tensor, input.axis,
                                                   input.reversed ? length - 1 - step : step));
      arguments.push_back(std::move(slice));
    }
    PLUMB_ASSIGN_OR_RETURN(std::vector<Tensor> results,
                           context.run_subgraph(form.body, std::move(arguments)));
    states.assign(std::make_move_iterator(results.begin()),
                  std::make_move_iterator(results.begin() + form.states));
    for (int i = 0; i < form.stacked; ++i) {
      stacks[static_cast<std::size_t>(i)].push_back(
          std::move(results[static_cast<std::size_t>(form.states + i)]));
    }
  }
  for (int i = 0; i < form.states && i < context.num_outputs(); ++i) {
    context.SetOutput(i, std::move(states[static_cast<std::size_t>(i)]));
  }
  return StackOutputs(context, form, stacks);
}

// --- upgrade ---
Status Upgrade(UpgradeContext& context) {
  if (context.opset() >= 9) return OkStatus();
  return Unimplemented("Scan of opset 8 (with a batch dimension) is not supported; ",
                       "convert the model to opset 9 or later");
}

// --- samples ---
// Subgraphs have tests of their own (control_flow_test.cc).
std::vector<Sample> Samples() { return {}; }

}  // namespace

const OpDef& ScanOp() {
  static const OpDef op{
      .name = "Scan",
      .doc = "runs the body for each position along an axis; carries states, stacks elements",
      .since_opset = 8,
      .inputs = {{"initial_state_and_scan_inputs", "any", Arity::kVariadic}},
      .outputs = {{"final_state_and_scan_outputs", "any", Arity::kVariadic}},
      .attrs = {{"num_scan_inputs", AttrType::kInt, true},
                {"scan_input_axes", AttrType::kInts},
                {"scan_input_directions", AttrType::kInts},
                {"scan_output_axes", AttrType::kInts},
                {"scan_output_directions", AttrType::kInts}},
      .subgraphs = {"body"},
      .infer = Infer,
      .reference = Reference,
      .upgrade = Upgrade,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
