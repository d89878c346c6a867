// Reading a graph as a whole: order of execution, users of values.
#include <algorithm>
#include <functional>
#include <queue>

#include "graph/graph.h"
#include "graph/op_def.h"

namespace plumb {
namespace {

// Calls fn(producer) for every live node whose output `node` reads.
template <typename Fn>
void ForEachProducer(const Graph& graph, const Node& node, Fn&& fn) {
  const auto visit = [&](ValueId value) {
    if (value == kNoValue) return;
    const NodeId producer = graph.value(value).producer;
    if (producer != kNoNode && !graph.node(producer).erased) fn(producer);
  };
  for (ValueId input : node.inputs) visit(input);
  for (const Subgraph& subgraph : node.subgraphs) {
    for (ValueId captured : subgraph.captured) visit(captured);
  }
}

// Walks producers among the nodes that wait for others until one comes again: it is on a cycle.
NodeId NodeOnCycle(const Graph& graph, const std::vector<int>& waiting) {
  NodeId current = kNoNode;
  for (NodeId id = 0; id < graph.num_nodes() && current == kNoNode; ++id) {
    if (waiting[static_cast<std::size_t>(id)] > 0) current = id;
  }
  std::vector<bool> seen(waiting.size(), false);
  while (!seen[static_cast<std::size_t>(current)]) {
    seen[static_cast<std::size_t>(current)] = true;
    NodeId next = current;
    ForEachProducer(graph, graph.node(current), [&](NodeId producer) {
      if (waiting[static_cast<std::size_t>(producer)] > 0) next = producer;
    });
    current = next;
  }
  return current;
}

}  // namespace

StatusOr<std::vector<NodeId>> Graph::TopologicalOrder() const {
  std::vector<int> waiting(nodes_.size(), 0);
  std::vector<std::vector<NodeId>> users(nodes_.size());
  std::size_t live = 0;
  std::priority_queue<NodeId, std::vector<NodeId>, std::greater<>> ready;
  for (NodeId id = 0; id < num_nodes(); ++id) {
    if (node(id).erased) continue;
    ++live;
    ForEachProducer(*this, node(id), [&](NodeId producer) {
      ++waiting[static_cast<std::size_t>(id)];
      users[static_cast<std::size_t>(producer)].push_back(id);
    });
    if (waiting[static_cast<std::size_t>(id)] == 0) ready.push(id);
  }
  std::vector<NodeId> order;
  order.reserve(live);
  while (!ready.empty()) {
    const NodeId id = ready.top();
    ready.pop();
    order.push_back(id);
    for (NodeId user : users[static_cast<std::size_t>(id)]) {
      if (--waiting[static_cast<std::size_t>(user)] == 0) ready.push(user);
    }
  }
  if (order.size() == live) return order;
  const Node& on_cycle = node(NodeOnCycle(*this, waiting));
  return InvalidArgument("node '", on_cycle.name, "' (", Str(on_cycle.op->name),
                         "): is on a cycle: it reads a value that depends on its own output");
}

Uses::Uses(const Graph& graph)
    : uses_(static_cast<std::size_t>(graph.num_values())),
      escapes_(static_cast<std::size_t>(graph.num_values()), false) {
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    const Node& node = graph.node(id);
    if (node.erased) continue;
    int index = 0;
    const auto add = [&](ValueId value) {
      if (value != kNoValue) uses_[static_cast<std::size_t>(value)].push_back({id, index});
      ++index;
    };
    for (ValueId input : node.inputs) add(input);
    for (const Subgraph& subgraph : node.subgraphs) {
      for (ValueId captured : subgraph.captured) add(captured);
    }
  }
  const auto escape = [this](ValueId value) {
    if (value != kNoValue) escapes_[static_cast<std::size_t>(value)] = true;
  };
  for (ValueId output : graph.outputs()) escape(output);
  for (const State& state : graph.states()) escape(state.written);
}

std::span<const Uses::Use> Uses::of(ValueId value) const {
  return uses_[static_cast<std::size_t>(value)];
}
bool Uses::is_graph_output(ValueId value) const {
  return escapes_[static_cast<std::size_t>(value)];
}
bool Uses::has_single_use(ValueId value) const {
  return !is_graph_output(value) && of(value).size() == 1;
}

}  // namespace plumb
