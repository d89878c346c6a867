#include "pipeline/pipeline_tree.h"

#include "core/file_io.h"

namespace plumb::pipeline {
namespace {

constexpr int kMaxBases = 8;
constexpr std::int64_t kMaxFileBytes = 1 << 20;

std::string TextOf(const ParamNode& map, std::string_view key) {
  const ParamNode* node = map.Find(key);
  return node == nullptr ? std::string() : node->text;
}

bool IsMap(const ParamNode* node) { return node != nullptr && node->form == ParamNode::Form::kMap; }

bool IsList(const ParamNode* node) {
  return node != nullptr && node->form == ParamNode::Form::kList;
}

void ReplaceMember(ParamNode* map, const std::string& key, ParamNode value) {
  if (ParamNode* old = map->Find(key); old != nullptr) {
    *old = std::move(value);
  } else {
    map->members.emplace_back(key, std::move(value));
  }
}

Status MergeParams(const ParamNode& from, ParamNode* into) {
  for (const auto& [key, value] : from.members) {
    PLUMB_RETURN_IF_ERROR(ReplaceParam(into, key, value));
  }
  return OkStatus();
}

// Mappings of one stage are merged; anything else is replaced, so that its error is found later.
Status MergeStages(const ParamNode& from, ParamNode* into) {
  for (const auto& [id, stage] : from.members) {
    ParamNode* known = into->Find(id);
    if (IsMap(known) && IsMap(&stage)) {
      PLUMB_RETURN_IF_ERROR(MergeParams(stage, known));
    } else {
      ReplaceMember(into, id, stage);
    }
  }
  return OkStatus();
}

Status MergeChannels(const ParamNode& from, ParamNode* into) {
  for (const ParamNode& channel : from.items) {
    ParamNode* same = nullptr;
    for (ParamNode& known : into->items) {
      const bool both = TextOf(known, "from") == TextOf(channel, "from") &&
                        TextOf(known, "to") == TextOf(channel, "to");
      if (IsMap(&channel) && both) same = &known;
    }
    if (same == nullptr) {
      into->items.push_back(channel);
    } else {
      PLUMB_RETURN_IF_ERROR(MergeParams(channel, same));
    }
  }
  return OkStatus();
}

Status MergeFile(const ParamNode& from, ParamNode* into) {
  for (const auto& [key, value] : from.members) {
    ParamNode* known = into->Find(key);
    if (key == "stages" && IsMap(known) && IsMap(&value)) {
      PLUMB_RETURN_IF_ERROR(MergeStages(value, known));
    } else if (key == "channels" && IsList(known) && IsList(&value)) {
      PLUMB_RETURN_IF_ERROR(MergeChannels(value, known));
    } else if (key != "extends") {
      ReplaceMember(into, key, value);
    }
  }
  return OkStatus();
}

StatusOr<ParamNode> MergeBelow(ParamNode root, int depth) {
  const ParamNode* extends = root.Find("extends");
  if (extends == nullptr) return root;
  if (depth > kMaxBases) {
    return InvalidArgument(extends->Place(), ": more than ", kMaxBases,
                           " files extend one another: does one of them extend itself?");
  }
  StageParams params(root, "the pipeline");
  const std::string path = params.Path("extends");
  for (const auto& [key, value] : root.members) params.Ignore(key);
  PLUMB_RETURN_IF_ERROR(params.Finish());
  const StatusOr<std::string> text = ReadFile(path, kMaxFileBytes);
  if (!text.ok()) return Annotate(text.status(), extends->Place() + ": 'extends'");
  PLUMB_ASSIGN_OR_RETURN(ParamNode base, ParseYaml(*text, OriginOfFile(path)));
  if (!IsMap(&base)) return InvalidArgument(base.Place(), ": expected a pipeline file");
  PLUMB_ASSIGN_OR_RETURN(ParamNode merged, MergeBelow(std::move(base), depth + 1));
  PLUMB_RETURN_IF_ERROR(MergeFile(root, &merged));
  merged.origin = root.origin;
  merged.line = root.line;
  return merged;
}

// threshold for threshold_file, and the other way round.
std::string Counterpart(const std::string& key) {
  constexpr std::string_view kFile = "_file";
  return key.ends_with(kFile) ? key.substr(0, key.size() - kFile.size()) : key + Str(kFile);
}

}  // namespace

ParamOrigin OriginOfFile(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return {path, slash == std::string::npos ? "" : path.substr(0, slash), true};
}

StatusOr<ParamNode> MergeBases(ParamNode root) { return MergeBelow(std::move(root), 1); }

Status ReplaceParam(ParamNode* map, const std::string& key, ParamNode value) {
  const std::string counterpart = Counterpart(key);
  for (const std::string& name : {key, counterpart}) {
    const ParamNode* old = map->Find(name);
    if (old == nullptr || old->origin->is_file || old->origin->name == value.origin->name) continue;
    return InvalidArgument(value.origin->name, ": it is given by ", old->origin->name,
                           " too: leave one of them out");
  }
  std::erase_if(map->members, [&](const auto& member) {
    return member.first == counterpart && member.second.origin != value.origin;
  });
  ReplaceMember(map, key, std::move(value));
  return OkStatus();
}

StatusOr<ParamNode*> FindStageMap(ParamNode* root, std::string_view stage,
                                  const std::string& place) {
  std::vector<std::string> ids;
  for (auto& [id, node] : root->Find("stages")->members) {
    if (id == stage) return &node;
    ids.push_back(id);
  }
  return InvalidArgument(place, ": no stage ", Suggest(stage, ids));
}

StatusOr<ParamNode*> FindChannelMap(ParamNode* root, std::string_view to,
                                    const std::string& place) {
  std::vector<std::string> ends;
  ParamNode* channels = root->Find("channels");
  for (std::size_t i = 0; channels != nullptr && i < channels->items.size(); ++i) {
    ends.push_back(TextOf(channels->items[i], "to"));
    if (ends.back() == to) return &channels->items[i];
  }
  return InvalidArgument(place, ": no channel leads to ", Suggest(to, ends));
}

}  // namespace plumb::pipeline
