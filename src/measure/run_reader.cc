#include <cmath>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <unordered_set>

#include "core/file_io.h"
#include "measure/json_text.h"
#include "measure/run_file.h"

namespace plumb::measure {
namespace {

using Json = nlohmann::json;

constexpr int kMaxReplicas = 1'000'000;
constexpr double kLargestExact = 9007199254740992.0;  // 2^53: what a JSON number carries exactly

std::string Excerpt(const Json& value) {
  const std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  return text.size() <= 40 ? text : text.substr(0, 40) + "...";
}

bool IsWhole(const Json& value) {
  const double number = value.is_number() ? value.get<double>() : NAN;
  return std::abs(number) <= kLargestExact && number == std::floor(number);
}

// Reads the members of one line. The first problem is kept; reading goes on with defaults.
class Fields {
 public:
  explicit Fields(const Json& object) : object_(object) {}

  std::int64_t Int(const char* key, std::optional<std::int64_t> otherwise = std::nullopt) {
    const Json* value = Find(key, otherwise.has_value());
    if (value == nullptr) return otherwise.value_or(0);
    if (!IsWhole(*value)) Fail(key, *value, "a whole number below 2^53");
    return IsWhole(*value) ? static_cast<std::int64_t>(value->get<double>()) : 0;
  }

  double Number(const char* key) {
    const Json* value = Find(key, false);
    if (value == nullptr) return 0;
    if (!value->is_number()) Fail(key, *value, "a number");
    return value->is_number() ? value->get<double>() : 0;
  }

  std::string Text(const char* key, bool optional) {
    const Json* value = Find(key, optional);
    if (value == nullptr) return {};
    if (value->is_string()) return value->get<std::string>();
    if (optional && value->is_number()) return value->dump();
    Fail(key, *value, "a text");
    return {};
  }

  Kind KindOf(const char* key) {
    const Json* value = Find(key, false);
    if (value == nullptr) return Kind::kOther;
    const StatusOr<Kind> kind =
        ParseKind(value->is_string() ? value->get<std::string>() : Excerpt(*value));
    if (!kind.ok()) Note(std::string(kind.status().message()));
    return kind.ok() ? *kind : Kind::kOther;
  }

  std::vector<std::int64_t> Ints(const char* key) {
    std::vector<std::int64_t> result;
    const Json* value = Find(key, true);
    if (value == nullptr) return result;
    if (!value->is_array()) Fail(key, *value, "a list of whole numbers");
    for (const Json& item : *value) {
      if (!IsWhole(item)) Fail(key, item, "a list of whole numbers below 2^53");
      result.push_back(IsWhole(item) ? static_cast<std::int64_t>(item.get<double>()) : 0);
    }
    return result;
  }

  const Json* Find(const char* key, bool optional) {
    const auto found = object_.find(key);
    if (found != object_.end() && !found->is_null()) return &*found;
    if (!optional) Note(absl::StrCat("\"", key, "\" is missing"));
    return nullptr;
  }

  void Note(const std::string& problem) {
    if (status_.ok()) status_ = InvalidArgument(problem);
  }
  void Fail(const char* key, const Json& value, const char* expected) {
    Note(absl::StrCat("\"", key, "\" is ", Excerpt(value), ", expected ", expected));
  }
  const Status& status() const { return status_; }

 private:
  const Json& object_;
  Status status_;
};

std::vector<std::pair<std::string, Setting>> ReadSettings(Fields& fields, const char* key) {
  std::vector<std::pair<std::string, Setting>> settings;
  const Json* object = fields.Find(key, true);
  if (object == nullptr) return settings;
  if (!object->is_object()) {
    fields.Fail(key, *object, "an object");
    return settings;
  }
  for (const auto& [name, value] : object->items()) {
    if (value.is_number()) {
      settings.emplace_back(name, value.get<double>());
    } else if (value.is_boolean()) {
      settings.emplace_back(name, value.get<bool>());
    } else {
      settings.emplace_back(name, value.is_string() ? value.get<std::string>() : Excerpt(value));
    }
  }
  return settings;
}

class RunReader {
 public:
  Status ReadLine(std::string_view line) {
    const Json object = Json::parse(line, nullptr, false);
    if (object.is_discarded()) {
      return InvalidArgument("not valid JSON; was the file cut off or written by two programs?");
    }
    if (!object.is_object()) return InvalidArgument(Excerpt(object), " is no object");
    Fields fields(object);
    if (object.contains("plumb_run")) {
      ReadHeader(fields);
    } else if (runs_.empty()) {
      return InvalidArgument(
          "no run for this line: a header line {\"plumb_run\":1,...} must stand "
          "before it");
    } else {
      ReadRecord(fields, &runs_.back());
    }
    return fields.status();
  }

