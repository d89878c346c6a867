// If: the outputs of then_branch where the condition holds, of else_branch where it does not.
// Branches have no inputs; what they read of the outer graph are their captures. Opsets: 1, 11, 13,
// 16, 19, 21.
#include "ops/subgraphs.h"

namespace plumb::ops {
namespace {

StatusOr<bool> ConditionOf(const Tensor& condition) {
  if (condition.num_elements() == 1) return condition.data<bool>()[0];
  return InvalidArgument("the condition has shape ", condition.shape().ToString(),
                         ", expected one element");
}

Status CheckCount(const char* branch, std::size_t given, int expected) {
  if (static_cast<int>(given) == expected) return OkStatus();
  return InvalidArgument(branch, " has ", given, " outputs, the node has ", expected);
}

// --- shape inference ---
Status Infer(InferContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const int then_index, SubgraphIndex(context.node(), "then_branch"));
  PLUMB_ASSIGN_OR_RETURN(const int else_index, SubgraphIndex(context.node(), "else_branch"));
  PLUMB_ASSIGN_OR_RETURN(const auto then_infos, context.infer_subgraph(then_index, {}));
  PLUMB_ASSIGN_OR_RETURN(const auto else_infos, context.infer_subgraph(else_index, {}));
  PLUMB_RETURN_IF_ERROR(CheckCount("then_branch", then_infos.size(), context.num_outputs()));
  PLUMB_RETURN_IF_ERROR(CheckCount("else_branch", else_infos.size(), context.num_outputs()));
  std::optional<bool> known;
  if (const Tensor* condition = context.constant(0); condition != nullptr) {
    PLUMB_ASSIGN_OR_RETURN(known, ConditionOf(*condition));
  }
  for (int i = 0; i < context.num_outputs(); ++i) {
    const auto index = static_cast<std::size_t>(i);
    const StatusOr<ValueInfo> either = EitherInfo(then_infos[index], else_infos[index]);
    if (!either.ok()) return Annotate(either.status(), absl::StrCat("output ", i));
    const ValueInfo& info = !known.has_value() ? *either
                            : *known           ? then_infos[index]
                                               : else_infos[index];
    context.SetOutput(i, info.dtype, info.dims);
  }
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const bool condition, ConditionOf(context.input(0)));
  PLUMB_ASSIGN_OR_RETURN(const int index,
                         SubgraphIndex(context.node(), condition ? "then_branch" : "else_branch"));
  PLUMB_ASSIGN_OR_RETURN(std::vector<Tensor> outputs, context.run_subgraph(index, {}));
  PLUMB_RETURN_IF_ERROR(CheckCount("the branch", outputs.size(), context.num_outputs()));
  context.outputs = std::move(outputs);
  return OkStatus();
}

// --- samples ---
// Subgraphs have tests of their own (control_flow_test.cc).
std::vector<Sample> Samples() { return {}; }

}  // namespace

const OpDef& IfOp() {
  static const OpDef op{
      .name = "If",
      .doc = "runs then_branch or else_branch",
      .inputs = {{"cond", "bool"}},
      .outputs = {{"outputs", "any", Arity::kVariadic}},
      .subgraphs = {"then_branch", "else_branch"},
      .infer = Infer,
      .reference = Reference,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
