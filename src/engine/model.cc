#include "engine/model.h"

#include "engine/passes/pass.h"
#include "graph/infer.h"
#include "graph/verifier.h"
#include "ops/ops.h"

namespace plumb::engine {

StatusOr<std::shared_ptr<Model>> Model::Compile(Graph graph, const CompileOptions& options) {
  std::shared_ptr<Model> model(new Model(std::move(graph), options));
  if (model->options_.ops == nullptr) model->options_.ops = &ops::AllOps();
  PLUMB_RETURN_IF_ERROR(InferGraph(model->graph_));
  PLUMB_RETURN_IF_ERROR(Verify(model->graph_));
  if (options.optimize) {
    PLUMB_RETURN_IF_ERROR(Optimize(model->graph_, {*model->options_.ops, options.precision}));
    PLUMB_RETURN_IF_ERROR(Verify(model->graph_));
  }
  PLUMB_ASSIGN_OR_RETURN(model->order_, model->graph_.TopologicalOrder());
  return model;
}

StatusOr<std::shared_ptr<Model>> Model::Restore(Graph graph, const CompileOptions& options,
                                                KernelTable kernels, Consulted consulted) {
  std::shared_ptr<Model> model(new Model(std::move(graph), options));
  if (model->options_.ops == nullptr) model->options_.ops = &ops::AllOps();
  PLUMB_ASSIGN_OR_RETURN(model->order_, model->graph_.TopologicalOrder());
  model->chosen_ = std::move(kernels);
  model->consulted_ = std::move(consulted);
  return model;
}

bool Model::has_new_kernels() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return has_new_kernels_;
}

StatusOr<std::shared_ptr<Model>> Model::Body(NodeId node, int index) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::shared_ptr<Model>& body = bodies_[{node, index}];
  if (body == nullptr) {
    const Subgraph& subgraph = graph_.node(node).subgraphs[static_cast<std::size_t>(index)];
    PLUMB_ASSIGN_OR_RETURN(body, Compile(subgraph.body->Clone(), options_));
  }
  return body;
}

std::vector<std::shared_ptr<const KernelProblem>> Model::problems() {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<std::shared_ptr<const KernelProblem>> all = problems_;
  for (const auto& [place, body] : bodies_) {
    const auto inner = body->problems();
    all.insert(all.end(), inner.begin(), inner.end());
  }
  return all;
}

std::int64_t Model::constant_bytes() const {
  std::int64_t bytes = 0;
  for (ValueId v = 0; v < graph_.num_values(); ++v) {
    if (graph_.IsConstant(v)) bytes += graph_.value(v).constant.bytes();
  }
  return bytes;
}

std::int64_t Model::packed_bytes() {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::int64_t bytes = 0;
  for (const auto& [node, kernels] : chosen_) {
    for (const auto& kernel : kernels) bytes += kernel->packed_bytes;
  }
  return bytes;
}

}  // namespace plumb::engine
