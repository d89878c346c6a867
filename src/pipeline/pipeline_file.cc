#include "pipeline/pipeline_file.h"

#include <algorithm>

#include "core/file_io.h"
#include "pipeline/pipeline_tree.h"

namespace plumb::pipeline {
namespace {

constexpr std::int64_t kMaxFileBytes = 1 << 20;
constexpr int kMaxReplicas = 256;
constexpr std::int64_t kMaxQueue = 4096;

std::vector<std::string> TypeNames() {
  std::vector<std::string> names;
  for (const StageType& type : StageTypes()) names.emplace_back(type.name);
  return names;
}

class SpecReader {
 public:
  StatusOr<PipelineSpec> Read(const ParamNode& root) {
    spec_.file = root.origin->name;
    if (root.form != ParamNode::Form::kMap) {
      return Fail(root, "expected a mapping with the keys pipeline, stages and channels");
    }
    StageParams top(root, "the pipeline");
    spec_.name = top.RequiredText("pipeline");
    top.Ignore("stages");
    top.Ignore("channels");
    PLUMB_RETURN_IF_ERROR(top.Finish());
    const ParamNode* stages = root.Find("stages");
    if (stages == nullptr || stages->form != ParamNode::Form::kMap || stages->members.empty()) {
      return Fail(stages == nullptr ? root : *stages,
                  "'stages' must be a mapping of at least one stage: id: {stage: type, ...}");
    }
    for (const auto& [id, node] : stages->members) PLUMB_RETURN_IF_ERROR(ReadStage(id, node));
    const ParamNode* channels = root.Find("channels");
    if (channels != nullptr) PLUMB_RETURN_IF_ERROR(ReadChannels(*channels));
    PLUMB_RETURN_IF_ERROR(CheckEnds());
    PLUMB_RETURN_IF_ERROR(SortStages());
    spec_.tree = root;
    return std::move(spec_);
  }

 private:
  static Status Fail(const std::string& place, const std::string& problem) {
    return InvalidArgument(place, ": ", problem);
  }
  static Status Fail(const ParamNode& node, const std::string& problem) {
    return Fail(node.Place(), problem);
  }

  Status ReadStage(const std::string& id, const ParamNode& node) {
    const std::string where = absl::StrCat("stage '", id, "'");
    if (node.form != ParamNode::Form::kMap) {
      return Fail(node, where + ": expected a mapping with the key stage");
    }
    StageSpec stage;
    stage.id = id;
    stage.place = node.Place();
    StageParams params(node, where);
    const std::string type = params.RequiredText("stage");
    stage.type = FindStageType(type);
    if (!type.empty() && stage.type == nullptr) {
      params.Fail("stage", "unknown stage " + Suggest(type, TypeNames()));
    }
    stage.label = params.Text("label", "");
    stage.replicas = static_cast<int>(params.Int("replicas", 1, 1, kMaxReplicas));
    if (stage.type != nullptr && stage.type->make_source != nullptr && stage.replicas != 1) {
      params.Fail("replicas", "a source has one replica; give it decode threads instead");
    }
    if (stage.type != nullptr && stage.type->writes_file && stage.replicas != 1) {
      params.Fail("replicas", "it writes one file and has one replica");
    }
    stage.params = node;
    std::erase_if(stage.params.members, [](const auto& member) {
      return member.first == "stage" || member.first == "label" || member.first == "replicas";
    });
    for (const auto& [key, value] : stage.params.members) params.Ignore(key);
    PLUMB_RETURN_IF_ERROR(params.Finish());
    spec_.stages.push_back(std::move(stage));
    return OkStatus();
  }

  std::vector<std::string> StageIds() const {
    std::vector<std::string> ids;
    for (const StageSpec& stage : spec_.stages) ids.push_back(stage.id);
    return ids;
  }

  int ReadEnd(StageParams& params, const char* key) const {
    const std::string id = params.RequiredText(key);
    const int stage = spec_.FindStage(id);
    if (!id.empty() && stage < 0) {
      params.Fail(key, absl::StrCat("'", key, "' names no stage: ", Suggest(id, StageIds())));
    }
    return stage;
  }

  Status ReadChannels(const ParamNode& node) {
    if (node.form != ParamNode::Form::kList) {
      return Fail(node, "'channels' must be a list of {from: ..., to: ..., size: ...}");
    }
    for (const ParamNode& item : node.items) {
      if (item.form != ParamNode::Form::kMap) {
        return Fail(item, "a channel must be a mapping {from: ..., to: ..., size: ...}");
      }
      StageParams params(item, absl::StrCat("channel ", spec_.channels.size() + 1));
      ChannelSpec channel;
      channel.place = item.Place();
      channel.from = ReadEnd(params, "from");
      channel.to = ReadEnd(params, "to");
      channel.size = params.Int("size", 4, 1, kMaxQueue);
      channel.ordered = params.Flag("ordered", false);
      PLUMB_RETURN_IF_ERROR(params.Finish());
      PLUMB_RETURN_IF_ERROR(CheckChannel(channel));
      spec_.channels.push_back(channel);
    }
    return OkStatus();
  }

