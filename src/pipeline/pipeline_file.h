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
  std::string place;  // in the file, for messages
  ParamNode params;   // of the stage itself: without `stage`, `replicas`, `label`
};

struct ChannelSpec {
  int from = 0, to = 0;  // indices of stages
  std::int64_t size = 4;
  bool ordered = false;  // and with it every channel before
  std::string place;
};

// A checked pipeline: ids are unique, channels lead from stage to stage without a loop, every stage
// is reached from a source.
struct PipelineSpec {
  std::string name;
  std::string file;               // for messages
  std::vector<StageSpec> stages;  // sources first: channels lead from lower to higher indices
  std::vector<ChannelSpec> channels;
  ParamNode tree;  // all that was read, for overrides

  int FindStage(std::string_view id) const;  // -1: none
  // The parameters of a stage, to be read by its Make.
  StageParams ParamsOf(int stage) const;
  std::vector<int> ChannelsInto(int stage) const;
  std::vector<int> ChannelsFrom(int stage) const;
  measure::StageGraph Graph() const;
};

// Errors read "faces.yaml:12: ..." and say what would be right. `extends: other.yaml` takes stages
// and channels of another file (a path relative to this one) and adds to them or changes keys.
StatusOr<PipelineSpec> LoadPipelineFile(const std::string& path);
StatusOr<PipelineSpec> ParsePipeline(const std::string& text, const std::string& file,
                                     const std::string& folder);

// Gives a parameter of a stage another value, its replicas and label among them; everything is
// checked again. `origin` stands for the file and the line in messages; a relative path in the
// value is relative to the working folder. Two values of different origins for one key are an
// error.
Status OverrideParam(PipelineSpec* spec, std::string_view stage, std::string_view key,
                     const std::string& value, const std::string& origin = "override");

// The same as one text: "STAGE.KEY=VALUE", or "channels.STAGE.KEY=VALUE" of the channel that leads
// to the stage. VALUE is YAML. A value for KEY takes the place of KEY_file, and the other way
// round.
Status ApplySetting(PipelineSpec* spec, const std::string& setting, const std::string& origin);

// Reads one stage or source from its parameters and finds keys that it does not know.
StatusOr<std::unique_ptr<Stage>> MakeStage(const PipelineSpec& spec, int stage);
StatusOr<std::unique_ptr<Source>> MakeSource(const PipelineSpec& spec, int stage);

// Makes every stage and source once: the first error of their parameters.
Status CheckStages(const PipelineSpec& spec);

}  // namespace plumb::pipeline
