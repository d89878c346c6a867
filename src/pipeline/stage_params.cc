#include "pipeline/stage_params.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "core/file_io.h"
#include "core/format.h"

namespace plumb::pipeline {
namespace {

// Fewest single-letter changes from a to b (Levenshtein).
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string Excerpt(const ParamNode& node) {
  if (node.form == ParamNode::Form::kList) return "a list";
  if (node.form == ParamNode::Form::kMap) return "a mapping";
  return "'" + (node.text.size() > 60 ? node.text.substr(0, 60) + "..." : node.text) + "'";
}

}  // namespace

ParamNode::ParamNode() = default;

const ParamNode* ParamNode::Find(std::string_view key) const {
  for (const auto& [name, node] : members) {
    if (name == key) return &node;
  }
  return nullptr;
}

ParamNode* ParamNode::Find(std::string_view key) {
  return const_cast<ParamNode*>(std::as_const(*this).Find(key));
}

std::string ParamNode::Place() const {
  return origin->is_file ? absl::StrCat(origin->name, ":", line) : origin->name;
}

std::string Suggest(std::string_view word, const std::vector<std::string>& known) {
  std::string text = absl::StrCat("'", std::string(word.substr(0, 60)), "'; ");
  const std::string* nearest = nullptr;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const std::size_t distance = Distance(word.substr(0, 60), candidate);
    if (distance >= least) continue;
    least = distance;
    nearest = &candidate;
  }
  if (nearest != nullptr) return text + "did you mean '" + *nearest + "'?";
  text += "expected ";
  for (std::size_t i = 0; i < known.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == known.size() ? " or " : ", ") + known[i];
  }
  return text;
}

StageParams::StageParams(const ParamNode& node, std::string where)
    : node_(node), where_(std::move(where)) {}

void StageParams::FailAt(const ParamNode& node, const std::string& problem) {
  if (status_.ok()) status_ = InvalidArgument(node.Place(), ": ", where_, ": ", problem);
}

void StageParams::Fail(std::string_view key, const std::string& problem) {
  const ParamNode* node = node_.Find(key);
  FailAt(node == nullptr ? node_ : *node, problem);
}

void StageParams::FailWith(const Status& status) {
  if (status_.ok()) status_ = status;
}

const ParamNode* StageParams::Asked(std::string_view key) {
  asked_.emplace_back(key);
  return node_.Find(key);
}

const ParamNode* StageParams::Scalar(std::string_view key) {
  const ParamNode* node = Asked(key);
  if (node == nullptr || node->form == ParamNode::Form::kScalar) return node;
  FailAt(*node, absl::StrCat("'", Str(key), "' is ", Excerpt(*node), ", expected one value"));
  return nullptr;
}

double StageParams::ToNumber(std::string_view key, const ParamNode& node) {
  double value = 0;
  const char* end = node.text.data() + node.text.size();
  const auto result = std::from_chars(node.text.data(), end, value);
  if (node.form != ParamNode::Form::kScalar || result.ec != std::errc() || result.ptr != end ||
      !std::isfinite(value)) {
    FailAt(node, absl::StrCat("'", Str(key), "' is ", Excerpt(node), ", expected a number"));
    return 0;
  }
  return value;
}

std::int64_t StageParams::Int(std::string_view key, std::int64_t otherwise, std::int64_t low,
                              std::int64_t high) {
  const ParamNode* node = Scalar(key);
  if (node == nullptr) return otherwise;
  std::int64_t value = 0;
  const char* end = node->text.data() + node->text.size();
  const auto result = std::from_chars(node->text.data(), end, value);
  if (result.ec != std::errc() || result.ptr != end || value < low || value > high) {
    FailAt(*node, absl::StrCat("'", Str(key), "' is ", Excerpt(*node),
                               ", expected a whole number from ", low, " to ", high));
    return otherwise;
  }
  return value;
}

double StageParams::Number(std::string_view key, double otherwise, double low, double high) {
  const ParamNode* node = Scalar(key);
  if (node == nullptr) return otherwise;
  const double value = ToNumber(key, *node);
  if (status_.ok() && (value < low || value > high)) {
    FailAt(*node, absl::StrCat("'", Str(key), "' is ", Excerpt(*node), ", expected a number from ",
                               FormatExact(low), " to ", FormatExact(high)));
  }
  return value;
}

double StageParams::NumberOrFile(std::string_view key, std::string_view member, double otherwise,
                                 double low, double high) {
  const std::string file_key = std::string(key) + "_file";
  if (!Has(file_key)) {
    Asked(file_key);
    return Number(key, otherwise, low, high);
  }
  if (Has(key)) {
    Fail(file_key, absl::StrCat("expected '", Str(key), "' or '", file_key, "', not both"));
  }
  const std::string path = Path(file_key);
  const StatusOr<std::string> text = ReadFile(path, 1 << 20);
  if (!text.ok()) {
    Fail(file_key, std::string(text.status().message()));
    return otherwise;
  }
  const nlohmann::json root = nlohmann::json::parse(*text, nullptr, false);
  const auto found = root.is_object() ? root.find(member) : root.end();
  const double value = found != root.end() && found->is_number() ? found->get<double>() : NAN;
  if (!(value >= low && value <= high)) {
    Fail(file_key, absl::StrCat("'", path, "' must be a JSON object with a number '", Str(member),
                                "' from ", FormatExact(low), " to ", FormatExact(high)));
    return otherwise;
  }
  return value;
}

