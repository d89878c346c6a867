#include "onnx/node_order.h"

#include <functional>
#include <queue>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

namespace plumb::onnx {
namespace {

using Names = absl::flat_hash_set<std::string>;

void AddFreeNames(const onnxpb::GraphProto& graph, Names& names);

// Names that a node reads: its inputs and what its subgraphs read from outside.
void AddReadNames(const onnxpb::NodeProto& node, Names& names) {
  for (const std::string& input : node.input()) {
    if (!input.empty()) names.insert(input);
  }
  for (const auto& attribute : node.attribute()) {
    if (attribute.has_g()) AddFreeNames(attribute.g(), names);
  }
}

void AddFreeNames(const onnxpb::GraphProto& graph, Names& names) {
  Names read;
  for (const auto& node : graph.node()) AddReadNames(node, read);
  for (const auto& output : graph.output()) read.insert(output.name());
  for (const auto& input : graph.input()) read.erase(input.name());
  for (const auto& initializer : graph.initializer()) read.erase(initializer.name());
  for (const auto& node : graph.node()) {
    for (const std::string& output : node.output()) read.erase(output);
  }
  names.insert(read.begin(), read.end());
}

// A node that waits is on a cycle or behind one; its waiting producers lead to the cycle.
int NodeOnCycle(const std::vector<std::vector<int>>& users, const std::vector<int>& waiting) {
  std::vector<int> producer(waiting.size(), -1);
  int current = -1;
  for (std::size_t i = 0; i < users.size(); ++i) {
    if (waiting[i] == 0) continue;
    current = static_cast<int>(i);
    for (int user : users[i]) producer[static_cast<std::size_t>(user)] = static_cast<int>(i);
  }
  std::vector<bool> seen(waiting.size(), false);
  while (!seen[static_cast<std::size_t>(current)]) {
    seen[static_cast<std::size_t>(current)] = true;
    current = producer[static_cast<std::size_t>(current)];
  }
  return current;
}

}  // namespace

std::string LabelOf(const onnxpb::NodeProto& node) {
  std::string name = node.name();
  for (int i = 0; name.empty() && i < node.output_size(); ++i) name = node.output(i);
  return absl::StrCat("node '", name, "' (", node.op_type(), ")");
}

StatusOr<std::vector<int>> OrderNodes(const NodeList& nodes) {
  absl::flat_hash_map<std::string, int> producers;
  for (int i = 0; i < nodes.size(); ++i) {
    for (const std::string& output : nodes[i].output()) {
      if (output.empty()) continue;
      const auto [it, added] = producers.emplace(output, i);
      if (!added) {
        return InvalidArgument(LabelOf(nodes[i]), ": output '", output, "' is also an output of ",
                               LabelOf(nodes[it->second]));
      }
    }
  }
  const auto count = static_cast<std::size_t>(nodes.size());
  std::vector<std::vector<int>> users(count);
  std::vector<int> waiting(count, 0);
  std::priority_queue<int, std::vector<int>, std::greater<>> ready;
  for (int i = 0; i < nodes.size(); ++i) {
    Names read;
    AddReadNames(nodes[i], read);
    for (const std::string& name : read) {
      const auto it = producers.find(name);
      if (it == producers.end()) continue;
      users[static_cast<std::size_t>(it->second)].push_back(i);
      ++waiting[static_cast<std::size_t>(i)];
    }
    if (waiting[static_cast<std::size_t>(i)] == 0) ready.push(i);
  }
  std::vector<int> order;
  while (!ready.empty()) {
    const int i = ready.top();
    ready.pop();
    order.push_back(i);
    for (int user : users[static_cast<std::size_t>(i)]) {
      if (--waiting[static_cast<std::size_t>(user)] == 0) ready.push(user);
    }
  }
  if (order.size() == count) return order;
  return InvalidArgument(LabelOf(nodes[NodeOnCycle(users, waiting)]),
                         ": is on a cycle: it reads a value that depends on its own output");
}

}  // namespace plumb::onnx
