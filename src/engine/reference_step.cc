#include "engine/reference_step.h"

#include <cstring>

#include "graph/op_def.h"
#include "ops/interpreter.h"

namespace plumb::engine {

Status RunReferenceStep(const void* state, const kernels::Call& call) {
  const auto& step = *static_cast<const ReferenceStep*>(state);
  const Node& node = *step.node;
  const auto failed = [&](const Status& status) {
    return Annotate(status, absl::StrCat("node '", node.name, "' (", Str(node.op->name), ")"));
  };
  std::vector<Tensor> inputs;
  for (std::size_t i = 0; i < step.inputs.size(); ++i) {
    const auto& [dtype, shape] = step.inputs[i];
    inputs.push_back(dtype == DType::kUndefined
                         ? Tensor()
                         : Tensor::Wrap(dtype, shape, call.operands[i], nullptr));
  }
  ReferenceContext context(node, inputs);
  context.run_subgraph = [&](int index, const std::vector<Tensor>& arguments) {
    return ops::Interpret(*node.subgraphs[static_cast<std::size_t>(index)].body, arguments);
  };
  const Status status = node.op->reference(context);
  if (!status.ok()) return failed(status);
  for (std::size_t o = 0; o < step.outputs.size(); ++o) {
    const auto& [dtype, shape] = step.outputs[o];
    if (dtype == DType::kUndefined) continue;
    const Tensor& result = context.outputs[o];
    if (result.dtype() != dtype || !(result.shape() == shape)) {
      return failed(Internal("the reference computed shape ", result.shape().ToString(),
                             ", inference said ", shape.ToString()));
    }
    if (result.bytes() > 0) {
      std::memcpy(call.operands[step.inputs.size() + o], result.raw(),
                  static_cast<std::size_t>(result.bytes()));
    }
  }
  return OkStatus();
}

}  // namespace plumb::engine
