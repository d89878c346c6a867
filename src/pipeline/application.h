// Runs a pipeline as an application: with records of every stage, figures of quality where there is
// ground truth, and a folder of reports.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "core/status.h"
#include "measure/analysis.h"
#include "measure/record.h"
#include "pipeline/runner.h"

namespace plumb::pipeline {

struct ApplicationOptions {
  Target target;
  ThreadPool* pool = nullptr;  // required
  measure::RunHeader header;   // settings are added to it
  std::string output_folder;   // of stages that write; made when missing
  bool profile = false;        // a span for each step of every network
  // What was measured of kernels before, and what measures them meanwhile; may be null.
  std::shared_ptr<const engine::TuningDatabase> tuning = {};
  engine::BackgroundTuner* tuner = nullptr;
  std::string truth;  // ground truth for write_jsonl's lines; empty: none
  // 1: end the source and finish; 2 or more: drop what is under way. Either way there is a result.
  const std::atomic<int>* stop = nullptr;
  std::function<void(const Progress&)> on_progress;
};

struct ApplicationResult {
  measure::Run run;  // with quality figures
  measure::Analysis analysis;
  Progress progress;
  bool stopped = false;    // it was asked to end
  bool cancelled = false;  // and to drop what was under way
};

StatusOr<ApplicationResult> RunApplication(const PipelineSpec& spec,
                                           const ApplicationOptions& options);

// The figures of a run that scripts read: one JSON object. Keys that a run has no figure for are
// null.
std::string SummaryJson(const ApplicationResult& result);

// What a user should be told besides the figures, a line each: how many frames each stage skipped
// and the first of them, media that is cut short, an empty gallery, records that were lost. Empty
// when all is well.
std::vector<std::string> Warnings(const ApplicationResult& result);

// Writes report.html, records.jsonl, trace.json and summary.json into the folder, which is made
// when missing. `page` as for measure::WriteReport. Errors name the file.
Status WriteReports(const std::string& folder, const ApplicationResult& result,
                    const std::string& page = {});

// Makes the source stage read `source` (relative to the working folder); `origin` as for
// OverrideParam.
Status OverrideSource(PipelineSpec* spec, const std::string& source,
                      const std::string& origin = "override");

// faces.yaml of the faces application: in the working folder's apps/faces, or, in the folder above
// that of the program, in share/plumbline/apps/faces or a source tree's apps/faces.
StatusOr<std::string> FindFacesPipeline();

}  // namespace plumb::pipeline
