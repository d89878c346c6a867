#include "pipeline/network.h"

#include "onnx/import.h"
#include "ops/ops.h"

namespace plumb::pipeline {

Network::Network(std::string path, std::shared_ptr<engine::Model> model, ThreadPool* pool)
    : path_(std::move(path)), session_(std::move(model), pool) {
  const Graph& graph = session_.model().graph();
  for (ValueId id : graph.inputs()) inputs_.push_back(graph.value(id).name);
  for (ValueId id : graph.outputs()) outputs_.push_back(graph.value(id).name);
}

StatusOr<std::shared_ptr<Network>> Network::Load(const StageContext& context,
                                                 const std::string& path, bool use_pool) {
  const std::string key = absl::StrCat(path, use_pool ? " on the pool" : " on one thread");
  return context.shared->Get<Network>(key, [&]() -> StatusOr<std::shared_ptr<Network>> {
    PLUMB_ASSIGN_OR_RETURN(
        const std::shared_ptr<engine::Model> model,
        context.shared->Get<engine::Model>(path, [&]() -> StatusOr<std::shared_ptr<engine::Model>> {
          PLUMB_ASSIGN_OR_RETURN(Graph graph, onnx::ImportFile(path, ops::AllOps()));
          engine::CompileOptions options;
          options.target = context.target;
          return engine::Model::Compile(std::move(graph), options);
        }));
    return std::shared_ptr<Network>(
        new Network(path, model, use_pool ? context.pool : context.no_pool));
  });
}

StatusOr<std::vector<Tensor>> Network::Run(const std::vector<Tensor>& inputs,
                                           const std::atomic<bool>* cancel) {
  engine::RunOptions options;
  options.cancel = cancel;
  StatusOr<std::vector<Tensor>> outputs = session_.Run(inputs, options);
  if (!outputs.ok()) return Annotate(outputs.status(), absl::StrCat("model '", path_, "'"));
  return outputs;
}

}  // namespace plumb::pipeline
