#include <unordered_set>

#include "core/file_io.h"
#include "measure/json_text.h"
#include "measure/run_file.h"

namespace plumb::measure {
namespace {

using Settings = std::vector<std::pair<std::string, Setting>>;

std::string SettingsText(const Settings& settings) {
  std::string text;
  JsonObject object(&text);
  for (const auto& [key, value] : settings) {
    if (const double* number = std::get_if<double>(&value)) {
      object.Number(key, *number);
    } else if (const bool* flag = std::get_if<bool>(&value)) {
      object.Bool(key, *flag);
    } else {
      object.Text(key, std::get<std::string>(value));
    }
  }
  object.Finish();
  return text;
}

// "[a,b]" of what write(item) appends.
template <typename Items, typename Write>
std::string ListText(const Items& items, Write write) {
  std::string text = "[";
  for (const auto& item : items) {
    if (text.size() > 1) text.push_back(',');
    write(item, &text);
  }
  text.push_back(']');
  return text;
}

void WriteHeader(const RunHeader& header, std::string* out) {
  const auto quoted = [](const std::string& word, std::string* text) {
    AppendJsonString(word, text);
  };
  JsonObject(out)
      .Int("plumb_run", kRunFormat)
      .Text("id", header.id)
      .Raw("command", ListText(header.command, quoted))
      .Text("started", header.started)
      .Text("commit", header.commit)
      .Raw("machine", SettingsText(header.machine))
      .Raw("limits", SettingsText(header.limits))
      .Raw("settings", SettingsText(header.settings))
      .Finish();
  out->push_back('\n');
}

void WriteGraph(const StageGraph& graph, std::string* out) {
  const std::string nodes = ListText(graph.nodes, [](const StageGraph::Node& node, std::string* t) {
    JsonObject object(t);
    object.Text("id", node.id);
    if (!node.label.empty()) object.Text("label", node.label);
    if (node.kind) object.Text("kind", KindName(*node.kind));
    object.Int("replicas", node.replicas).Finish();
  });
  const std::string edges = ListText(graph.edges, [](const StageGraph::Edge& edge, std::string* t) {
    JsonObject(t)
        .Text("from", edge.from)
        .Text("to", edge.to)
        .Int("capacity", edge.capacity)
        .Finish();
  });
  JsonObject(out)
      .Text("t", "graph")
      .Text("name", graph.name)
      .Raw("nodes", nodes)
      .Raw("edges", edges)
      .Finish();
  out->push_back('\n');
}

// A key that no JSON number carries exactly goes out as a text.
void WriteKey(JsonObject* object, std::string_view name, std::uint64_t key) {
  if (key < std::uint64_t{1} << 53) {
    object->Int(name, static_cast<std::int64_t>(key));
  } else {
    object->Text(name, absl::StrCat(key));
  }
}

void WriteSpan(const Span& span, const NameTable& names, std::string* out) {
  JsonObject object(out);
  object.Text("t", "span");
  if (span.trace != kNoTrace) WriteKey(&object, "trace", span.trace);
  if (span.id != 0) WriteKey(&object, "id", span.id);
  if (span.parent != 0) WriteKey(&object, "parent", span.parent);
  object.Text("where", names.Text(span.where)).Text("kind", KindName(span.kind));
  const auto optional = [&](const char* key, std::int64_t value) {
    if (value != kUnset) object.Int(key, value);
  };
  optional("due", span.due);
  object.Int("begin", span.begin).Int("end", span.end);
  optional("items", span.items);
  optional("bytes_in", span.bytes_in);
  optional("bytes_out", span.bytes_out);
  optional("ops", span.ops);
  optional("cpu_ns", span.cpu_ns);
  if (span.thread != 0) object.Text("thread", names.Text(span.thread));
  if (span.note != 0) object.Text("note", names.Text(span.note));
  object.Finish();
  out->push_back('\n');
}

void WriteSummary(const Summary& summary, std::string* out) {
  const auto number = [](std::int64_t value, std::string* text) {
    text->append(std::to_string(value));
  };
  JsonObject(out)
      .Text("t", "summary")
      .Text("where", summary.where)
      .Text("kind", KindName(summary.kind))
      .Int("count", summary.count)
      .Int("min", summary.min)
      .Int("max", summary.max)
      .Int("sum", summary.sum)
      .Raw("bounds", ListText(summary.bounds, number))
      .Raw("counts", ListText(summary.counts, number))
      .Finish();
  out->push_back('\n');
}

void WriteSample(const Sample& sample, const NameTable& names, std::string* out) {
  JsonObject object(out);
  object.Text("t", "sample").Int("at", sample.at).Text("what", names.Text(sample.what));
  if (sample.where != 0) object.Text("where", names.Text(sample.where));
  object.Number("value", sample.value).Text("unit", names.Text(sample.unit)).Finish();
  out->push_back('\n');
}

void WriteEvent(const Event& event, std::string* out) {
  JsonObject(out)
      .Text("t", "event")
      .Int("at", event.at)
      .Text("where", event.where)
      .Text("what", event.what)
      .Text("why", event.why)
      .Finish();
  out->push_back('\n');
}

void WriteQuality(const Quality& quality, std::string* out) {
  JsonObject object(out);
  object.Text("t", "quality").Text("what", quality.what).Number("value", quality.value);
  if (quality.target) object.Number("target", *quality.target);
  object.Text("better", quality.higher_is_better ? "higher" : "lower")
      .Int("count", quality.count)
      .Finish();
  out->push_back('\n');
}

}  // namespace

std::string RunToText(const Run& run) {
  std::string text;
  text.reserve(run.spans.size() * 150 + 4096);
  WriteHeader(run.header, &text);
  if (run.graph) WriteGraph(*run.graph, &text);
  for (const Quality& quality : run.quality) WriteQuality(quality, &text);
  for (const Event& event : run.events) WriteEvent(event, &text);
  for (const Span& span : run.spans) WriteSpan(span, run.names, &text);
  for (const Sample& sample : run.samples) WriteSample(sample, run.names, &text);
  std::unordered_set<std::string> stages;
  if (run.graph) {
    for (const StageGraph::Node& node : run.graph->nodes) stages.insert(node.id);
  }
  for (const Summary& summary : run.summaries) {
    if (!run.graph || stages.contains(summary.where)) WriteSummary(summary, &text);
  }
  return text;
}

Status WriteRunFile(const std::string& path, const Run& run) {
  return WriteFileAtomically(path, RunToText(run));
}

}  // namespace plumb::measure
