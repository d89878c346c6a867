#include "graph/builder.h"

namespace plumb {

void GraphBuilder::Fail(const Status& status) {
  if (status_.ok()) status_ = status;
}

ValueId GraphBuilder::Call(std::string_view op, std::vector<ValueId> inputs, AttrMap attrs) {
  const std::vector<ValueId> outputs = CallN(op, std::move(inputs), 1, std::move(attrs));
  return outputs.empty() ? kNoValue : outputs[0];
}

std::vector<ValueId> GraphBuilder::CallN(std::string_view op, std::vector<ValueId> inputs,
                                         int outputs, AttrMap attrs,
                                         std::vector<Subgraph> subgraphs, std::string_view name) {
  // As many as asked for even after an error, so that callers may index without asking first.
  const std::vector<ValueId> nothing(static_cast<std::size_t>(outputs), kNoValue);
  if (!status_.ok()) return nothing;
  const std::size_t dot = op.rfind('.');
  const std::string_view domain = dot == std::string_view::npos ? "" : op.substr(0, dot);
  const OpDef* def = ops_->Find(domain, dot == std::string_view::npos ? op : op.substr(dot + 1));
  if (def == nullptr) {
    Fail(Unimplemented("operator ", Str(op), " is not supported"));
    return nothing;
  }
  const NodeId id = graph_->AddNode(def, std::move(inputs), outputs, std::move(attrs), name);
  graph_->node(id).subgraphs = std::move(subgraphs);
  const Status status = InferNode(*graph_, id);
  if (!status.ok()) {
    Fail(status);
    graph_->EraseNode(id);
    return nothing;
  }
  return graph_->node(id).outputs;
}

ValueId GraphBuilder::Constant(Tensor tensor, std::string_view stem) {
  if (!status_.ok()) return kNoValue;
  return graph_->AddConstant(graph_->UniqueName(stem), std::move(tensor));
}

ValueId GraphBuilder::Scalar(DType dtype, double value) {
  const bool number = dtype == DType::kBool || IsFloating(dtype) ||
                      (IsInteger(dtype) && dtype != DType::kInt4 && dtype != DType::kUInt4);
  if (!number) {
    Fail(InvalidArgument("no number of type ", Str(DTypeName(dtype)), " can be made"));
    return kNoValue;
  }
  return Constant(FromDoubles(dtype, Shape{}, std::vector<double>{value}));
}

ValueId GraphBuilder::Ints(const std::vector<std::int64_t>& values) {
  const Shape shape{static_cast<std::int64_t>(values.size())};
  return Constant(Tensor::FromVector<std::int64_t>(shape, values));
}

}  // namespace plumb
