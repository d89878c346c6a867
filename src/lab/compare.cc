#include "lab/compare.h"

#include <algorithm>
#include <limits>

#include "engine/session.h"
#include "lab/error_sums.h"

namespace plumb::lab {
namespace {

bool HasWeight(const Graph& graph, const Node& node) {
  // Weights of quantised files stand behind a dequantisation.
  return std::any_of(node.inputs.begin(), node.inputs.end(), [&](ValueId v) {
    if (v == kNoValue) return false;
    const NodeId producer = graph.value(v).producer;
    if (producer != kNoNode) {
      const Node& made = graph.node(producer);
      if (made.op->quantizing != Quantizing::kDequantizes) return false;
      v = made.input(0);
    }
    return graph.IsConstant(v) && graph.value(v).constant.rank() >= 2;
  });
}

bool IsProduct(const Node& node) {
  return !node.op->fused_form.empty() || !node.op->quantized_form.empty();
}

// Floating results of products that are no outputs of the graph yet, in order.
std::vector<ValueId> LayerValues(const Graph& graph, const std::vector<NodeId>& order) {
  std::vector<ValueId> values;
  for (const NodeId id : order) {
    const Node& node = graph.node(id);
    if (!IsProduct(node) || !HasWeight(graph, node) || node.outputs.size() != 1) continue;
    const ValueId v = node.outputs[0];
    const auto& outputs = graph.outputs();
    const bool is_output = std::find(outputs.begin(), outputs.end(), v) != outputs.end();
    if (!is_output && graph.value(v).info.dtype == DType::kFloat32) values.push_back(v);
  }
  return values;
}

StatusOr<std::vector<Tensor>> RunIn(const Graph& graph, DType precision,
                                    const std::vector<Tensor>& inputs, const Target& target,
                                    ThreadPool* pool) {
  engine::CompileOptions options;
  options.target = target;
  options.precision = precision;
  PLUMB_ASSIGN_OR_RETURN(const auto model, engine::Model::Compile(graph.Clone(), options));
  engine::Session session(model, pool);
  return session.Run(inputs);
}

std::string MakerOf(const Graph& graph, ValueId v) {
  const NodeId producer = graph.value(v).producer;
  return producer == kNoNode ? std::string() : graph.node(producer).name;
}

}  // namespace

double RelativeError(const Tensor& narrow, const Tensor& reference) {
  ErrorSums sums;
  sums.Add(narrow, reference);
  return sums.comparable ? sums.relative() : std::numeric_limits<double>::infinity();
}

bool IsQuantised(const Graph& graph) {
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    const Node& node = graph.node(id);
    if (node.erased) continue;
    if (node.op->quantizing != Quantizing::kNo) return true;
    for (const ValueId v : node.inputs) {
      if (!graph.IsConstant(v)) continue;
      const DType type = graph.value(v).info.dtype;
      const bool small = type == DType::kInt8 || type == DType::kUInt8;
      if (small && graph.value(v).constant.rank() >= 2) return true;
    }
  }
  return false;
}

namespace {

// What is compared with the graph in fp32: the same one, or a mixed one.
struct Narrow {
  const Graph& graph;
  DType precision;
};

StatusOr<Comparison> Compare(const Graph& graph, const Narrow& narrow,
                             const std::vector<Tensor>& inputs, double tolerance,
                             const Target& target, ThreadPool* pool) {
  Comparison comparison;
  PLUMB_ASSIGN_OR_RETURN(const std::vector<Tensor> reference,
                         RunIn(graph, DType::kFloat32, inputs, target, pool));
  PLUMB_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs,
                         RunIn(narrow.graph, narrow.precision, inputs, target, pool));
  const auto compare = [](const Graph& of, std::size_t i, const std::vector<Tensor>& a,
                          const std::vector<Tensor>& b) {
    const ValueId v = of.outputs()[i];
    return TensorError{of.value(v).name, MakerOf(of, v), RelativeError(a[i], b[i])};
  };
  for (std::size_t i = 0; i < reference.size(); ++i) {
    if (IsFloating(reference[i].dtype())) {
      comparison.outputs.push_back(compare(graph, i, outputs, reference));
    } else {
      comparison.not_floating.push_back(graph.value(graph.outputs()[i]).name);
    }
  }

  PLUMB_ASSIGN_OR_RETURN(const std::vector<NodeId> order, graph.TopologicalOrder());
  Graph exposed = graph.Clone(), narrow_exposed = narrow.graph.Clone();
  for (const ValueId v : LayerValues(graph, order)) {
    const ValueId same = narrow_exposed.FindValue(graph.value(v).name);
    if (same == kNoValue) continue;
    exposed.AddOutput(v);
    narrow_exposed.AddOutput(same);
  }
  PLUMB_ASSIGN_OR_RETURN(const std::vector<Tensor> layers,
                         RunIn(exposed, DType::kFloat32, inputs, target, pool));
  PLUMB_ASSIGN_OR_RETURN(const std::vector<Tensor> narrow_layers,
                         RunIn(narrow_exposed, narrow.precision, inputs, target, pool));
  for (std::size_t i = graph.outputs().size(); i < layers.size(); ++i) {
    comparison.layers.push_back(compare(exposed, i, narrow_layers, layers));
    const TensorError& error = comparison.layers.back();
    if (!comparison.parted && error.relative > tolerance) comparison.parted = error;
  }
  return comparison;
}

}  // namespace

StatusOr<Comparison> ComparePrecisions(const Graph& graph, const std::vector<Tensor>& inputs,
                                       DType precision, double tolerance, const Target& target,
                                       ThreadPool* pool) {
  return Compare(graph, {graph, precision}, inputs, tolerance, target, pool);
}

StatusOr<Comparison> CompareMixed(const Graph& graph, const Graph& mixed,
                                  const std::vector<Tensor>& inputs, double tolerance,
                                  const Target& target, ThreadPool* pool) {
  return Compare(graph, {mixed, DType::kUndefined}, inputs, tolerance, target, pool);
}

}  // namespace plumb::lab
