#include "graph/graph.h"

#include <algorithm>
#include <queue>

#include "absl/strings/ascii.h"
#include "core/check.h"
#include "graph/op_def.h"

namespace plumb {
namespace {

// Integer constants up to this many elements carry their elements as content.
constexpr std::int64_t kMaxContent = 64;

ValueInfo InfoOf(const Tensor& tensor) {
  ValueInfo info{tensor.dtype(), ToDims(tensor.shape()), std::nullopt};
  const bool integers = tensor.dtype() == DType::kInt64 || tensor.dtype() == DType::kInt32;
  if (integers && tensor.rank() <= 1 && tensor.num_elements() <= kMaxContent) {
    const std::vector<std::int64_t> elements = ToInt64s(tensor);
    info.content = DimVector(elements.begin(), elements.end());
  }
  return info;
}

}  // namespace

Graph::Graph() : Graph(std::make_shared<SymbolTable>()) {}
Graph::Graph(std::shared_ptr<SymbolTable> symbols) : symbols_(std::move(symbols)) {}

Graph::Graph(const Graph& other)
    : Graph(other.Clone(std::make_shared<SymbolTable>(*other.symbols_))) {}

Graph& Graph::operator=(const Graph& other) {
  if (this != &other) *this = Graph(other);
  return *this;
}

Graph Graph::Clone(std::shared_ptr<SymbolTable> symbols) const {
  Graph copy(std::move(symbols));
  copy.name = name;
  copy.doc = doc;
  copy.values_ = values_;
  copy.nodes_ = nodes_;
  copy.inputs_ = inputs_;
  copy.outputs_ = outputs_;
  copy.captures_ = captures_;
  copy.states_ = states_;
  copy.value_names_ = value_names_;
  copy.node_names_ = node_names_;
  copy.next_suffix_ = next_suffix_;
  for (Node& node : copy.nodes_) {
    for (Subgraph& subgraph : node.subgraphs) {
      subgraph.body = std::make_shared<Graph>(subgraph.body->Clone(copy.symbols_));
    }
  }
  return copy;
}

std::string Graph::UniqueName(std::string_view stem) {
  std::string candidate(stem.empty() ? "v" : stem);
  const std::string base = candidate;
  while (value_names_.contains(candidate) || node_names_.contains(candidate)) {
    candidate = absl::StrCat(base, "_", ++next_suffix_[base]);
  }
  return candidate;
}

ValueId Graph::AddValue(std::string_view name, std::string_view stem, ValueInfo info) {
  std::string unique(name);
  if (name.empty() || FindValue(name) != kNoValue) unique = UniqueName(name.empty() ? stem : name);
  const auto id = static_cast<ValueId>(values_.size());
  value_names_.insert_or_assign(unique, id);
  Value value;
  value.name = std::move(unique);
  value.info = std::move(info);
  values_.push_back(std::move(value));
  return id;
}

void Graph::ReserveName(std::string_view name) { value_names_.emplace(name, kNoValue); }

ValueId Graph::AddInput(std::string_view name, DType dtype, std::optional<DimVector> dims) {
  inputs_.push_back(AddValue(name, "x", ValueInfo{dtype, std::move(dims), std::nullopt}));
  return inputs_.back();
}

ValueId Graph::AddConstant(std::string_view name, Tensor tensor) {
  PLUMB_CHECK(tensor.defined(), "constant '", Str(name), "'");
  const ValueId id = AddValue(name, "c", InfoOf(tensor));
  value(id).constant = std::move(tensor);
  return id;
}

ValueId Graph::AddCapture(std::string_view name, ValueInfo info) {
  captures_.push_back(AddValue(name, "captured", std::move(info)));
  return captures_.back();
}

ValueId Graph::AddState(std::string_view name, Tensor initial) {
  PLUMB_CHECK(initial.defined(), "state '", Str(name), "'");
  ValueInfo info = InfoOf(initial);
  info.content.reset();
  State state;
  state.read = AddValue(name, "state", std::move(info));
  state.name = value(state.read).name;
  state.initial = std::move(initial);
  states_.push_back(std::move(state));
  return states_.back().read;
}

void Graph::SetStateWritten(int state, ValueId value) {
  PLUMB_CHECK(state >= 0 && state < static_cast<int>(states_.size()), "state ", state);
  states_[static_cast<std::size_t>(state)].written = value;
}

NodeId Graph::AppendNode(Node node, std::string_view name) {
  const auto id = static_cast<NodeId>(nodes_.size());
  while (!node.inputs.empty() && node.inputs.back() == kNoValue) node.inputs.pop_back();
  std::string stem(name);
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] == kNoValue) continue;
    Value& output = value(node.outputs[i]);
    output.producer = id;
    output.producer_index = static_cast<int>(i);
    if (stem.empty()) stem = output.name;
  }
  if (stem.empty()) stem = node.op->name;
  const std::string base = stem;
  while (node_names_.contains(stem)) stem = absl::StrCat(base, "_", ++next_suffix_[base]);
  node_names_.insert(stem);
  node.name = std::move(stem);
  nodes_.push_back(std::move(node));
  return id;
}

NodeId Graph::AddNode(const OpDef* op, std::vector<ValueId> inputs, int outputs, AttrMap attrs,
                      std::string_view name) {
  PLUMB_CHECK(op != nullptr && outputs >= 0, "node '", Str(name), "'");
  Node node;
  node.op = op;
  node.inputs = std::move(inputs);
  node.attrs = std::move(attrs);
  const std::string stem = name.empty() ? absl::AsciiStrToLower(Str(op->name)) : std::string(name);
  for (int i = 0; i < outputs; ++i) node.outputs.push_back(AddValue("", stem, {}));
  return AppendNode(std::move(node), name);
}

NodeId Graph::AddNodeNamed(const OpDef* op, std::vector<ValueId> inputs,
                           const std::vector<std::string>& output_names, AttrMap attrs,
                           std::string_view name) {
  PLUMB_CHECK(op != nullptr, "node '", Str(name), "'");
  Node node;
  node.op = op;
  node.inputs = std::move(inputs);
  node.attrs = std::move(attrs);
  for (const std::string& output : output_names) {
    node.outputs.push_back(output.empty() ? kNoValue : AddValue(output, "v", {}));
  }
  return AppendNode(std::move(node), name);
}

void Graph::AddOutput(ValueId value) { outputs_.push_back(value); }

ValueId Graph::FindValue(std::string_view name) const {
  const auto it = value_names_.find(std::string(name));
  return it == value_names_.end() ? kNoValue : it->second;
}

bool Graph::IsDefined(ValueId id) const {
  if (id < 0 || id >= num_values()) return false;
  const Value& v = value(id);
  if (v.producer != kNoNode) return !node(v.producer).erased;
  if (v.constant.defined()) return true;
  return std::ranges::find(inputs_, id) != inputs_.end() ||
         std::ranges::find(captures_, id) != captures_.end() ||
         std::ranges::find(states_, id, &State::read) != states_.end();
}

}  // namespace plumb
