// Pipeline files: YAML that names stages and the channels between them. README.md shows one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/status.h"
#include "measure/record.h"
#include "pipeline/stage.h"
#include "pipeline/stage_params.h"

namespace plumb::pipeline {

struct StageSpec {
  std::string id;
  std::string label;
  const StageType* type = nullptr;
  int replicas = 1;
  int line = 0;
  ParamNode params;  // of the stage itself: without `stage`, `replicas`, `label`
};

struct ChannelSpec {
  int from = 0, to = 0;  // indices of stages
  std::int64_t size = 4;
  bool ordered = false;  // and with it every channel before
  int line = 0;
};

// A checked pipeline: ids are unique, channels lead from stage to stage without a loop, every stage
// is reached from a source.
struct PipelineSpec {
  std::string name;
  std::string file;               // for messages
  std::string folder;             // what relative paths in it are relative to
  std::vector<StageSpec> stages;  // sources first: channels lead from lower to higher indices
  std::vector<ChannelSpec> channels;

  int FindStage(std::string_view id) const;  // -1: none
  // The parameters of a stage, to be read by its Make.
  StageParams ParamsOf(int stage) const;
  std::vector<int> ChannelsInto(int stage) const;
  std::vector<int> ChannelsFrom(int stage) const;
  measure::StageGraph Graph() const;
};

// Errors read "faces.yaml:12: ..." and say what would be right.
StatusOr<PipelineSpec> LoadPipelineFile(const std::string& path);
StatusOr<PipelineSpec> ParsePipeline(const std::string& text, const std::string& file,
                                     const std::string& folder);

// Replaces a parameter of a stage: what `--source F` and `--set stage.key=value` do. `value` is
// taken as it is; relative paths in it are relative to the working folder, not to the file.
Status OverrideParam(PipelineSpec* spec, std::string_view stage, std::string_view key,
                     const std::string& value);

// Reads one stage or source from its parameters and finds keys that it does not know.
StatusOr<std::unique_ptr<Stage>> MakeStage(const PipelineSpec& spec, int stage);
StatusOr<std::unique_ptr<Source>> MakeSource(const PipelineSpec& spec, int stage);

// YAML text as a tree, bounded in depth and size.
StatusOr<ParamNode> ParseYaml(const std::string& text, const std::string& file);

}  // namespace plumb::pipeline