  Status CheckChannel(const ChannelSpec& channel) const {
    const StageSpec& from = spec_.stages[static_cast<std::size_t>(channel.from)];
    const StageSpec& to = spec_.stages[static_cast<std::size_t>(channel.to)];
    if (to.type->make_source != nullptr) {
      return Fail(channel.place, absl::StrCat("stage '", to.id, "' (", Str(to.type->name),
                                              ") is a source: no channel leads to it"));
    }
    for (const ChannelSpec& other : spec_.channels) {
      if (other.from == channel.from && other.to == channel.to) {
        return Fail(channel.place, absl::StrCat("there is a channel from '", from.id, "' to '",
                                                to.id, "' already: ", other.place));
      }
      if (other.to == channel.to) {
        return Fail(channel.place,
                    absl::StrCat("two channels lead to stage '", to.id, "' (the other from '",
                                 spec_.stages[static_cast<std::size_t>(other.from)].id,
                                 "'): put the stages in a row, each passes on all it was given"));
      }
    }
    return OkStatus();
  }

  // Every stage but sources has an inbound channel.
  Status CheckEnds() const {
    int sources = 0;
    for (std::size_t i = 0; i < spec_.stages.size(); ++i) {
      const StageSpec& stage = spec_.stages[i];
      if (stage.type->make_source != nullptr) {
        ++sources;
        if (spec_.ChannelsFrom(static_cast<int>(i)).empty() && spec_.stages.size() > 1) {
          return Fail(stage.place, absl::StrCat("stage '", stage.id,
                                                "': no channel leads from this source; add {from: ",
                                                stage.id, ", to: ...} to 'channels'"));
        }
      } else if (spec_.ChannelsInto(static_cast<int>(i)).empty()) {
        return Fail(stage.place, absl::StrCat("stage '", stage.id,
                                              "': no channel leads to it; add {from: ..., to: ",
                                              stage.id, "} to 'channels'"));
      }
    }
    if (sources != 1) {
      return Fail(spec_.stages[0].place, absl::StrCat("the pipeline has ", sources,
                                                      " sources, expected one: a stage of "
                                                      "type media"));
    }
    return OkStatus();
  }

  // Brings stages into an order in which channels lead forwards; what is left over is a loop.
  Status SortStages() {
    const std::size_t count = spec_.stages.size();
    std::vector<int> order, position(count, -1);
    for (bool found = true; found;) {
      found = false;
      for (std::size_t i = 0; i < count; ++i) {
        if (position[i] >= 0) continue;
        const std::vector<int> inbound = spec_.ChannelsInto(static_cast<int>(i));
        const bool ready = std::all_of(inbound.begin(), inbound.end(), [&](int c) {
          return position[static_cast<std::size_t>(
                     spec_.channels[static_cast<std::size_t>(c)].from)] >= 0;
        });
        if (!ready) continue;
        position[i] = static_cast<int>(order.size());
        order.push_back(static_cast<int>(i));
        found = true;
      }
    }
    if (order.size() < count) return FailLoop(position);
    std::vector<StageSpec> sorted;
    for (int i : order) sorted.push_back(std::move(spec_.stages[static_cast<std::size_t>(i)]));
    spec_.stages = std::move(sorted);
    for (ChannelSpec& channel : spec_.channels) {
      channel.from = position[static_cast<std::size_t>(channel.from)];
      channel.to = position[static_cast<std::size_t>(channel.to)];
    }
    return OkStatus();
  }

  // Walks backwards from a stage that was not placed until one comes again.
  Status FailLoop(const std::vector<int>& position) const {
    std::size_t at = 0;
    while (position[at] >= 0) ++at;
    std::vector<std::size_t> way;
    while (std::find(way.begin(), way.end(), at) == way.end()) {
      way.push_back(at);
      for (int c : spec_.ChannelsInto(static_cast<int>(at))) {
        const auto from =
            static_cast<std::size_t>(spec_.channels[static_cast<std::size_t>(c)].from);
        if (position[from] < 0) at = from;
      }
    }
    way.erase(way.begin(), std::find(way.begin(), way.end(), at));
    std::string text = spec_.stages[at].id;
    for (auto it = way.rbegin(); it != way.rend(); ++it) text += " -> " + spec_.stages[*it].id;
    const int channel = spec_.ChannelsInto(static_cast<int>(at))[0];
    return Fail(spec_.channels[static_cast<std::size_t>(channel)].place,
                "the channels make a loop: " + text + "; take one of them out");
  }

