// Changing a graph: replacing, erasing, renaming, removing what nobody reads.
#include <algorithm>

#include "core/check.h"
#include "graph/graph.h"

namespace plumb {

void Graph::ReplaceUses(ValueId from, ValueId to) {
  for (Node& node : nodes_) {
    if (node.erased) continue;
    std::ranges::replace(node.inputs, from, to);
    for (Subgraph& subgraph : node.subgraphs) std::ranges::replace(subgraph.captured, from, to);
  }
  std::ranges::replace(outputs_, from, to);
  for (State& state : states_) {
    if (state.written == from) state.written = to;
  }
}

void Graph::EraseNode(NodeId id) {
  Node& erased = node(id);
  if (erased.erased) return;
  erased.erased = true;
  node_names_.erase(erased.name);
  for (ValueId output : erased.outputs) {
    if (output != kNoValue) value_names_.erase(value(output).name);
  }
  erased.inputs.clear();
  erased.subgraphs.clear();
}

void Graph::RenameValue(ValueId id, std::string_view new_name) {
  if (value(id).name == new_name) return;
  value_names_.erase(value(id).name);
  std::string unique(new_name);
  if (unique.empty() || FindValue(unique) != kNoValue) unique = UniqueName(new_name);
  value_names_.insert_or_assign(unique, id);
  for (State& state : states_) {
    if (state.read == id) state.name = unique;
  }
  value(id).name = std::move(unique);
}

// Captures of the bodies that nothing inside reads go, on both sides.
void Graph::DropUnusedCaptures(Node& node) {
  for (Subgraph& subgraph : node.subgraphs) {
    Graph& body = *subgraph.body;
    const Uses uses(body);
    std::vector<ValueId> outer, inner;
    for (std::size_t i = 0; i < body.captures_.size(); ++i) {
      const ValueId capture = body.captures_[i];
      if (!uses.of(capture).empty() || uses.is_graph_output(capture)) {
        outer.push_back(subgraph.captured[i]);
        inner.push_back(capture);
      } else {
        body.value_names_.erase(body.value(capture).name);
      }
    }
    subgraph.captured = std::move(outer);
    body.captures_ = std::move(inner);
  }
}

int Graph::RemoveDeadNodes() {
  int removed = 0;
  for (Node& node : nodes_) {
    if (node.erased) continue;
    for (Subgraph& subgraph : node.subgraphs) removed += subgraph.body->RemoveDeadNodes();
    DropUnusedCaptures(node);
  }
  std::vector<bool> needed(nodes_.size(), false);
  std::vector<NodeId> pending;
  const auto need = [&](ValueId id) {
    if (id == kNoValue) return;
    const NodeId producer = value(id).producer;
    if (producer == kNoNode || needed[static_cast<std::size_t>(producer)]) return;
    needed[static_cast<std::size_t>(producer)] = true;
    pending.push_back(producer);
  };
  for (ValueId output : outputs_) need(output);
  for (const State& state : states_) need(state.written);
  while (!pending.empty()) {
    const Node& live = node(pending.back());
    pending.pop_back();
    for (ValueId input : live.inputs) need(input);
    for (const Subgraph& subgraph : live.subgraphs) {
      for (ValueId captured : subgraph.captured) need(captured);
    }
  }
  for (NodeId id = 0; id < num_nodes(); ++id) {
    if (node(id).erased || needed[static_cast<std::size_t>(id)]) continue;
    EraseNode(id);
    ++removed;
  }
  return removed;
}

}  // namespace plumb
