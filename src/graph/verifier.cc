#include "graph/verifier.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/container/inlined_vector.h"
#include "graph/schema.h"

namespace plumb {
namespace {

Status VerifyAt(const Graph& graph, int depth);

class Verifier {
 public:
  Verifier(const Graph& graph, int depth)
      : graph_(graph), depth_(depth), defined_(static_cast<std::size_t>(graph.num_values())) {}

  Status Run() {
    if (depth_ > kMaxSubgraphDepth) {
      return InvalidArgument("subgraphs nest deeper than ", kMaxSubgraphDepth);
    }
    PLUMB_RETURN_IF_ERROR(CollectDefinitions());
    PLUMB_RETURN_IF_ERROR(CheckInputSizes());
    PLUMB_RETURN_IF_ERROR(CheckNames());
    for (NodeId id = 0; id < graph_.num_nodes(); ++id) {
      const Node& node = graph_.node(id);
      if (node.erased) continue;
      const Status status = CheckNode(node);
      if (!status.ok()) return Annotate(status, NodeLabel(node));
    }
    PLUMB_RETURN_IF_ERROR(CheckResults());
    return graph_.TopologicalOrder().status();
  }

 private:
  bool InRange(ValueId id) const { return id >= 0 && id < graph_.num_values(); }

  Status Define(ValueId id, std::string_view what) {
    if (!InRange(id)) return InvalidArgument(Str(what), " is value ", id, ", which is not there");
    if (defined_[static_cast<std::size_t>(id)]) {
      return InvalidArgument("value '", graph_.value(id).name, "' is defined twice, also as ",
                             Str(what));
    }
    defined_[static_cast<std::size_t>(id)] = true;
    return OkStatus();
  }

  Status CollectDefinitions() {
    for (ValueId id : graph_.inputs()) PLUMB_RETURN_IF_ERROR(Define(id, "an input"));
    for (ValueId id : graph_.captures()) PLUMB_RETURN_IF_ERROR(Define(id, "a capture"));
    for (const State& state : graph_.states()) {
      PLUMB_RETURN_IF_ERROR(Define(state.read, "a state"));
    }
    for (ValueId id = 0; id < graph_.num_values(); ++id) {
      if (graph_.IsConstant(id)) PLUMB_RETURN_IF_ERROR(Define(id, "a constant"));
    }
    for (NodeId id = 0; id < graph_.num_nodes(); ++id) {
      const Node& node = graph_.node(id);
      if (node.erased) continue;
      if (node.op == nullptr) return InvalidArgument("node '", node.name, "' has no operator");
      for (ValueId output : node.outputs) {
        if (output == kNoValue) continue;
        const Status status = Define(output, "an output");
        if (!status.ok()) return Annotate(status, NodeLabel(node));
      }
    }
    return OkStatus();
  }

  Status CheckInputSizes() const {
    for (ValueId id : graph_.inputs()) {
      const Status status = CheckInfo(graph_.value(id).info);
      if (!status.ok()) return Annotate(status, "input '" + graph_.value(id).name + "'");
    }
    return OkStatus();
  }

  Status CheckNames() const {
    absl::flat_hash_set<std::string> names;
    for (ValueId id = 0; id < graph_.num_values(); ++id) {
      if (!defined_[static_cast<std::size_t>(id)]) continue;
      const std::string& name = graph_.value(id).name;
      if (name.empty()) return InvalidArgument("value ", id, " has no name");
      if (!names.insert(name).second) {
        return InvalidArgument("two values are named '", name, "'");
      }
    }
    names.clear();
    for (NodeId id = 0; id < graph_.num_nodes(); ++id) {
      const Node& node = graph_.node(id);
      if (!node.erased && !names.insert(node.name).second) {
        return InvalidArgument("two nodes are named '", node.name, "'");
      }
    }
    return OkStatus();
  }

  Status CheckUse(ValueId id, const std::string& what) const {
    if (!InRange(id)) return InvalidArgument(what, " is value ", id, ", which is not there");
    if (!defined_[static_cast<std::size_t>(id)]) {
      return InvalidArgument(what, " '", graph_.value(id).name, "' is not defined by anything");
    }
    return OkStatus();
  }

  Status CheckNode(const Node& node) const {
    PLUMB_RETURN_IF_ERROR(CheckStructure(node));
    using Infos = absl::InlinedVector<const ValueInfo*, 8>;
    Infos inputs, outputs;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId id = node.inputs[i];
      if (id != kNoValue) PLUMB_RETURN_IF_ERROR(CheckUse(id, absl::StrCat("input ", i)));
      inputs.push_back(id == kNoValue ? nullptr : &graph_.value(id).info);
    }
    for (ValueId id : node.outputs) {
      outputs.push_back(id == kNoValue ? nullptr : &graph_.value(id).info);
    }
    PLUMB_RETURN_IF_ERROR(CheckTypes(node, inputs, outputs));
    for (const Subgraph& subgraph : node.subgraphs) {
      for (ValueId id : subgraph.captured) {
        PLUMB_RETURN_IF_ERROR(CheckUse(id, absl::StrCat(subgraph.name, ": captured value")));
      }
      if (subgraph.body->shared_symbols() != graph_.shared_symbols()) {
        return InvalidArgument(subgraph.name, ": does not share the symbols of its graph");
      }
      const Status status = VerifyAt(*subgraph.body, depth_ + 1);
      if (!status.ok()) return Annotate(status, subgraph.name);
    }
    return OkStatus();
  }

  Status CheckResults() const {
    for (std::size_t i = 0; i < graph_.outputs().size(); ++i) {
      PLUMB_RETURN_IF_ERROR(CheckUse(graph_.outputs()[i], absl::StrCat("graph output ", i)));
    }
    for (const State& state : graph_.states()) {
      if (state.written == kNoValue) {
        return InvalidArgument("state '", state.name, "' is never updated");
      }
      PLUMB_RETURN_IF_ERROR(
          CheckUse(state.written, absl::StrCat("update of state '", state.name, "':")));
      const ValueInfo& read = graph_.value(state.read).info;
      const ValueInfo& written = graph_.value(state.written).info;
      const bool same_type = written.dtype == DType::kUndefined || written.dtype == read.dtype;
      const std::optional<Shape> shape =
          written.dims ? ConcreteShape(*written.dims) : std::optional<Shape>();
      if (!same_type || (shape && !(*shape == state.initial.shape()))) {
        return InvalidArgument("state '", state.name, "' is ", Str(DTypeName(read.dtype)), " ",
                               state.initial.shape().ToString(), ", but is updated with ",
                               Str(DTypeName(written.dtype)), " ", shape ? shape->ToString() : "");
      }
    }
    return OkStatus();
  }

  const Graph& graph_;
  const int depth_;
  std::vector<bool> defined_;
};

Status VerifyAt(const Graph& graph, int depth) { return Verifier(graph, depth).Run(); }

}  // namespace

Status Verify(const Graph& graph) { return VerifyAt(graph, 0); }

Status CheckInfo(const ValueInfo& info) {
  if (!info.dims) return OkStatus();
  if (info.dims->size() > kMaxRank) {
    return InvalidArgument("rank ", info.dims->size(), " is above the ", kMaxRank,
                           " that are supported");
  }
  absl::InlinedVector<std::int64_t, 8> sizes;
  for (const Dim& dim : *info.dims) {
    if (dim.is_constant()) sizes.push_back(dim.value());
  }
  return CheckedNumElements(sizes).status();
}

}  // namespace plumb
