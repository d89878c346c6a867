// The one place that knows the YAML library.
#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "pipeline/pipeline_tree.h"

namespace plumb::pipeline {
namespace {

constexpr int kMaxDepth = 16;
constexpr int kMaxNodes = 20'000;  // aliases are counted each time they are used

Status FailAt(const ParamOrigin& origin, int line, const std::string& problem) {
  if (!origin.is_file) return InvalidArgument(origin.name, ": ", problem);
  return InvalidArgument(origin.name, ":", line, ": ", problem);
}

struct TreeCopy {
  const std::shared_ptr<const ParamOrigin>& origin;
  int nodes = 0;

  Status Fail(const YAML::Node& node, const std::string& problem) const {
    return FailAt(*origin, node.Mark().line + 1, problem);
  }

  Status Copy(const YAML::Node& from, int depth, ParamNode* to) {
    to->origin = origin;
    to->line = std::max(1, from.Mark().line + 1);  // an empty file has no place
    if (depth > kMaxDepth) {
      return Fail(from, absl::StrCat("nested more than ", kMaxDepth, " deep"));
    }
    if (++nodes > kMaxNodes) {
      return Fail(from,
                  absl::StrCat("more than ", kMaxNodes, " values, aliases counted each time"));
    }
    if (from.IsSequence()) {
      to->form = ParamNode::Form::kList;
      for (const YAML::Node& item : from) {
        PLUMB_RETURN_IF_ERROR(Copy(item, depth + 1, &to->items.emplace_back()));
      }
    } else if (from.IsMap()) {
      to->form = ParamNode::Form::kMap;
      for (const auto& member : from) {
        if (!member.first.IsScalar()) return Fail(member.first, "a key is no plain word");
        const std::string& key = member.first.Scalar();
        if (to->Find(key) != nullptr) {
          return Fail(member.first, absl::StrCat("the key '", key, "' stands twice"));
        }
        to->members.emplace_back(key, ParamNode());
        PLUMB_RETURN_IF_ERROR(Copy(member.second, depth + 1, &to->members.back().second));
        // A member stands where its key does: a block begins only on the line after.
        to->members.back().second.line = member.first.Mark().line + 1;
      }
    } else if (from.IsScalar()) {
      to->text = from.Scalar();
    }
    return OkStatus();
  }
};

}  // namespace

StatusOr<ParamNode> ParseYaml(const std::string& text, ParamOrigin from) {
  const auto origin = std::make_shared<const ParamOrigin>(std::move(from));
  try {
    const YAML::Node root = YAML::Load(text);
    TreeCopy copy{origin};
    ParamNode tree;
    PLUMB_RETURN_IF_ERROR(copy.Copy(root, 0, &tree));
    return tree;
  } catch (const YAML::Exception& error) {
    return FailAt(*origin, error.mark.line + 1, absl::StrCat("not valid YAML: ", error.msg));
  }
}

}  // namespace plumb::pipeline
