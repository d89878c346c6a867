// Loop: runs the body while i < M (without M: for ever) and the condition holds (without one:
// true),
//   (condition, variables..., elements...) = body(i, condition, variables...)
// and gives the last variables and, for each further body output, its values stacked along a new
// first axis. Opsets: 1, 11, 13, 16, 19, 21.
#include <limits>

#include "ops/subgraphs.h"

namespace plumb::ops {
namespace {

// Counts from the node's inputs (M, cond, variables) and the body's outputs.
struct Form {
  int body = 0, variables = 0, stacked = 0;
};

StatusOr<Form> FormOf(const Node& node) {
  Form form;
  PLUMB_ASSIGN_OR_RETURN(form.body, SubgraphIndex(node, "body"));
  const Graph& body = *node.subgraphs[static_cast<std::size_t>(form.body)].body;
  form.variables = std::max(0, static_cast<int>(node.inputs.size()) - 2);
  const auto inputs = static_cast<int>(body.inputs().size());
  const auto outputs = static_cast<int>(body.outputs().size());
  form.stacked = outputs - 1 - form.variables;
  if (inputs != form.variables + 2 || form.stacked < 0) {
    return InvalidArgument("the body has ", inputs, " inputs and ", outputs, " outputs; for ",
                           form.variables, " variables expected ", form.variables + 2,
                           " inputs and at least ", form.variables + 1, " outputs");
  }
  if (static_cast<int>(node.outputs.size()) > form.variables + form.stacked) {
    return InvalidArgument("the node has ", node.outputs.size(), " outputs, the body gives ",
                           form.variables + form.stacked);
  }
  return form;
}

StatusOr<std::int64_t> TripLimit(const Tensor& trips) {
  if (trips.num_elements() == 1) return ToInt64s(trips)[0];
  return InvalidArgument("M has shape ", trips.shape().ToString(), ", expected one element");
}

// --- shape inference ---
ValueInfo Scalar(DType dtype) {
  ValueInfo info;
  info.dtype = dtype;
  info.dims = DimVector{};
  return info;
}

// Does the body hand on the condition that it was given, so that M alone ends the loop?
bool KeepsCondition(const Graph& body) {
  ValueId condition = body.outputs()[0];
  const NodeId producer = body.value(condition).producer;
  if (producer != kNoNode && body.node(producer).op->aliases_input) {
    condition = body.node(producer).input(0);
  }
  if (condition == body.inputs()[1]) return true;
  const Tensor& constant = body.value(condition).constant;
  return constant.defined() && constant.dtype() == DType::kBool && constant.num_elements() == 1 &&
         constant.data<bool>()[0];
}

std::optional<std::int64_t> KnownTrips(const InferContext& context, const Graph& body) {
  const auto limit = context.ints(0);
  if (!limit.has_value() || limit->size() != 1 || !KeepsCondition(body)) return std::nullopt;
  if (context.has_input(1)) {
    const Tensor* condition = context.constant(1);
    if (condition == nullptr || condition->num_elements() != 1) return std::nullopt;
    if (!condition->data<bool>()[0]) return 0;
  }
  return std::max<std::int64_t>(0, (*limit)[0]);
}

// Forgets what an iteration does not keep of the variables, which follow two other inputs in
// `given` and one other output in `results`. True when there was nothing to forget.
StatusOr<bool> Settle(const std::vector<ValueInfo>& results, int variables,
                      std::vector<ValueInfo>* given) {
  bool settled = true;
  for (int i = 0; i < variables; ++i) {
    ValueInfo& variable = (*given)[static_cast<std::size_t>(2 + i)];
    StatusOr<ValueInfo> either = EitherInfo(variable, results[static_cast<std::size_t>(1 + i)]);
    if (!either.ok()) return Annotate(either.status(), absl::StrCat("variable ", i));
    settled = settled && variable.dims.has_value() == either->dims.has_value() &&
              (!variable.dims.has_value() || *variable.dims == *either->dims);
    variable = *std::move(either);
  }
  return settled;
}

Status Infer(InferContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const Form form, FormOf(context.node()));
  const Graph& body = *context.node().subgraphs[static_cast<std::size_t>(form.body)].body;
  std::vector<ValueInfo> given = {Scalar(DType::kInt64), Scalar(DType::kBool)};
  for (int i = 0; i < form.variables; ++i) {
    given.push_back(context.has_input(2 + i) ? context.input(2 + i) : ValueInfo());
    given.back().content.reset();
  }
  // Sizes of variables hold only if every iteration keeps them: the body is inferred until nothing
  // changes. Loops in loops multiply that work, so that it ends with no sizes after a few rounds,
  // and begins so where they nest deep.
  std::vector<ValueInfo> results;
  bool settled = false;
  for (int rounds = NestsAtMost(body, 3) ? 4 : 0; !settled; --rounds) {
    for (int i = 0; rounds <= 0 && i < form.variables; ++i) {
      given[static_cast<std::size_t>(2 + i)].dims.reset();
    }
    PLUMB_ASSIGN_OR_RETURN(results, context.infer_subgraph(form.body, given));
    PLUMB_ASSIGN_OR_RETURN(settled, Settle(results, form.variables, &given));
  }
  for (int i = 0; i < form.variables; ++i) {
    const ValueInfo& variable = given[static_cast<std::size_t>(2 + i)];
    context.SetOutput(i, variable.dtype, variable.dims);
  }
  const auto trips = KnownTrips(context, body);
  for (int i = 0; i < form.stacked; ++i) {
    const ValueInfo& element = results[static_cast<std::size_t>(1 + form.variables + i)];
    std::optional<DimVector> dims = element.dims;
    if (dims.has_value()) {
      dims->insert(dims->begin(), trips.has_value() ? Dim(*trips) : context.FreshDim());
    }
    context.SetOutput(form.variables + i, element.dtype, dims);
  }
  return OkStatus();
}

// --- reference ---
StatusOr<bool> ConditionOf(const Tensor& condition) {
  if (condition.dtype() == DType::kBool && condition.num_elements() == 1) {
    return condition.data<bool>()[0];
  }
  return InvalidArgument("the condition is ", Str(DTypeName(condition.dtype())), " ",
                         condition.shape().ToString(), ", expected one bool");
}

Status Reference(ReferenceContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const Form form, FormOf(context.node()));
  std::int64_t limit = std::numeric_limits<std::int64_t>::max();
  bool condition = true;
  if (context.has_input(0)) {
    PLUMB_ASSIGN_OR_RETURN(limit, TripLimit(context.input(0)));
  }
  if (context.has_input(1)) {
    PLUMB_ASSIGN_OR_RETURN(condition, ConditionOf(context.input(1)));
  }
  std::vector<Tensor> variables;
  for (int i = 0; i < form.variables; ++i) variables.push_back(context.input(2 + i));
  std::vector<std::vector<Tensor>> stacks(static_cast<std::size_t>(form.stacked));
  for (std::int64_t trip = 0; trip < limit && condition; ++trip) {
    std::vector<Tensor> arguments = {Tensor::Scalar<std::int64_t>(trip),
                                     Tensor::Scalar<bool>(condition)};
    for (Tensor& variable : variables) arguments.push_back(std::move(variable));
    PLUMB_ASSIGN_OR_RETURN(std::vector<Tensor> results,
                           context.run_subgraph(form.body, std::move(arguments)));
    PLUMB_ASSIGN_OR_RETURN(condition, ConditionOf(results[0]));
    for (int i = 0; i < form.variables; ++i) {
      variables[static_cast<std::size_t>(i)] = std::move(results[static_cast<std::size_t>(1 + i)]);
    }
    for (int i = 0; i < form.stacked; ++i) {
      stacks[static_cast<std::size_t>(i)].push_back(
          std::move(results[static_cast<std::size_t>(1 + form.variables + i)]));
    }
  }
  for (int i = 0; i < form.variables && i < context.num_outputs(); ++i) {
    context.SetOutput(i, std::move(variables[static_cast<std::size_t>(i)]));
  }
  const Graph& body = *context.node().subgraphs[static_cast<std::size_t>(form.body)].body;
  for (int i = 0; i < form.stacked; ++i) {
    if (!context.wants_output(form.variables + i)) continue;
    const std::vector<Tensor>& parts = stacks[static_cast<std::size_t>(i)];
    const ValueId element = body.outputs()[static_cast<std::size_t>(1 + form.variables + i)];
    PLUMB_ASSIGN_OR_RETURN(Tensor stack, parts.empty() ? EmptyStack(body.value(element).info, 0)
                                                       : Stack(parts, 0, false));
    context.SetOutput(form.variables + i, std::move(stack));
  }
  return OkStatus();
}

// --- samples ---
// Subgraphs have tests of their own (control_flow_test.cc).
std::vector<Sample> Samples() { return {}; }

}  // namespace

const OpDef& LoopOp() {
  static const OpDef op{
      .name = "Loop",
      .doc =
          "runs the body while i < M and its condition holds; carries variables, stacks elements",
      .inputs = {{"M", "index", Arity::kOptional},
                 {"cond", "bool", Arity::kOptional},
                 {"v_initial", "any", Arity::kVariadic}},
      .outputs = {{"v_final_and_scan_outputs", "any", Arity::kVariadic}},
      .subgraphs = {"body"},
      .data_dependent_shape = true,
      .infer = Infer,
      .reference = Reference,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
