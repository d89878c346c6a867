// What the engine itself costs beside the kernels: planning a new shape, and a step of a run.
//   engine_bench --benchmark_filter=Replan
#include "benchmark/benchmark.h"
#include "core/check.h"
#include "engine/session.h"
#include "engine/testing/architectures.h"
#include "engine/testing/net_builder.h"

namespace plumb::engine {
namespace {

std::shared_ptr<Model> CompileForHost(Graph graph) {
  CompileOptions options;
  options.target = *HostTarget();
  auto model = Model::Compile(std::move(graph), options);
  PLUMB_CHECK(model.ok(), model.status().ToString());
  return *std::move(model);
}

std::vector<Shape> ShapesOf(const std::vector<Tensor>& tensors) {
  std::vector<Shape> shapes;
  for (const Tensor& tensor : tensors) shapes.push_back(tensor.shape());
  return shapes;
}

// Another batch size of a model whose kernels are chosen and whose weights are packed.
void BM_Replan(benchmark::State& state, const char* name) {
  const testing::Architecture& architecture = testing::FindArchitecture(name);
  const std::shared_ptr<Model> model = CompileForHost(*architecture.make(architecture.full));
  ThreadPool pool(1);
  auto session = std::make_unique<Session>(model, &pool);
  std::vector<Shape> shapes = ShapesOf(testing::RandomInputs(model->graph(), 1));
  PLUMB_CHECK(session->Prepare(shapes).ok(), "first plan");
  int batch = 1;
  for (auto _ : state) {
    batch = batch % 32 + 1;
    for (std::size_t i = 0; i < shapes.size(); ++i) {
      const auto& dims = *model->graph().value(model->graph().inputs()[i]).info.dims;
      if (!dims[0].is_constant()) shapes[i][0] = batch;
    }
    if (batch == 1) {  // a session that remembers no plan
      state.PauseTiming();
      session = std::make_unique<Session>(model, &pool);
      state.ResumeTiming();
    }
    PLUMB_CHECK(session->Prepare(shapes).ok(), "plan of batch ", batch);
  }
  state.SetLabel(absl::StrCat(session->FirstSegment(shapes).value()->steps.size(), " steps"));
}
BENCHMARK_CAPTURE(BM_Replan, resnet50, "resnet50")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Replan, densenet121, "densenet121")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(BM_Replan, bert, "bert")->Unit(benchmark::kMicrosecond);

// A chain of small products, which take next to nothing: time per step is what a step costs.
void BM_Run(benchmark::State& state) {
  testing::NetBuilder net("chain");
  ValueId x = net.Input("x", {8});
  for (int layer = 0; layer < state.range(0); ++layer) x = net.Call("Relu", {net.Linear(x, 8)});
  const std::shared_ptr<Model> model = CompileForHost(*net.Finish({x}));
  ThreadPool pool(1);
  Session session(model, &pool);
  std::vector<Tensor> inputs = testing::RandomInputs(model->graph(), 1);
  Tensor output = Tensor::Zeros(DType::kFloat32, {1, 8});
  const TensorView in[] = {inputs[0].view()}, out[] = {output.view()};
  for (auto _ : state) {
    const Status status = session.Run({}, in, out);
    PLUMB_CHECK(status.ok(), status.ToString());
  }
  const auto steps = session.FirstSegment(ShapesOf(inputs)).value()->steps.size();
  state.SetLabel(absl::StrCat(steps, " steps"));
  state.counters["s_per_step"] =
      benchmark::Counter(static_cast<double>(steps), benchmark::Counter::kIsIterationInvariantRate |
                                                         benchmark::Counter::kInvert);
}
BENCHMARK(BM_Run)->Arg(1)->Arg(16)->Arg(128);

}  // namespace
}  // namespace plumb::engine
