#include "lab/compiled.h"

#include <algorithm>
#include <cstring>

#include "core/child_process.h"
#include "core/clock.h"
#include "engine/library/loaded_library.h"
#include "lab/model_inputs.h"
#include "measure/quantile.h"

namespace plumb::lab {
namespace {

constexpr std::size_t kMinRuns = 5, kMaxRuns = 4000;
constexpr int kWarmup = 3;

double MedianMs(std::vector<std::int64_t> times_ns) {
  std::sort(times_ns.begin(), times_ns.end());
  return static_cast<double>(measure::PercentileOf(times_ns, 0.5)->value) * 1e-6;
}

// Inputs, and outputs of one side.
struct Tensors {
  std::vector<Tensor> owned;
  std::vector<TensorView> views;

  void Add(Tensor tensor) {
    owned.push_back(std::move(tensor));
    views.push_back(owned.back().view());
  }
  template <typename Pointer>
  std::vector<Pointer> Pointers() const {
    std::vector<Pointer> pointers;
    for (const TensorView& view : views) pointers.push_back(view.data);
    return pointers;
  }
};

StatusOr<Tensors> InputsOf(const Graph& graph, std::span<const Shape> shapes) {
  Tensors inputs;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const DType dtype = graph.value(graph.inputs()[i]).info.dtype;
    PLUMB_ASSIGN_OR_RETURN(Tensor input, RandomTensor(dtype, shapes[i], i));
    inputs.Add(std::move(input));
  }
  return inputs;
}

StatusOr<Tensors> OutputsOf(const Graph& graph, std::span<const Shape> shapes) {
  Tensors outputs;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const DType dtype = graph.value(graph.outputs()[i]).info.dtype;
    PLUMB_ASSIGN_OR_RETURN(Tensor output, Tensor::TryAllocate(dtype, shapes[i]));
    outputs.Add(std::move(output));
  }
  return outputs;
}

}  // namespace

StatusOr<CompiledLatency> CompareCompiled(engine::Session& session, std::span<const Shape> shapes,
                                          const std::string& library, const std::string& name,
                                          double seconds) {
  const Graph& graph = session.model().graph();
  PLUMB_ASSIGN_OR_RETURN(const auto loaded, engine::LoadedLibrary::Load(library, name));
  PLUMB_ASSIGN_OR_RETURN(const std::vector<Shape> output_shapes, session.OutputShapes(shapes));
  PLUMB_ASSIGN_OR_RETURN(const Tensors inputs, InputsOf(graph, shapes));
  PLUMB_ASSIGN_OR_RETURN(const Tensors expected, OutputsOf(graph, output_shapes));
  PLUMB_ASSIGN_OR_RETURN(const Tensors actual, OutputsOf(graph, output_shapes));
  const auto in = inputs.Pointers<const void*>();
  const auto out = actual.Pointers<void*>();

  const auto interpret = [&] { return session.Run({}, inputs.views, expected.views); };
  const auto call = [&] { return loaded->Run(in, out); };
  std::vector<std::int64_t> interpreted, compiled;
  const std::int64_t begin = NowNanos();
  const auto limit_ns = static_cast<std::int64_t>(seconds * 1e9);
  for (int run = -kWarmup; compiled.size() < kMaxRuns; ++run) {
    if (compiled.size() >= kMinRuns && NowNanos() - begin > limit_ns) break;
    const bool call_first = run % 2 != 0;  // whoever is first finds the caches that the other left
    const std::int64_t t0 = NowNanos();
    PLUMB_RETURN_IF_ERROR(call_first ? call() : interpret());
    const std::int64_t t1 = NowNanos();
    PLUMB_RETURN_IF_ERROR(call_first ? interpret() : call());
    const std::int64_t t2 = NowNanos();
    if (run < 0) continue;
    interpreted.push_back(call_first ? t2 - t1 : t1 - t0);
    compiled.push_back(call_first ? t1 - t0 : t2 - t1);
  }

  CompiledLatency result;
  result.interpreted_ms = MedianMs(interpreted);
  result.compiled_ms = MedianMs(compiled);
  result.runs = static_cast<int>(compiled.size());
  for (std::size_t i = 0; i < actual.views.size(); ++i) {
    const auto bytes = static_cast<std::size_t>(actual.views[i].bytes());
    if (std::memcmp(actual.views[i].data, expected.views[i].data, bytes) != 0) {
      result.different.push_back(graph.value(graph.outputs()[i]).name);
    }
  }
  return result;
}

StatusOr<double> ProcessMs(const std::vector<std::string>& command, int runs) {
  std::vector<std::int64_t> times;
  for (int run = 0; run < runs; ++run) {
    const std::int64_t begin = NowNanos();
    PLUMB_ASSIGN_OR_RETURN(const ProcessEnd end, RunProcess(command));
    times.push_back(NowNanos() - begin);
    if (!end.success) return Unavailable("'", command[0], "' failed: ", end.messages);
  }
  return MedianMs(times);
}

}  // namespace plumb::lab