  std::vector<Run> TakeRuns() { return std::move(runs_); }

 private:
  void ReadHeader(Fields& fields) {
    const Json* format = fields.Find("plumb_run", false);
    if (format != nullptr && *format != kRunFormat) {
      fields.Note(absl::StrCat("run format ", Excerpt(*format), " is not known; format ",
                               kRunFormat, " is"));
    }
    keys_.clear();
    RunHeader& header = runs_.emplace_back().header;
    header.id = fields.Text("id", true);
    header.started = fields.Text("started", true);
    header.commit = fields.Text("commit", true);
    const Json* command = fields.Find("command", true);
    if (command != nullptr && command->is_array()) {
      for (const Json& word : *command) {
        header.command.push_back(word.is_string() ? word.get<std::string>() : Excerpt(word));
      }
    }
    header.machine = ReadSettings(fields, "machine");
    header.limits = ReadSettings(fields, "limits");
    header.settings = ReadSettings(fields, "settings");
  }

  void ReadRecord(Fields& fields, Run* run) {
    const std::string type = fields.Text("t", false);
    if (type == "span") {
      ReadSpan(fields, run);
    } else if (type == "sample") {
      run->samples.push_back({fields.Int("at"), Name(run, fields.Text("what", false)),
                              Name(run, fields.Text("where", true)),
                              Name(run, fields.Text("unit", true)), fields.Number("value")});
    } else if (type == "event") {
      run->events.push_back({fields.Int("at"), fields.Text("where", true),
                             fields.Text("what", false), fields.Text("why", true)});
    } else if (type == "summary") {
      ReadSummary(fields, run);
    } else if (type == "graph") {
      ReadGraph(fields, run);
    } else if (type == "quality") {
      ReadQuality(fields, run);
    } else {
      fields.Note(absl::StrCat("\"t\" is \"", type,
                               "\", expected span, sample, event, summary, graph or quality"));
    }
  }

  // Trace, id and parent may be numbers or texts; texts get numbers above those that files use.
  std::uint64_t Key(Fields& fields, const char* key, std::uint64_t otherwise) {
    const Json* value = fields.Find(key, true);
    if (value == nullptr) return otherwise;
    if (value->is_string()) {
      const std::string text = value->get<std::string>();
      return keys_.emplace(text, (std::uint64_t{1} << 54) + keys_.size()).first->second;
    }
    const std::int64_t number = fields.Int(key);
    if (number < 0) fields.Fail(key, *value, "zero or more, or a text");
    return static_cast<std::uint64_t>(number);
  }

  void ReadSpan(Fields& fields, Run* run) {
    Span span;
    span.trace = Key(fields, "trace", kNoTrace);
    span.id = Key(fields, "id", 0);
    span.parent = Key(fields, "parent", 0);
    span.where = Name(run, fields.Text("where", false));
    span.kind = fields.KindOf("kind");
    span.due = fields.Int("due", kUnset);
    span.begin = fields.Int("begin");
    span.end = fields.Int("end");
    span.items = fields.Int("items", kUnset);
    span.bytes_in = fields.Int("bytes_in", kUnset);
    span.bytes_out = fields.Int("bytes_out", kUnset);
    span.ops = fields.Int("ops", kUnset);
    span.cpu_ns = fields.Int("cpu_ns", kUnset);
    span.thread = Name(run, fields.Text("thread", true));
    span.note = Name(run, fields.Text("note", true));
    if (span.end < span.begin) {
      fields.Note(absl::StrCat("\"end\" is ", span.end, ", before \"begin\" at ", span.begin));
    }
    run->spans.push_back(span);
  }

