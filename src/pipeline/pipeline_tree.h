// Pipeline files as trees: what YAML text becomes, a file that extends another one, and values that
// take the place of those in a file. Private to pipeline_file.cc.
#pragma once

#include <string>
#include <string_view>

#include "core/status.h"
#include "pipeline/stage_params.h"

namespace plumb::pipeline {

// Of what stands in that file.
ParamOrigin OriginOfFile(const std::string& path);

// YAML text as a tree, bounded in depth and size.
StatusOr<ParamNode> ParseYaml(const std::string& text, ParamOrigin from);

// The tree of a file that its other files, those that `extends` names, are merged into: stages and
// channels of a base file stand as if they stood in this one, keys that are given again replace
// those of the base.
StatusOr<ParamNode> MergeBases(ParamNode root);

// Gives a key of a stage or channel another value. KEY and KEY_file say the same: one that comes
// from elsewhere takes the place of the other. An error where two options of a command line give
// it.
Status ReplaceParam(ParamNode* map, const std::string& key, ParamNode value);

// The mapping of a stage, and that of the channel that leads to a stage. Errors begin with
// `place`.
StatusOr<ParamNode*> FindStageMap(ParamNode* root, std::string_view stage,
                                  const std::string& place);
StatusOr<ParamNode*> FindChannelMap(ParamNode* root, std::string_view to, const std::string& place);

}  // namespace plumb::pipeline
