#include "measure/stage_table.h"

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <limits>

#include "absl/strings/str_cat.h"
#include "measure/json_text.h"

namespace plumb::measure {
namespace {

constexpr double kNanosPerMilli = 1e6;

double Millis(std::int64_t ns) { return static_cast<double>(ns) / kNanosPerMilli; }

__attribute__((format(printf, 1, 2))) std::string Print(const char* format, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof(text), format, arguments);
  va_end(arguments);
  return text;
}

// Three significant digits without an exponent, as people read times: "0.0125", "3.14", "812".
std::string Three(double value) {
  if (value == 0) return "0";
  const int digits = 2 - static_cast<int>(std::floor(std::log10(std::abs(value)) + 1e-9));
  return Print("%.*f", std::clamp(digits, 0, 5), value);
}

std::string MillisOf(const std::optional<Percentile>& percentile) {
  return percentile ? Three(Millis(percentile->value)) : "-";
}

using TextTable = std::vector<std::vector<std::string>>;

// The first column to the left, numbers to the right, two blanks between.
std::string Align(const TextTable& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t c = 0; c < row.size(); ++c) {
      const std::string blanks(widths[c] - row[c].size(), ' ');
      text += c == 0 ? row[c] + blanks : "  " + blanks + row[c];
    }
    while (!text.empty() && text.back() == ' ') text.pop_back();
    text += '\n';
  }
  return text;
}

std::string StageRows(const Analysis& analysis) {
  std::vector<Kind> shown;
  for (int k = 0; k < kWorkKinds; ++k) {
    if (analysis.kinds[static_cast<std::size_t>(k)] > 0) shown.push_back(static_cast<Kind>(k));
  }
  TextTable rows(1, {"stage", "items"});
  for (Kind kind : shown) rows[0].push_back(Str(KindName(kind)) + " ms");
  for (const char* head : {"wait ms", "p50 ms", "p90 ms", "p99 ms", "busy"}) {
    rows[0].push_back(head);
  }
  const auto add_times = [&](const KindTimes& times, std::vector<std::string>* row) {
    for (Kind kind : shown) {
      row->push_back(TimeOf(times, kind) == 0 ? "" : Three(Millis(TimeOf(times, kind))));
    }
    row->push_back(Three(Millis(TimeOf(times, Kind::kWait))));
  };
  for (const StageFigures& stage : analysis.stages) {
    std::vector<std::string> row = {stage.id, std::to_string(stage.items)};
    if (stage.replicas > 1) row[0] += Print(" x%d", stage.replicas);
    add_times(stage.self, &row);
    for (const auto* p : {&stage.p50, &stage.p90, &stage.p99}) row.push_back(MillisOf(*p));
    row.push_back(Print("%.0f %%", 100 * stage.busy));
    rows.push_back(std::move(row));
  }
  std::vector<std::string> total = {"all", std::to_string(analysis.frames.size())};
  add_times(analysis.kinds, &total);
  rows.push_back(std::move(total));
  return Align(rows);
}

std::string Interval(const Percentile& p) {
  const auto side = [](const std::optional<std::int64_t>& ns) {
    return ns ? Three(Millis(*ns)) : std::string("?");
  };
  return absl::StrCat("[", side(p.low), ", ", side(p.high), "]");
}

std::string LatencyLine(const Analysis& analysis) {
  std::string text = "latency ms:";
  for (const auto& [name, p] : {std::pair("p50", 0.5), {"p90", 0.9}, {"p99", 0.99}}) {
    const auto value = PercentileOf(analysis.latencies, p);
    if (value)
      text += Print(" %s %s", name, MillisOf(value).c_str()) + " " + Interval(*value) + ",";
  }
  if (!analysis.latencies.empty()) {
    text += Print(" max %s", Three(Millis(analysis.latencies.back())).c_str());
  }
  return text + Print(" (%zu frames, 95 %% intervals)\n", analysis.latencies.size());
}

std::string FactorName(double factor) {
  return std::isinf(factor) ? "infinite" : Print("%g", factor);
}

