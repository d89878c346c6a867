// plumb bench: times runs of a model.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "cli/command.h"
#include "cli/model_options.h"
#include "cli/table.h"
#include "core/clock.h"

namespace plumb::cli {
namespace {

struct BenchCommand {
  ModelOptions model;
  std::int64_t batch = 1;
  int iters = 0;  // 0: as many as fit into `seconds`
  double seconds = 2;
  int warmup = 3;
  bool profile = false;
  Format format = Format::kTable;
};

// The p-quantile as an order statistic: the smallest value with at least p of all at or below it.
double Quantile(const std::vector<double>& sorted, double p) {
  const auto rank = static_cast<std::size_t>(std::ceil(p * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

// Most memory that the process has held, as the kernel counts it (kilobytes).
double PeakResidentMb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

// Inputs and outputs in memory that stays the same from run to run.
struct Buffers {
  std::vector<Tensor> inputs, outputs;
  std::vector<TensorView> input_views, output_views;
};

StatusOr<Buffers> MakeBuffers(LoadedModel& loaded, const std::vector<Shape>& shapes) {
  Buffers buffers;
  const Graph& graph = loaded.graph();
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    PLUMB_ASSIGN_OR_RETURN(Tensor input,
                           RandomTensor(graph.value(graph.inputs()[i]).info.dtype, shapes[i], i));
    buffers.inputs.push_back(std::move(input));
  }
  const StatusOr<std::vector<Shape>> outputs = loaded.session->OutputShapes(shapes);
  if (outputs.ok()) {
    for (std::size_t i = 0; i < outputs->size(); ++i) {
      PLUMB_ASSIGN_OR_RETURN(
          Tensor tensor,
          Tensor::TryAllocate(graph.value(graph.outputs()[i]).info.dtype, (*outputs)[i]));
      buffers.outputs.push_back(std::move(tensor));
    }
  } else if (outputs.status().code() != StatusCode::kFailedPrecondition) {
    return outputs.status();
  }
  for (Tensor& t : buffers.inputs) buffers.input_views.push_back(t.view());
  for (Tensor& t : buffers.outputs) buffers.output_views.push_back(t.view());
  return buffers;
}

// One run; models whose output sizes depend on the data get new tensors each time.
Status RunOnce(LoadedModel& loaded, Buffers& buffers, engine::StepProfile* profile) {
  engine::RunOptions options;
  options.profile = profile;
  if (buffers.outputs.size() == loaded.graph().outputs().size()) {
    return loaded.session->Run(options, buffers.input_views, buffers.output_views);
  }
  return loaded.session->Run(buffers.inputs, options).status();
}

struct StepSum {
  const engine::StepInfo* step = nullptr;
  std::vector<double> ms;
};

std::vector<Row> ProfileRows(const std::vector<engine::StepProfile>& profiles) {
  std::vector<StepSum> sums;
  for (const engine::StepProfile& profile : profiles) {
    if (sums.size() < profile.steps.size()) sums.resize(profile.steps.size());
    for (std::size_t i = 0; i < profile.steps.size(); ++i) {
      sums[i].step = profile.steps[i].step;
      sums[i].ms.push_back(
          static_cast<double>(profile.steps[i].end_ns - profile.steps[i].begin_ns) * 1e-6);
    }
  }
  std::vector<Row> rows;
  for (StepSum& sum : sums) {
    std::sort(sum.ms.begin(), sum.ms.end());
    const double ms = Quantile(sum.ms, 0.5);
    const Cost& cost = sum.step->cost;
    Row row;
    row["step"] = sum.step->name;
    row["operator"] = sum.step->op;
    row["algorithm"] = sum.step->algorithm;
    row["shape"] = sum.step->shape;
    row["ms"] = ms;
    row["gflops"] = ms > 0 ? cost.ops / ms * 1e-6 : 0;
    row["gbytes_per_s"] = ms > 0 ? (cost.bytes_read + cost.bytes_written) / ms * 1e-6 : 0;
    rows.push_back(row);
  }
  return rows;
}

Status Execute(const BenchCommand& command) {
  // A range lets it through.
  if (std::isnan(command.seconds)) return UsageError("--seconds: expected a number from 0 to 3600");
  const std::int64_t begin = NowNanos();
  PLUMB_ASSIGN_OR_RETURN(LoadedModel loaded, LoadModel(command.model));
  PLUMB_ASSIGN_OR_RETURN(const std::vector<Shape> shapes,
                         InputShapes(loaded.graph(), command.model.shapes, command.batch));
  const bool applies = std::any_of(shapes.begin(), shapes.end(), [&](const Shape& shape) {
    return shape.rank() > 0 && shape[0] == command.batch;
  });
  if (command.batch != 1 && !applies) {
    return InvalidArgument("--batch ", command.batch, " applies to no input: the model or --shape ",
                           "sets the first dimension of each");
  }
  PLUMB_ASSIGN_OR_RETURN(const std::shared_ptr<const engine::Segment> segment,
                         loaded.session->FirstSegment(shapes));
  const double load_ms = static_cast<double>(NowNanos() - begin) * 1e-6;
  PLUMB_ASSIGN_OR_RETURN(Buffers buffers, MakeBuffers(loaded, shapes));
  for (int i = 0; i < command.warmup; ++i) {
    PLUMB_RETURN_IF_ERROR(RunOnce(loaded, buffers, nullptr));
  }
  std::vector<double> ms;
  std::vector<engine::StepProfile> profiles;
  const std::int64_t end = NowNanos() + static_cast<std::int64_t>(command.seconds * 1e9);
  constexpr int kMaxIters = 4000, kMinIters = 5;
  const auto more = [&] {
    const int done = static_cast<int>(ms.size());
    if (command.iters > 0) return done < command.iters;
    return done < kMinIters || (done < kMaxIters && NowNanos() < end);
  };
  while (more()) {
    if (command.profile) profiles.emplace_back();
    const std::int64_t start = NowNanos();
    PLUMB_RETURN_IF_ERROR(RunOnce(loaded, buffers, command.profile ? &profiles.back() : nullptr));
    ms.push_back(static_cast<double>(NowNanos() - start) * 1e-6);
  }
  std::sort(ms.begin(), ms.end());
  double ops = 0;
  for (const engine::StepInfo& step : segment->steps) ops += step.cost.ops;
  Row row;
  row["model"] = std::filesystem::path(command.model.path).filename().string();
  row["threads"] = loaded.pool->threads();
  row["batch"] = command.batch;
  row["precision"] = "f32";
  row["isa"] = std::string(IsaName(loaded.model->target().isa));
  row["iters"] = ms.size();
  row["min_ms"] = ms.front();
  row["median_ms"] = Quantile(ms, 0.5);
  row["p90_ms"] = Quantile(ms, 0.9);
  row["p99_ms"] = Quantile(ms, 0.99);
  row["load_ms"] = load_ms;
  row["peak_rss_mb"] = PeakResidentMb();
  row["gflops"] = ops / Quantile(ms, 0.5) * 1e-6;
  std::fputs(FormatRows({row}, command.format).c_str(), stdout);
  if (command.profile) {
    if (command.format == Format::kTable) std::fputs("\n", stdout);
    std::fputs(FormatRows(ProfileRows(profiles), command.format).c_str(), stdout);
  }
  return OkStatus();
}

}  // namespace

void AddBench(CLI::App& app, Action* action) {
  auto command = std::make_shared<BenchCommand>();
  CLI::App* sub = app.add_subcommand("bench", "Times runs of a model on seeded normal numbers");
  command->model.Declare(sub);
  sub->add_option("--batch", command->batch, "size of a symbolic first dimension (default 1)")
      ->check(CLI::Range(1, 1 << 20));
  sub->add_option("--iters", command->iters, "counted runs (default: as many as --seconds allows)")
      ->check(CLI::Range(1, 10000000));
  sub->add_option(
         "--seconds", command->seconds,
         "without --iters: how long to go on, at least 5 and at most 4000 runs (default 2)")
      ->check(CLI::Range(0.0, 3600.0));
  sub->add_option("--warmup", command->warmup, "runs before, not counted (default 3)")
      ->check(CLI::Range(0, 1000000));
  sub->add_flag("--profile", command->profile, "a row per step");
  DeclareFormat(sub, &command->format);
  sub->footer("Example: plumb bench resnet50.onnx --threads 2 --batch 8 --profile");
  sub->callback([command, action] { *action = [command] { return Execute(*command); }; });
}

}  // namespace plumb::cli