  PipelineSpec spec_;
};

}  // namespace

int PipelineSpec::FindStage(std::string_view id) const {
  for (std::size_t i = 0; i < stages.size(); ++i) {
    if (stages[i].id == id) return static_cast<int>(i);
  }
  return -1;
}

StageParams PipelineSpec::ParamsOf(int stage) const {
  const StageSpec& spec = stages[static_cast<std::size_t>(stage)];
  return StageParams(spec.params, absl::StrCat("stage '", spec.id, "'"));
}

std::vector<int> PipelineSpec::ChannelsInto(int stage) const {
  std::vector<int> found;
  for (std::size_t c = 0; c < channels.size(); ++c) {
    if (channels[c].to == stage) found.push_back(static_cast<int>(c));
  }
  return found;
}

std::vector<int> PipelineSpec::ChannelsFrom(int stage) const {
  std::vector<int> found;
  for (std::size_t c = 0; c < channels.size(); ++c) {
    if (channels[c].from == stage) found.push_back(static_cast<int>(c));
  }
  return found;
}

measure::StageGraph PipelineSpec::Graph() const {
  measure::StageGraph graph;
  graph.name = name;
  for (const StageSpec& stage : stages) {
    graph.nodes.push_back({stage.id, stage.label, stage.type->kind, stage.replicas});
  }
  for (const ChannelSpec& channel : channels) {
    graph.edges.push_back({stages[static_cast<std::size_t>(channel.from)].id,
                           stages[static_cast<std::size_t>(channel.to)].id, channel.size});
  }
  return graph;
}

StatusOr<PipelineSpec> LoadPipelineFile(const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxFileBytes));
  return ParsePipeline(text, path, OriginOfFile(path).folder);
}

StatusOr<PipelineSpec> ParsePipeline(const std::string& text, const std::string& file,
                                     const std::string& folder) {
  PLUMB_ASSIGN_OR_RETURN(ParamNode root, ParseYaml(text, {file, folder, true}));
  PLUMB_ASSIGN_OR_RETURN(root, MergeBases(std::move(root)));
  return SpecReader().Read(root);
}

Status OverrideParam(PipelineSpec* spec, std::string_view stage, std::string_view key,
                     const std::string& value, const std::string& origin) {
  ParamNode node, tree = spec->tree;
  node.origin = std::make_shared<const ParamOrigin>(ParamOrigin{origin, "", false});
  node.text = value;
  PLUMB_ASSIGN_OR_RETURN(ParamNode * map, FindStageMap(&tree, stage, origin));
  PLUMB_RETURN_IF_ERROR(ReplaceParam(map, std::string(key), std::move(node)));
  PLUMB_ASSIGN_OR_RETURN(*spec, SpecReader().Read(tree));
  return OkStatus();
}

Status ApplySetting(PipelineSpec* spec, const std::string& setting, const std::string& origin) {
  constexpr std::string_view kChannels = "channels.";
  const std::size_t equals = setting.find('=');
  const std::size_t dot = equals == std::string::npos ? equals : setting.rfind('.', equals);
  if (dot == std::string::npos || dot == 0 || dot + 1 == equals) {
    return InvalidArgument(origin, ": expected STAGE.KEY=VALUE");
  }
  const std::string_view owner = std::string_view(setting).substr(0, dot);
  const std::string key = setting.substr(dot + 1, equals - dot - 1);
  const bool of_channel = owner.starts_with(kChannels) && spec->FindStage(owner) < 0;
  ParamNode tree = spec->tree;
  PLUMB_ASSIGN_OR_RETURN(ParamNode node,
                         ParseYaml(setting.substr(equals + 1), {origin, "", false}));
  PLUMB_ASSIGN_OR_RETURN(ParamNode * map,
                         of_channel ? FindChannelMap(&tree, owner.substr(kChannels.size()), origin)
                                    : FindStageMap(&tree, owner, origin));
  PLUMB_RETURN_IF_ERROR(ReplaceParam(map, key, std::move(node)));
  PLUMB_ASSIGN_OR_RETURN(*spec, SpecReader().Read(tree));
  return OkStatus();
}

StatusOr<std::unique_ptr<Stage>> MakeStage(const PipelineSpec& spec, int stage) {
  StageParams params = spec.ParamsOf(stage);
  const StageType* type = spec.stages[static_cast<std::size_t>(stage)].type;
  StatusOr<std::unique_ptr<Stage>> made = type->make_stage(params);
  PLUMB_RETURN_IF_ERROR(params.Finish());
  return made;
}

StatusOr<std::unique_ptr<Source>> MakeSource(const PipelineSpec& spec, int stage) {
  StageParams params = spec.ParamsOf(stage);
  const StageType* type = spec.stages[static_cast<std::size_t>(stage)].type;
  StatusOr<std::unique_ptr<Source>> made = type->make_source(params);
  PLUMB_RETURN_IF_ERROR(params.Finish());
  return made;
}

Status CheckStages(const PipelineSpec& spec) {
  for (std::size_t i = 0; i < spec.stages.size(); ++i) {
    const int stage = static_cast<int>(i);
    const bool source = spec.stages[i].type->make_source != nullptr;
    PLUMB_RETURN_IF_ERROR(source ? MakeSource(spec, stage).status()
                                 : MakeStage(spec, stage).status());
  }
  return OkStatus();
}

}  // namespace plumb::pipeline
