#include "pipeline/application.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include "core/file_io.h"
#include "measure/json_text.h"
#include "measure/report.h"
#include "measure/run_file.h"
#include "measure/trace_file.h"
#include "pipeline/evaluation.h"

namespace plumb::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr char kStopped[] = "stopped";  // what an event of a run that was asked to end says

std::string AbsolutePath(const std::string& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  return error ? path : absolute.string();
}

// The file that the pipeline's write_jsonl stage makes.
StatusOr<std::string> ResultsPath(const PipelineSpec& spec, const std::string& output_folder) {
  for (const StageSpec& stage : spec.stages) {
    const ParamNode* path = stage.params.Find("path");
    if (stage.type->name != "write_jsonl" || path == nullptr) continue;
    StageContext context;
    context.output_folder = output_folder;
    return context.OutputPath(path->text);
  }
  return InvalidArgument(spec.file,
                         ": no stage of type write_jsonl: ground truth is compared with "
                         "what it writes");
}

// What the header says of a run, besides the machine.
void AddSettings(const PipelineSpec& spec, const ApplicationOptions& options,
                 const Progress& progress, measure::RunHeader* header) {
  header->settings.emplace_back("pipeline", spec.file);
  header->settings.emplace_back("threads", static_cast<double>(options.pool->threads()));
  header->settings.emplace_back("precision", std::string("fp32"));
  if (options.profile) header->settings.emplace_back("profile", true);
  if (progress.source_fps > 0) header->settings.emplace_back("source_fps", progress.source_fps);
  for (const StageSpec& stage : spec.stages) {
    const ParamNode* source = stage.params.Find("source");
    if (stage.type->make_source != nullptr && source != nullptr) {
      header->settings.emplace_back("source", source->text);
    }
  }
}