  void ReadSummary(Fields& fields, Run* run) {
    Summary summary;
    summary.where = fields.Text("where", true);
    summary.kind = fields.KindOf("kind");
    summary.count = fields.Int("count");
    summary.min = fields.Int("min");
    summary.max = fields.Int("max");
    summary.sum = fields.Int("sum");
    summary.bounds = fields.Ints("bounds");
    summary.counts = fields.Ints("counts");
    const std::size_t bounds = summary.bounds.size(), counts = summary.counts.size();
    if (counts != bounds && counts != bounds + 1) {
      fields.Note(absl::StrCat(counts, " counts for ", bounds,
                               " bounds, expected as many or one "
                               "more"));
    }
    for (std::size_t i = 1; i < bounds; ++i) {
      if (summary.bounds[i] <= summary.bounds[i - 1]) fields.Note("\"bounds\" do not rise");
    }
    run->summaries.push_back(std::move(summary));
  }

  void ReadGraph(Fields& fields, Run* run) {
    StageGraph graph;
    graph.name = fields.Text("name", true);
    std::unordered_set<std::string> known;
    for (const Json& item : List(fields, "nodes")) {
      Fields node(item);
      StageGraph::Node& added = graph.nodes.emplace_back();
      added.id = node.Text("id", false);
      added.label = node.Text("label", true);
      const std::int64_t replicas = node.Int("replicas", 1);
      added.replicas = static_cast<int>(std::min<std::int64_t>(replicas, kMaxReplicas));
      if (node.Find("kind", true) != nullptr) added.kind = node.KindOf("kind");
      if (replicas < 1) node.Note(absl::StrCat("node '", added.id, "' has no replica"));
      if (replicas > kMaxReplicas) {
        node.Note(absl::StrCat("node '", added.id, "' has ", replicas, " replicas, at most ",
                               kMaxReplicas, " are known"));
      }
      if (!known.insert(added.id).second) {
        node.Note(absl::StrCat("two nodes have the id '", added.id, "'"));
      }
      if (!node.status().ok()) fields.Note(std::string(node.status().message()));
    }
    for (const Json& item : List(fields, "edges")) {
      Fields edge(item);
      graph.edges.push_back(
          {edge.Text("from", false), edge.Text("to", false), edge.Int("capacity", 0)});
      for (const std::string& end : {graph.edges.back().from, graph.edges.back().to}) {
        if (!known.contains(end)) {
          edge.Note(absl::StrCat("an edge names the node '", end, "', which is not there"));
        }
      }
      if (!edge.status().ok()) fields.Note(std::string(edge.status().message()));
    }
    run->graph = std::move(graph);
  }

  const Json& List(Fields& fields, const char* key) {
    static const Json kEmpty = Json::array();
    const Json* list = fields.Find(key, false);
    if (list == nullptr) return kEmpty;
    for (const Json& item : *list) {
      if (!list->is_array() || !item.is_object()) {
        fields.Fail(key, *list, "a list of objects");
        return kEmpty;
      }
    }
    return *list;
  }

  void ReadQuality(Fields& fields, Run* run) {
    Quality quality;
    quality.what = fields.Text("what", false);
    quality.value = fields.Number("value");
    if (fields.Find("target", true) != nullptr) quality.target = fields.Number("target");
    const std::string better = fields.Text("better", true);
    if (!better.empty() && better != "higher" && better != "lower") {
      fields.Note(absl::StrCat("\"better\" is \"", better, "\", expected higher or lower"));
    }
    quality.higher_is_better = better != "lower";
    quality.count = fields.Int("count", 0);
    run->quality.push_back(std::move(quality));
  }

  NameId Name(Run* run, const std::string& text) { return run->names.Intern(text); }

  std::vector<Run> runs_;
  std::unordered_map<std::string, std::uint64_t> keys_;
};

}  // namespace

StatusOr<std::vector<Run>> ReadRuns(std::string_view text, const std::string& name) {
  RunReader reader;
  std::int64_t number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const Status status = reader.ReadLine(line);
    if (!status.ok()) return Annotate(status, absl::StrCat(name, ":", number));
  }
  std::vector<Run> runs = reader.TakeRuns();
  if (runs.empty()) {
    return InvalidArgument(name, ": no run in it; expected a header line {\"plumb_run\":1,...}");
  }
  return runs;
}

StatusOr<std::vector<Run>> ReadRunFile(const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return ReadRuns(text, path);
}

}  // namespace plumb::measure