std::string SpeedupRows(const Analysis& analysis) {
  TextTable rows = {{"AI times faster"},
                    {"latency, waiting as it is"},
                    {"latency, own work alone"},
                    {"throughput bound"}};
  for (const Speedup& s : Speedups(analysis, AiFactors())) {
    rows[0].push_back(FactorName(s.factor));
    rows[1].push_back(Three(s.latency));
    rows[2].push_back(Three(s.work));
    rows[3].push_back(Three(s.throughput));
  }
  return rows[0].size() > 1 ? Align(rows) : "no network ran: nothing to speed up\n";
}

std::int64_t AiTax(const Analysis& analysis) {
  return WorkOf(analysis.kinds) - TimeOf(analysis.kinds, Kind::kAi);
}

double PerFrameMillis(const Analysis& analysis, std::int64_t ns) {
  return analysis.frames.empty() ? 0 : Millis(ns) / static_cast<double>(analysis.frames.size());
}

}  // namespace

std::vector<double> AiFactors() { return {2, 4, 8, 16, std::numeric_limits<double>::infinity()}; }

std::string AnalysisTable(const Analysis& analysis) {
  std::string text = StageRows(analysis) + "\n" + LatencyLine(analysis);
  text += Print("throughput: %s frames/s over %s s", Three(analysis.frames_per_second()).c_str(),
                Three(analysis.seconds()).c_str());
  if (analysis.unfinished > 0) {
    text += Print(", %lld frames not finished", static_cast<long long>(analysis.unfinished));
  }
  text += "\n";
  if (analysis.ai_share) {
    text += Print("AI share: %.1f %% of the work, AI tax: %.1f %% (%s ms a frame)\n",
                  100 * *analysis.ai_share, 100 * (1 - *analysis.ai_share),
                  Three(PerFrameMillis(analysis, AiTax(analysis))).c_str());
  }
  if (analysis.cpu_utilisation) {
    text += Print("processor: %.1f %% of %.0f cores at work\n", 100 * *analysis.cpu_utilisation,
                  *analysis.cores);
  }
  return text + "\n" + SpeedupRows(analysis);
}

std::string AnalysisJson(const Analysis& analysis) {
  std::string text;
  for (const StageFigures& stage : analysis.stages) {
    JsonObject object(&text);
    object.Text("stage", stage.id).Int("replicas", stage.replicas).Int("items", stage.items);
    for (int k = 0; k < kKinds; ++k) {
      object.Number(Str(KindName(static_cast<Kind>(k))) + "_ms",
                    Millis(stage.self[static_cast<std::size_t>(k)]));
    }
    if (stage.p50) object.Number("p50_ms", Millis(stage.p50->value));
    if (stage.p90) object.Number("p90_ms", Millis(stage.p90->value));
    if (stage.p99) object.Number("p99_ms", Millis(stage.p99->value));
    object.Number("busy", stage.busy).Finish();
    text += "\n";
  }
  JsonObject object(&text);
  object.Text("run", "all").Int("frames", static_cast<std::int64_t>(analysis.frames.size()));
  object.Int("unfinished", analysis.unfinished).Number("seconds", analysis.seconds());
  object.Number("frames_per_second", analysis.frames_per_second());
  for (const auto& [name, p] : {std::pair("p50", 0.5), {"p90", 0.9}, {"p99", 0.99}}) {
    const auto value = PercentileOf(analysis.latencies, p);
    if (!value) continue;
    const std::string key = Print("latency_%s_ms", name);
    object.Number(key, Millis(value->value));
    if (value->low) object.Number(key + "_low", Millis(*value->low));
    if (value->high) object.Number(key + "_high", Millis(*value->high));
  }
  if (analysis.ai_share) {
    object.Number("ai_share", *analysis.ai_share);
    object.Number("ai_tax_ms_per_frame", PerFrameMillis(analysis, AiTax(analysis)));
  }
  if (analysis.cpu_utilisation) object.Number("cpu_utilisation", *analysis.cpu_utilisation);
  object.Finish();
  text += "\n";
  for (const Speedup& s : Speedups(analysis, AiFactors())) {
    JsonObject row(&text);
    if (std::isinf(s.factor)) {
      row.Text("ai_factor", "infinite");
    } else {
      row.Number("ai_factor", s.factor);
    }
    row.Number("latency", s.latency).Number("work", s.work).Number("throughput", s.throughput);
    row.Finish();
    text += "\n";
  }
  return text;
}

}  // namespace plumb::measure
