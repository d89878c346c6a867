// plumb bench: times runs of a model.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "cli/auto_precision.h"
#include "cli/command.h"
#include "cli/model_options.h"
#include "cli/number_check.h"
#include "cli/table.h"
#include "cli/tuning.h"
#include "core/clock.h"
#include "lab/bench.h"
#include "lab/ceilings.h"
#include "lab/model_facts.h"

namespace plumb::cli {
namespace {

struct BenchCommand {
  ModelOptions model;
  AutoPrecision automatic;
  lab::BenchOptions bench;
  Format format = Format::kTable;
};

Row Summary(const BenchCommand& command, const LoadedModel& loaded, std::int64_t batch,
            double load_ms, const lab::BenchResult& result) {
  Row row;
  row["model"] = std::filesystem::path(command.model.path).filename().string();
  row["threads"] = loaded.pool->threads();
  row["batch"] = batch;
  const bool mixed = command.model.mixed != nullptr;
  row["precision"] = mixed ? "auto" : lab::PrecisionOf(*loaded.model);
  row["isa"] = std::string(IsaName(loaded.model->target().isa));
  row["iters"] = result.rising_ns.size();
  row["min_ms"] = static_cast<double>(result.rising_ns.front()) * 1e-6;
  row["median_ms"] = result.Ms(0.5);
  row["p90_ms"] = result.Ms(0.9);
  row["p99_ms"] = result.Ms(0.99);
  row["load_ms"] = load_ms;
  if (loaded.kept != nullptr) row["cached"] = loaded.kept->found();
  row["peak_rss_mb"] = static_cast<double>(lab::PeakResidentBytes()) / (1 << 20);
  row["gflops"] = nullptr;
  if (result.ops) row["gflops"] = *result.ops / result.Ms(0.5) * 1e-6;
  return row;
}

// The shares are of what the machine can do, measured beside the run.
std::vector<Row> ProfileRows(const lab::BenchResult& result, const lab::Ceilings& ceilings) {
  std::vector<Row> rows;
  for (const auto& [step, ms] : result.steps) {
    Row row;
    row["step"] = step.name;
    row["operator"] = step.op;
    row["algorithm"] = step.algorithm;
    row["shape"] = step.shape;
    row["ms"] = ms;
    row["gflops"] = ms > 0 ? step.cost.ops / ms * 1e-6 : 0;
    row["gbytes_per_s"] = ms > 0 ? (step.cost.bytes_read + step.cost.bytes_written) / ms * 1e-6 : 0;
    const lab::LimitShare share = lab::ShareOf(step, ms, ceilings);
    row["of_peak"] = share.operations;
    row["of_memory"] = share.bytes;
    rows.push_back(row);
  }
  return rows;
}

Status Execute(BenchCommand command) {
  PLUMB_RETURN_IF_ERROR(ResolvePrecision(command.automatic, {}, &command.model).status());
  std::shared_ptr<engine::TuningDatabase> tuning;
  if (command.model.tune) {
    PLUMB_ASSIGN_OR_RETURN(const Tuned tuned,
                           TuneKernels(command.model, {}, [&](const LoadedModel& loaded) {
                             return command.model.InputShapes(loaded.graph());
                           }));
    WarnUnsaved(tuned);
    tuning = tuned.database;
  }
  const std::int64_t begin = NowNanos();
  PLUMB_ASSIGN_OR_RETURN(LoadedModel loaded, LoadModel(command.model, {}, tuning));
  PLUMB_ASSIGN_OR_RETURN(const std::vector<Shape> shapes,
                         command.model.InputShapes(loaded.graph()));
  PLUMB_RETURN_IF_ERROR(loaded.session->Prepare(shapes));
  const double load_ms = static_cast<double>(NowNanos() - begin) * 1e-6;
  PLUMB_ASSIGN_OR_RETURN(const lab::BenchResult result,
                         lab::RunBench(*loaded.session, shapes, command.bench));
  const std::int64_t batch = lab::BatchOf(loaded.graph(), shapes);
  std::fputs(FormatRows({Summary(command, loaded, batch, load_ms, result)}, command.format).c_str(),
             stdout);
  if (command.bench.profile) {
    const lab::Ceilings ceilings = lab::MeasureCeilings(loaded.model->target(), loaded.pool.get());
    if (command.format == Format::kTable) std::fputs("\n", stdout);
    std::fputs(FormatRows(ProfileRows(result, ceilings), command.format).c_str(), stdout);
  }
  KeepCompiled(loaded);
  return OkStatus();
}

}  // namespace

void AddBench(CLI::App& app, Action* action) {
  auto command = std::make_shared<BenchCommand>();
  CLI::App* sub = app.add_subcommand("bench", "Times runs of a model on seeded normal numbers");
  command->model.Declare(sub);
  command->model.DeclareBatch(sub);
  command->model.DeclareTune(sub);
  command->automatic.Declare(sub);
  command->model.DeclareCache(sub);
  lab::BenchOptions& bench = command->bench;
  CLI::Option* iters =
      sub->add_option("--iters", bench.iters, "counted runs (default: as many as --seconds allows)")
          ->check(WholeNumber(1, 10000000));
  sub->add_option(
         "--seconds", bench.seconds,
         "without --iters: how long to go on, at least 5 and at most 4000 runs (default 2)")
      ->check(NumberBetween(0, 3600))
      ->excludes(iters);
  sub->add_option("--warmup", bench.warmup, "runs before, not counted (default 3)")
      ->check(WholeNumber(0, 1000000));
  sub->add_flag("--profile", bench.profile,
                "a row per step, with its shares of the machine's ceilings");
  DeclareFormat(sub, &command->format);
  sub->footer("Example: plumb bench resnet50.onnx --threads 2 --batch 8 --profile");
  sub->callback([command, action] { *action = [command] { return Execute(*command); }; });
}

}  // namespace plumb::cli