double QualityValue(const measure::Run& run, std::string_view what) {
  for (const measure::Quality& quality : run.quality) {
    if (quality.what == what) return quality.value;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

StatusOr<ApplicationResult> RunApplication(const PipelineSpec& spec,
                                           const ApplicationOptions& options) {
  std::string results;
  if (!options.truth.empty()) {
    if (access(options.truth.c_str(), R_OK) != 0) {
      return NotFound("cannot read the ground truth '", options.truth, "'");
    }
    PLUMB_ASSIGN_OR_RETURN(results, ResultsPath(spec, options.output_folder));
  }
  if (!options.output_folder.empty()) {
    PLUMB_RETURN_IF_ERROR(MakeDirectories(options.output_folder));
  }
  measure::Recorder recorder;
  RunnerOptions runner_options;
  runner_options.target = options.target;
  runner_options.pool = options.pool;
  runner_options.recorder = &recorder;
  runner_options.output_folder = options.output_folder;
  runner_options.profile = options.profile;
  runner_options.tuning = options.tuning;
  runner_options.tuner = options.tuner;
  Runner* running = nullptr;
  runner_options.on_progress = [&](const Progress& progress) {
    const int stop = options.stop == nullptr ? 0 : options.stop->load();
    if (stop == 1) running->RequestStop();
    if (stop > 1) running->Cancel();
    if (options.on_progress) options.on_progress(progress);
  };
  PLUMB_ASSIGN_OR_RETURN(const std::unique_ptr<Runner> runner,
                         Runner::Create(spec, runner_options));
  running = runner.get();
  const Status ran = runner->Run();
  ApplicationResult result;
  result.cancelled = absl::IsCancelled(ran);
  result.stopped = options.stop != nullptr && options.stop->load() > 0;
  if (!result.cancelled) PLUMB_RETURN_IF_ERROR(ran);
  result.progress = runner->progress();
  if (result.stopped) {
    recorder.AddEvent(spec.name, kStopped,
                      absl::StrCat("stopped after ", result.progress.finished, " frames"));
  }
  measure::RunHeader header = options.header;
  AddSettings(spec, options, result.progress, &header);
  result.run = recorder.Finish(std::move(header));
  result.run.graph = spec.Graph();
  // Lines of a cancelled run may lack frames that came before others.
  if (!options.truth.empty() && !result.cancelled) {
    PLUMB_ASSIGN_OR_RETURN(const FaceCounts counts,
                           CompareWithTruth(results, options.truth, result.progress.complete));
    result.run.quality = QualityOf(counts);
  }
  result.analysis = measure::Analyse(result.run);
  return result;
}

std::string SummaryJson(const ApplicationResult& result) {
  const measure::Analysis& analysis = result.analysis;
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const auto latency = [&](double p) {
    const auto value = measure::PercentileOf(analysis.latencies, p);
    return value ? static_cast<double>(value->value) / 1e6 : kNone;
  };
  const double fps = result.progress.source_fps;
  std::string text;
  measure::JsonObject object(&text);
  object.Int("frames", static_cast<std::int64_t>(analysis.frames.size()));
  object.Int("skipped", result.progress.failed);
  object.Number("seconds", analysis.seconds());
  object.Number("realtime_factor", fps > 0 ? analysis.frames_per_second() / fps : kNone);
  for (const char* what : {"recall", "precision", "rank1", "stranger_acceptance"}) {
    object.Number(what, QualityValue(result.run, what));
  }
  object.Number("latency_p50_ms", latency(0.5)).Number("latency_p99_ms", latency(0.99));
  object.Number("ai_share", analysis.ai_share.value_or(kNone));
  object.Number("cpu_utilisation", analysis.cpu_utilisation.value_or(kNone)).Finish();
  return text;
}

std::vector<std::string> Warnings(const ApplicationResult& result) {
  constexpr std::size_t kMost = 10;
  struct Skipped {
    std::string stage, first;
    int count = 0;
  };
  std::vector<Skipped> skipped;  // by stage
  std::vector<std::string> lines;
  std::size_t left_out = 0;
  for (const measure::Event& event : result.run.events) {
    if (event.what == "failed") {
      const auto known = std::find_if(skipped.begin(), skipped.end(),
                                      [&](const Skipped& s) { return s.stage == event.where; });
      ++(known != skipped.end() ? *known : skipped.emplace_back(Skipped{event.where, event.why}))
            .count;
    } else if (event.what != kStopped) {
      lines.push_back(absl::StrCat("'", event.where, "': ", event.why));
    }
  }
  if (lines.size() > kMost) {
    left_out = lines.size() - kMost;
    lines.resize(kMost);
  }
  for (const Skipped& s : skipped) {
    lines.push_back(s.count == 1 ? absl::StrCat("1 frame was skipped in '", s.stage, "': ", s.first)
                                 : absl::StrCat(s.count, " frames were skipped in '", s.stage,
                                                "'; the first: ", s.first));
  }
  if (left_out > 0) lines.push_back(absl::StrCat(left_out, " more warnings are in the records"));
  return lines;
}

Status WriteReports(const std::string& folder, const ApplicationResult& result,
                    const std::string& page) {
  PLUMB_RETURN_IF_ERROR(MakeDirectories(folder));
  const std::string lines = measure::RunToText(result.run);
  PLUMB_RETURN_IF_ERROR(WriteFileAtomically(folder + "/records.jsonl", lines));
  PLUMB_RETURN_IF_ERROR(measure::WriteTraceFile(folder + "/trace.json", result.run));
  PLUMB_RETURN_IF_ERROR(WriteFileAtomically(folder + "/summary.json", SummaryJson(result) + "\n"));
  const std::string title = result.run.graph ? result.run.graph->name : result.run.header.id;
  return measure::WriteReport(folder + "/report.html", title + " - Plumbline", lines, page);
}

Status OverrideSource(PipelineSpec* spec, const std::string& source, const std::string& origin) {
  for (const StageSpec& stage : spec->stages) {
    if (stage.type->make_source == nullptr) continue;
    const std::string path =
        source.find("://") == std::string::npos ? AbsolutePath(source) : source;
    return OverrideParam(spec, stage.id, "source", path, origin);
  }
  return InvalidArgument(spec->file, ": the pipeline has no source");
}

StatusOr<std::string> FindFacesPipeline() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  const fs::path above = program.parent_path().parent_path();
  const std::string places[] = {"apps/faces/faces.yaml",
                                (above / "share/plumbline/apps/faces/faces.yaml").string(),
                                (above / "apps/faces/faces.yaml").string()};
  for (const std::string& path : places) {
    if (access(path.c_str(), R_OK) == 0) return path;
  }
  return NotFound("the pipeline file of the faces application is not there (looked for ", places[0],
                  ", ", places[1], ", ", places[2], "): name one with --pipeline");
}

}  // namespace plumb::pipeline