bool StageParams::Flag(std::string_view key, bool otherwise) {
  const ParamNode* node = Scalar(key);
  if (node == nullptr) return otherwise;
  if (node->text == "true") return true;
  if (node->text != "false") {
    FailAt(*node, absl::StrCat("'", Str(key), "' is ", Excerpt(*node), ", expected true or false"));
  }
  return false;
}

std::string StageParams::Text(std::string_view key, std::string_view otherwise) {
  const ParamNode* node = Scalar(key);
  return node == nullptr ? std::string(otherwise) : node->text;
}

std::string StageParams::RequiredText(std::string_view key) {
  const ParamNode* node = Scalar(key);
  if (node != nullptr && !node->text.empty()) return node->text;
  FailAt(node == nullptr ? node_ : *node,
         absl::StrCat("'", Str(key), "' is ", node == nullptr ? "missing" : "empty"));
  return {};
}

std::string StageParams::Choice(std::string_view key, std::string_view otherwise,
                                const std::vector<std::string>& choices) {
  const ParamNode* node = Scalar(key);
  if (node == nullptr) return std::string(otherwise);
  if (std::find(choices.begin(), choices.end(), node->text) == choices.end()) {
    FailAt(*node, absl::StrCat("'", Str(key), "' is ", Suggest(node->text, choices)));
  }
  return node->text;
}

std::string StageParams::Path(std::string_view key) {
  const std::string path = RequiredText(key);
  if (path.empty() || path[0] == '/') return path;
  const std::string& folder = node_.Find(key)->origin->folder;
  return folder.empty() ? path : folder + "/" + path;
}

std::string StageParams::OutputPath(std::string_view key) {
  const std::string path = RequiredText(key);
  const std::filesystem::path normal = std::filesystem::path(path).lexically_normal();
  if (!path.empty() && normal.is_relative() && *normal.begin() == "..") {
    Fail(key, absl::StrCat("'", Str(key), "' is '", path,
                           "', which leaves the output folder: give an absolute path if that is "
                           "what you want"));
  }
  return path;
}

std::vector<double> StageParams::Numbers(std::string_view key, std::vector<double> otherwise,
                                         std::size_t count) {
  const ParamNode* node = Asked(key);
  if (node == nullptr) return otherwise;
  std::vector<double> values;
  if (node->form == ParamNode::Form::kScalar) {
    values.assign(std::max<std::size_t>(count, 1), ToNumber(key, *node));
    return values;
  }
  for (const ParamNode& item : node->items) values.push_back(ToNumber(key, item));
  if (node->form == ParamNode::Form::kMap || (count != 0 && values.size() != count)) {
    FailAt(*node, absl::StrCat("'", Str(key), "' has ", values.size(), " values, expected ", count,
                               " or one for all"));
    values.assign(count, 0);
  }
  return values;
}

std::vector<std::string> StageParams::Texts(std::string_view key) {
  const ParamNode* node = Asked(key);
  std::vector<std::string> values;
  if (node == nullptr) return values;
  if (node->form == ParamNode::Form::kScalar) return {node->text};
  for (const ParamNode& item : node->items) {
    if (item.form != ParamNode::Form::kScalar) {
      FailAt(item, absl::StrCat("'", Str(key), "' holds ", Excerpt(item), ", expected texts"));
    }
    values.push_back(item.text);
  }
  if (node->form == ParamNode::Form::kMap) {
    FailAt(*node, absl::StrCat("'", Str(key), "' is a mapping, expected a list of texts"));
  }
  return values;
}

std::vector<StageParams> StageParams::List(std::string_view key, std::string_view what) {
  const ParamNode* node = Asked(key);
  std::vector<StageParams> items;
  if (node == nullptr) return items;
  if (node->form != ParamNode::Form::kList) {
    FailAt(*node, absl::StrCat("'", Str(key), "' is ", Excerpt(*node), ", expected a list"));
    return items;
  }
  for (const ParamNode& item : node->items) {
    if (item.form != ParamNode::Form::kMap) {
      FailAt(item, absl::StrCat("'", Str(key), "' holds ", Excerpt(item), ", expected mappings"));
      return {};
    }
    items.emplace_back(item, absl::StrCat(where_, ": ", Str(what), " ", items.size() + 1));
  }
  return items;
}

Status StageParams::Finish() {
  for (const auto& [key, node] : node_.members) {
    if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) {
      FailAt(node, absl::StrCat("unknown key ", Suggest(key, asked_)));
    }
  }
  return status_;
}

}  // namespace plumb::pipeline
