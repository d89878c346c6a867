#include "measure/trace_file.h"

#include <set>

#include "core/file_io.h"
#include "measure/json_text.h"

namespace plumb::measure {
namespace {

constexpr int kProcess = 1;

double Micros(std::int64_t ns) { return static_cast<double>(ns) / 1e3; }

class TraceWriter {
 public:
  explicit TraceWriter(const Run& run) : run_(run) {}

  std::string Make() {
    text_ = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n";
    NameProcess();
    std::set<NameId> threads;
    for (const Span& span : run_.spans) threads.insert(span.thread);
    for (NameId thread : threads) NameThread(thread);
    for (const Span& span : run_.spans) {
      span.kind == Kind::kWait ? AddWait(span) : AddSlice(span);
    }
    for (const Sample& sample : run_.samples) AddSample(sample);
    for (const Event& event : run_.events) AddEvent(event);
    text_ += "\n]}\n";
    return std::move(text_);
  }

 private:
  // Begins an event; the caller finishes the object.
  JsonObject Begin(std::string_view phase, std::string_view name) {
    if (!first_) text_ += ",\n";
    first_ = false;
    JsonObject object(&text_);
    object.Text("ph", phase).Text("name", name).Int("pid", kProcess);
    return object;
  }

  void NameProcess() {
    std::string name;
    JsonObject(&name).Text("name", run_.header.id).Finish();
    Begin("M", "process_name").Raw("args", name).Finish();
  }

  void NameThread(NameId thread) {
    std::string name;
    JsonObject(&name).Text("name", thread == 0 ? "thread" : run_.names.Text(thread)).Finish();
    Begin("M", "thread_name").Int("tid", thread).Raw("args", name).Finish();
  }

  std::string Arguments(const Span& span) const {
    std::string text;
    JsonObject object(&text);
    const auto optional = [&](const char* key, std::int64_t value) {
      if (value != kUnset) object.Int(key, value);
    };
    if (span.trace != kNoTrace) object.Int("trace", static_cast<std::int64_t>(span.trace));
    optional("items", span.items);
    optional("bytes_in", span.bytes_in);
    optional("bytes_out", span.bytes_out);
    optional("ops", span.ops);
    optional("cpu_ns", span.cpu_ns);
    if (span.note != 0) object.Text("note", run_.names.Text(span.note));
    object.Finish();
    return text;
  }

  void AddSlice(const Span& span) {
    Begin("X", run_.names.Text(span.where))
        .Text("cat", KindName(span.kind))
        .Int("tid", span.thread)
        .Number("ts", Micros(span.begin))
        .Number("dur", Micros(span.end - span.begin))
        .Raw("args", Arguments(span))
        .Finish();
  }

  void AddWait(const Span& span) {
    const std::string name = "wait for " + run_.names.Text(span.where);
    const std::int64_t id = ++next_wait_;
    Begin("b", name)
        .Text("cat", "wait")
        .Int("id", id)
        .Int("tid", span.thread)
        .Number("ts", Micros(span.begin))
        .Raw("args", Arguments(span))
        .Finish();
    Begin("e", name)
        .Text("cat", "wait")
        .Int("id", id)
        .Int("tid", span.thread)
        .Number("ts", Micros(span.end))
        .Finish();
  }

  void AddSample(const Sample& sample) {
    std::string name = run_.names.Text(sample.what);
    if (sample.where != 0) name += " " + run_.names.Text(sample.where);
    std::string value;
    JsonObject(&value)
        .Number(sample.unit == 0 ? "value" : run_.names.Text(sample.unit), sample.value)
        .Finish();
    Begin("C", name).Number("ts", Micros(sample.at)).Raw("args", value).Finish();
  }

  void AddEvent(const Event& event) {
    std::string why;
    JsonObject(&why).Text("why", event.why).Finish();
    Begin("i", event.where + ": " + event.what)
        .Text("s", "p")
        .Number("ts", Micros(event.at))
        .Raw("args", why)
        .Finish();
  }

  const Run& run_;
  std::string text_;
  bool first_ = true;
  std::int64_t next_wait_ = 0;
};

}  // namespace

std::string RunToTrace(const Run& run) { return TraceWriter(run).Make(); }

Status WriteTraceFile(const std::string& path, const Run& run) {
  return WriteFileAtomically(path, RunToTrace(run));
}

}  // namespace plumb::measure
