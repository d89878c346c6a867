#include "onnx/scope.h"

namespace plumb::onnx {

Scope Scope::ForSubgraph(Scope* outer, Graph* body, std::vector<ValueId>* captured) {
  Scope scope(body, outer->opsets_);
  scope.outer_ = outer;
  scope.captured_ = captured;
  scope.arguments = outer->arguments;
  scope.graph_depth_ = outer->graph_depth_ + 1;
  scope.call_depth_ = outer->call_depth_;
  return scope;
}

Scope Scope::ForFunction(const Scope& caller, const Opsets* opsets, std::string prefix) {
  Scope scope(caller.graph_, opsets);
  scope.prefix_ = std::move(prefix);
  scope.graph_depth_ = caller.graph_depth_;
  scope.call_depth_ = caller.call_depth_ + 1;
  return scope;
}

ValueId Scope::Find(const std::string& name) {
  const auto it = values_.find(name);
  if (it != values_.end()) return it->second;
  if (outer_ == nullptr) return kNoValue;
  const ValueId outside = outer_->Find(name);
  if (outside == kNoValue) return kNoValue;
  const ValueId capture = graph_->AddCapture(name, outer_->graph_->value(outside).info);
  captured_->push_back(outside);
  Bind(name, capture);
  return capture;
}

std::string Scope::GraphName(const std::string& name) {
  const auto given = output_names.find(name);
  if (given != output_names.end()) return given->second;
  if (name.empty() || prefix_.empty()) return name;
  return graph_->UniqueName(prefix_ + "/" + name);
}

}  // namespace plumb::onnx
