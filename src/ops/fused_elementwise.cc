// FusedElementwise: the elementwise nodes of a body, run over the broadcast inputs in one pass.
#include <optional>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "ops/cost.h"
#include "ops/eltwise_program.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "FusedElementwise";
  op.domain = "plumb";
  op.doc = "outputs = body(inputs), whose nodes are elementwise; all outputs have one shape";
  op.inputs = {{"inputs", "any", Arity::kVariadic}};
  op.outputs = {{"outputs", "any", Arity::kVariadic}};
  op.subgraphs = {"body"};
  op.elementwise = true;
  op.layout = LayoutRule::kFollow;
  op.inplace_inputs = {0, 1, 2, 3};
  op.differentiability = Differentiability::kNot;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  std::vector<ValueInfo> inputs;
  for (int i = 0; i < context.num_inputs(); ++i) {
    if (!context.has_input(i)) return InvalidArgument("input ", i, " is missing");
    inputs.push_back(context.input(i));
  }
  PLUMB_ASSIGN_OR_RETURN(const std::vector<ValueInfo> outputs, context.infer_subgraph(0, inputs));
  if (static_cast<int>(outputs.size()) != context.num_outputs()) {
    return InvalidArgument("body has ", outputs.size(), " outputs, expected ",
                           context.num_outputs());
  }
  for (int i = 0; i < context.num_outputs(); ++i) {
    context.SetOutput(i, outputs[static_cast<std::size_t>(i)].dtype,
                      outputs[static_cast<std::size_t>(i)].dims);
  }
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  std::vector<Tensor> inputs;
  for (int i = 0; i < context.num_inputs(); ++i) {
    if (!context.has_input(i)) return InvalidArgument("input ", i, " is missing");
    inputs.push_back(context.input(i));
  }
  PLUMB_ASSIGN_OR_RETURN(std::vector<Tensor> outputs, context.run_subgraph(0, std::move(inputs)));
  if (static_cast<int>(outputs.size()) != context.num_outputs()) {
    return InvalidArgument("body has ", outputs.size(), " outputs, expected ",
                           context.num_outputs());
  }
  for (int i = 0; i < context.num_outputs(); ++i) {
    context.SetOutput(i, std::move(outputs[static_cast<std::size_t>(i)]));
  }
  return OkStatus();
}

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) {
  const Graph& body = *node.node->subgraphs[0].body;
  int nodes = 0;
  for (NodeId id = 0; id < body.num_nodes(); ++id) nodes += body.node(id).erased ? 0 : 1;
  return CostPerOutput(node, nodes);
}

// --- lowering ---------------------------------------------------------------------------------
using Value = EltwiseWriter::Value;

// The value of a body's constant as a scalar of the program; nullopt for tensors.
std::optional<Value> ScalarOf(const Tensor& constant) {
  if (constant.num_elements() != 1 || constant.dtype() == DType::kString ||
      constant.dtype() == DType::kInt4 || constant.dtype() == DType::kUInt4) {
    return std::nullopt;
  }
  const double value = ToDoubles(constant)[0];
  // Constants of a program are doubles; larger integers would lose bits.
  const bool exact = value > -0x1p53 && value < 0x1p53;
  if (IsInteger(constant.dtype()) && !exact) return std::nullopt;
  return EltwiseWriter::Scalar(constant.dtype(), value);
}

// The whole body; nullopt where a node has no instruction.
std::optional<std::vector<Value>> WriteBody(const Graph& body, EltwiseWriter* writer) {
  std::vector<Value> values(static_cast<std::size_t>(body.num_values()));
  for (ValueId id = 0; id < body.num_values(); ++id) {
    if (!body.IsConstant(id)) continue;
    const std::optional<Value> scalar = ScalarOf(body.value(id).constant);
    if (!scalar) return std::nullopt;
    values[static_cast<std::size_t>(id)] = *scalar;
  }
  for (std::size_t i = 0; i < body.inputs().size(); ++i) {
    values[static_cast<std::size_t>(body.inputs()[i])] = writer->Input(static_cast<int>(i));
  }
  const StatusOr<std::vector<NodeId>> order = body.TopologicalOrder();
  if (!order.ok()) return std::nullopt;
  for (const NodeId id : *order) {
    const Node& node = body.node(id);
    std::vector<Value> operands;
    for (const ValueId input : node.inputs) {
      operands.push_back(input == kNoValue ? Value() : values[static_cast<std::size_t>(input)]);
    }
    const std::optional<Value> result = writer->Write(node, operands);
    if (!result) return std::nullopt;
    values[static_cast<std::size_t>(node.output(0))] = *result;
  }
  std::vector<Value> outputs;
  for (const ValueId output : body.outputs()) {
    outputs.push_back(values[static_cast<std::size_t>(output)]);
  }
  return outputs;
}

Status Lower(LowerContext& context) {
  const Subgraph& subgraph = context.node().subgraphs[0];
  if (!subgraph.captured.empty()) return OkStatus();
  std::vector<DType> types;
  std::vector<int> inputs;
  for (int i = 0; i < context.num_inputs(); ++i) {
    types.push_back(context.input(i).dtype);
    inputs.push_back(i);
  }
  if (types.size() + static_cast<std::size_t>(context.num_outputs()) > kernels::kMaxEltOperands) {
    return OkStatus();
  }
  EltwiseWriter writer(std::move(types));
  const std::optional<std::vector<Value>> outputs = WriteBody(*subgraph.body, &writer);
  if (!outputs) return OkStatus();
  auto program = writer.Finish(*outputs, context.target());
  if (program.ok()) AddEltwiseChoice(context, *std::move(program), inputs);
  return OkStatus();
}

// --- samples ----------------------------------------------------------------------------------
// A sample has no subgraph; fused_elementwise_test.cc has the cases.
std::vector<Sample> Samples() { return {}; }

}  // namespace

const OpDef& FusedElementwiseOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.cost = CostOf;
    op.lower = Lower;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
