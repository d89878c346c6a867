// plumb pipeline run: an application until its source ends.
#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>

#include <unistd.h>

#include "cli/command.h"
#include "cli/table.h"
#include "cli/version.h"
#include "core/target.h"
#include "core/thread_pool.h"
#include "engine/background_tuner.h"
#include "measure/stage_table.h"
#include "pipeline/application.h"

namespace plumb::cli {
namespace {

std::atomic<int> interrupts{0}, first_interrupt{0};

// The first signal ends the run, a second one drops what is under way, a third one kills.
void CountInterrupt(int number) {
  int none = 0;
  first_interrupt.compare_exchange_strong(none, number);
  if (interrupts.fetch_add(1) == 0) return;
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

struct PipelineCommand {
  std::string file, source, report, output, truth;
  std::vector<std::string> set;
  bool profile = false, tune = false;
  Format format = Format::kTable;
  std::vector<std::string> words;  // the whole command, for the record
};

// The file with what the options change. A mistake in an option is one of usage.
StatusOr<pipeline::PipelineSpec> LoadPipeline(const PipelineCommand& command) {
  PLUMB_ASSIGN_OR_RETURN(pipeline::PipelineSpec spec, pipeline::LoadPipelineFile(command.file));
  if (!command.source.empty()) {
    PLUMB_RETURN_IF_ERROR(
        pipeline::OverrideSource(&spec, command.source, "--source " + command.source));
  }
  Status status;
  for (const std::string& setting : command.set) {
    if (status.ok()) status = pipeline::ApplySetting(&spec, setting, "--set " + setting);
  }
  if (status.ok()) status = pipeline::CheckStages(spec);
  const std::string message(status.message());
  if (message.starts_with("--set ")) return UsageError(message);
  PLUMB_RETURN_IF_ERROR(status);
  return spec;
}

void PrintProgress(const pipeline::Progress& p) {
  const double fps = p.seconds > 0 ? static_cast<double>(p.finished) / p.seconds : 0;
  std::fprintf(stderr, "\r%lld frames, %.1f s, %.1f frames/s", static_cast<long long>(p.finished),
               p.seconds, fps);
  if (p.source_fps > 0) std::fprintf(stderr, ", %.2fx real time", fps / p.source_fps);
  if (p.failed > 0) std::fprintf(stderr, ", %lld bad", static_cast<long long>(p.failed));
  std::fprintf(stderr, "   ");
  std::fflush(stderr);
}

void PrintResult(const pipeline::ApplicationResult& result, Format format) {
  if (format == Format::kJson) {
    std::printf("%s%s\n", measure::AnalysisJson(result.analysis).c_str(),
                pipeline::SummaryJson(result).c_str());
    return;
  }
  std::printf("%s", measure::AnalysisTable(result.analysis).c_str());
  if (!result.run.quality.empty()) std::printf("\n");
  for (const measure::Quality& q : result.run.quality) {
    std::printf("%-20s %.4f of %lld", q.what.c_str(), q.value, static_cast<long long>(q.count));
    if (q.target) std::printf(" (target: %s %g)", q.higher_is_better ? ">=" : "<=", *q.target);
    std::printf("\n");
  }
}

Status WriteReports(const PipelineCommand& command, const pipeline::ApplicationResult& result) {
  if (command.report.empty()) return OkStatus();
  PLUMB_RETURN_IF_ERROR(pipeline::WriteReports(command.report, result));
  if (command.format == Format::kTable) {
    std::printf("\nreport: %s/report.html\n", command.report.c_str());
  }
  return OkStatus();
}

// Ends the program with the status that a shell gives to what a signal ended; comes back when what
// was printed cannot be written, which is another failure.
void ExitStopped(const pipeline::ApplicationResult& result) {
  constexpr int kBySignal = 128;
  const int number = first_interrupt;
  std::string dropped;
  if (result.cancelled) {
    dropped = absl::StrCat(", ", result.progress.started - result.progress.finished,
                           " under way were dropped");
  }
  std::fprintf(stderr, "plumb: stopped by %s after %lld frames%s\n",
               number == SIGINT ? "SIGINT" : "SIGTERM",
               static_cast<long long>(result.progress.finished), dropped.c_str());
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) std::exit(kBySignal + number);
}

Status Execute(const PipelineCommand& command) {
  PLUMB_ASSIGN_OR_RETURN(const pipeline::PipelineSpec spec, LoadPipeline(command));
  PLUMB_ASSIGN_OR_RETURN(const Target target, HostTarget());
  ThreadPool pool(target.cores);
  pipeline::ApplicationOptions options;
  options.target = target;
  options.pool = &pool;
  options.header =
      measure::MakeRunHeader(spec.name, command.words, Str(IsaName(target.isa)), CommitText());
  options.output_folder = command.output.empty() ? command.report : command.output;
  options.truth = command.truth;
  options.profile = command.profile;
  const auto tuning = engine::TuningDatabase::Open(target);
  std::optional<engine::BackgroundTuner> tuner;
  options.tuning = tuning;
  // What is found meanwhile is for the next run.
  if (command.tune) options.tuner = &tuner.emplace(engine::TuningDatabase::Open(target));
  options.stop = &interrupts;
  const bool shows_progress = isatty(STDERR_FILENO) == 1;
  if (shows_progress) options.on_progress = PrintProgress;
  std::signal(SIGINT, CountInterrupt);
  std::signal(SIGTERM, CountInterrupt);
  const StatusOr<pipeline::ApplicationResult> result = pipeline::RunApplication(spec, options);
  if (shows_progress) std::fprintf(stderr, "\n");
  PLUMB_RETURN_IF_ERROR(result.status());
  PrintResult(*result, command.format);
  if (const Status tuned = tuner ? tuner->Stop() : OkStatus(); tuner && tuned.ok()) {
    std::fprintf(stderr, "plumb: %d more kernels are measured for the next run\n",
                 tuner->measured());
  } else if (tuner) {
    std::fprintf(stderr, "plumb: warning: kernels were not measured for the next run: %s\n",
                 std::string(tuned.message()).c_str());
  }
  for (const std::string& warning : pipeline::Warnings(*result)) {
    std::fprintf(stderr, "plumb: warning: %s\n", warning.c_str());
  }
  PLUMB_RETURN_IF_ERROR(WriteReports(command, *result));
  if (result->stopped) ExitStopped(*result);
  return OkStatus();
}

}  // namespace

void AddPipeline(CLI::App& app, Action* action) {
  auto command = std::make_shared<PipelineCommand>();
  CLI::App* group = app.add_subcommand("pipeline", "Applications made of stages");
  group->require_subcommand(1);
  group->footer("Example: plumb pipeline run apps/faces/faces.yaml");
  CLI::App* sub = group->add_subcommand("run", "Run an application until its source ends");
  sub->add_option("FILE", command->file, "pipeline file (YAML)")->required();
  const auto not_empty = [](const std::string& path) {
    return std::string(path.empty() ? "expected a path, got nothing" : "");
  };
  sub->add_option("--source", command->source, "video, picture or folder instead of the file's")
      ->check(not_empty);
  sub->add_option("--report", command->report,
                  "folder for report.html, records.jsonl, trace.json, summary.json")
      ->check(not_empty);
  sub->add_option("--output", command->output,
                  "folder for what stages write (default: that of --report, or this one)")
      ->check(not_empty);
  sub->add_option("--truth", command->truth,
                  "ground truth (JSON Lines) that the written detections are compared with")
      ->check(not_empty);
  sub->add_flag("--profile", command->profile, "record every step of the networks");
  sub->add_flag(
      "--tune", command->tune,
      "measure kernels at the lowest priority meanwhile, for the next run on this processor");
  sub->add_option("--set", command->set,
                  "change a value of the file: STAGE.KEY=VALUE, or channels.STAGE.KEY=VALUE of the "
                  "channel to a stage; VALUE is YAML: 3, [640, 360]")
      ->type_size(1);
  DeclareFormat(sub, &command->format);
  sub->footer(
      "SIGINT or SIGTERM ends the source; what is under way is finished and written, and the "
      "status\n"
      "is 130 or 143. A second one drops what is under way.\n\n"
      "Example: plumb pipeline run apps/faces/faces.yaml --source party.mp4 --report out");
  sub->callback([command, action, sub] {
    command->words = {"plumb", "pipeline", "run", command->file};
    for (const CLI::Option* option : sub->get_options()) {
      if (option->get_name() == "FILE") continue;
      for (const std::string& value : option->results()) {
        command->words.push_back(option->get_name());
        if (option->get_items_expected_max() > 0) command->words.push_back(value);  // no flag
      }
    }
    *action = [command] { return Execute(*command); };
  });
}

}  // namespace plumb::cli
