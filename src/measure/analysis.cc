#include "measure/analysis.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <unordered_set>

#include "measure/self_time.h"

namespace plumb::measure {
namespace {

class Analyst {
 public:
  explicit Analyst(const Run& run) : run_(run), tree_(LinkSpans(run)) {}

  Analysis Make() {
    CollectFrames();
    CollectExtent();
    CollectStages();
    for (const StageFigures& stage : result_.stages) {
      for (std::size_t k = 0; k < stage.self.size(); ++k) result_.kinds[k] += stage.self[k];
      if (stage.cpu_ns != kUnset) {
        result_.cpu_ns = std::max<std::int64_t>(result_.cpu_ns, 0) + stage.cpu_ns;
      }
    }
    const std::int64_t work = WorkOf(result_.kinds);
    if (work > 0) {
      result_.ai_share =
          static_cast<double>(TimeOf(result_.kinds, Kind::kAi)) / static_cast<double>(work);
    }
    result_.cores = run_.header.MachineNumber("cores");
    const std::int64_t wall = result_.end - result_.begin;
    if (result_.cpu_ns != kUnset && result_.cores && *result_.cores > 0 && wall > 0) {
      result_.cpu_utilisation =
          static_cast<double>(result_.cpu_ns) / (*result_.cores * static_cast<double>(wall));
    }
    return std::move(result_);
  }

 private:
  // Names of stages that no edge leaves and that have spans; empty without a graph.
  std::unordered_set<NameId> LastStages() const {
    std::unordered_set<NameId> last;
    if (!run_.graph) return last;
    std::unordered_set<std::string_view> left, ids;
    for (const StageGraph::Edge& edge : run_.graph->edges) left.insert(edge.from);
    for (const StageGraph::Node& node : run_.graph->nodes) {
      if (!left.contains(node.id)) ids.insert(node.id);
    }
    for (const SpanPlace& place : tree_.places) {
      if (ids.contains(run_.names.Text(place.stage))) last.insert(place.stage);
    }
    return last;
  }

  void CollectFrames() {
    const std::unordered_set<NameId> last = LastStages();
    std::unordered_map<std::uint64_t, std::vector<std::size_t>> traces;
    for (std::size_t i = 0; i < run_.spans.size(); ++i) {
      if (run_.spans[i].trace != kNoTrace) traces[run_.spans[i].trace].push_back(i);
    }
    for (const auto& [trace, members] : traces) {
      const bool complete =
          last.empty() || std::any_of(members.begin(), members.end(), [&](std::size_t i) {
            return last.contains(tree_.places[i].stage);
          });
      if (!complete) {
        ++result_.unfinished;
        continue;
      }
      result_.frames.push_back(MeasureFrame(trace, members));
    }
    std::sort(result_.frames.begin(), result_.frames.end(),
              [](const FrameTimes& a, const FrameTimes& b) {
                return a.due != b.due ? a.due < b.due : a.trace < b.trace;
              });
    for (const FrameTimes& frame : result_.frames) result_.latencies.push_back(frame.latency());
    std::sort(result_.latencies.begin(), result_.latencies.end());
  }

  FrameTimes MeasureFrame(std::uint64_t trace, const std::vector<std::size_t>& members) const {
    FrameTimes frame;
    frame.trace = trace;
    frame.due = std::numeric_limits<std::int64_t>::max();
    frame.end = std::numeric_limits<std::int64_t>::min();
    std::vector<Interval> ai, busy;
    for (std::size_t i : members) {
      const Span& span = run_.spans[i];
      frame.due = std::min(frame.due, span.due != kUnset ? span.due : span.begin);
      frame.end = std::max(frame.end, span.end);
      if (span.kind == Kind::kWait) continue;
      for (const Interval& part : tree_.SelfOf(tree_.places[i])) {
        busy.push_back(part);
        if (span.kind == Kind::kAi) ai.push_back(part);
      }
    }
    frame.ai = UnionLength(&ai);
    frame.busy = UnionLength(&busy);
    return frame;
  }

  void CollectExtent() {
    std::int64_t begin = std::numeric_limits<std::int64_t>::max();
    std::int64_t end = std::numeric_limits<std::int64_t>::min();
    for (const Span& span : run_.spans) {
      if (span.trace == kNoTrace && !result_.frames.empty()) continue;
      begin = std::min(begin, span.begin);
      end = std::max(end, span.end);
    }
    if (end < begin) return;
    result_.begin = begin;
    result_.end = end;
  }

  void CollectStages() {
    std::unordered_map<std::string, std::size_t> index;
    std::vector<std::vector<std::int64_t>> service;
    const auto stage_of = [&](const std::string& id) {
      const auto [at, is_new] = index.emplace(id, result_.stages.size());
      if (is_new) {
        result_.stages.emplace_back().id = id;
        service.emplace_back();
      }
      return at->second;
    };
    if (run_.graph) {
      for (const StageGraph::Node& node : run_.graph->nodes) {
        result_.stages[stage_of(node.id)].replicas = node.replicas;
      }
    }
    for (std::size_t i = 0; i < run_.spans.size(); ++i) {
      const Span& span = run_.spans[i];
      const SpanPlace& place = tree_.places[i];
      const std::size_t at = stage_of(run_.names.Text(place.stage));
      StageFigures& stage = result_.stages[at];
      stage.self[static_cast<std::size_t>(span.kind)] += place.self_ns;
      // Loading is done once, before the first frame: time, but no piece of the stage's work.
      if (!place.outermost || span.kind == Kind::kWait || span.kind == Kind::kLoad) continue;
      ++stage.spans;
      stage.items += span.items == kUnset ? 1 : span.items;
      service[at].push_back(std::max<std::int64_t>(0, span.end - span.begin - place.wait_ns));
      if (place.cpu_ns != kUnset) {
        stage.cpu_ns = std::max<std::int64_t>(stage.cpu_ns, 0) + place.cpu_ns;
      }
    }
    for (std::size_t s = 0; s < service.size(); ++s) {
      FinishStage(&service[s], &result_.stages[s]);
    }
  }

  void FinishStage(std::vector<std::int64_t>* service, StageFigures* stage) const {
    std::sort(service->begin(), service->end());
    for (std::int64_t ns : *service) stage->service_ns += ns;
    stage->p50 = PercentileOf(*service, 0.5);
    stage->p90 = PercentileOf(*service, 0.9);
    stage->p99 = PercentileOf(*service, 0.99);
    UseSummaries(stage);
    const std::int64_t wall = result_.end - result_.begin;
    if (wall > 0) {
      stage->busy = static_cast<double>(stage->service_ns) /
                    (static_cast<double>(stage->replicas) * static_cast<double>(wall));
    }
  }

  // Summaries stand for spans that were not kept: they give totals where they count more spans than
  // are there.
  void UseSummaries(StageFigures* stage) const {
    const std::int64_t kept = stage->spans;
    for (const Summary& summary : run_.summaries) {
      if (summary.where != stage->id || summary.count == 0 || summary.kind == Kind::kLoad) continue;
      std::int64_t& self = stage->self[static_cast<std::size_t>(summary.kind)];
      if (summary.kind == Kind::kWait) {
        self = std::max(self, summary.sum);
      } else if (summary.count > kept) {
        self = std::max(self, summary.sum);
        stage->spans = std::max(stage->spans, summary.count);
        stage->items = std::max(stage->items, summary.count);
        stage->service_ns = std::max(stage->service_ns, summary.sum);
      }
    }
  }

  const Run& run_;
  const SpanTree tree_;
  Analysis result_;
};

// Frames per second that the stages and the processor allow with AI `factor` times faster.
double ThroughputBound(const Analysis& analysis, double factor) {
  const double saving = 1 - 1 / factor;
  const double frames = static_cast<double>(analysis.frames.size());
  double bound = std::numeric_limits<double>::infinity(), cpu = 0;
  for (const StageFigures& stage : analysis.stages) {
    const std::int64_t work = WorkOf(stage.self) - TimeOf(stage.self, Kind::kLoad);
    const double ai =
        work == 0 ? 0
                  : static_cast<double>(TimeOf(stage.self, Kind::kAi)) / static_cast<double>(work);
    const double left = 1 - ai * saving;
    if (stage.cpu_ns != kUnset) cpu += static_cast<double>(stage.cpu_ns) * left;
    const double busy = static_cast<double>(stage.service_ns) * left;
    if (busy > 0) bound = std::min(bound, stage.replicas * frames / (busy / 1e9));
  }
  if (cpu > 0 && analysis.cores) bound = std::min(bound, *analysis.cores * frames / (cpu / 1e9));
  return bound;
}

}  // namespace

std::int64_t WorkOf(const KindTimes& times) {
  std::int64_t sum = 0;
  for (int k = 0; k < kWorkKinds; ++k) sum += times[static_cast<std::size_t>(k)];
  return sum;
}

Analysis Analyse(const Run& run) { return Analyst(run).Make(); }

std::vector<Speedup> Speedups(const Analysis& analysis, const std::vector<double>& factors) {
  double ai = 0, latency = 0, work = 0;
  for (const FrameTimes& frame : analysis.frames) {
    ai += static_cast<double>(frame.ai);
    latency += static_cast<double>(frame.latency());
    work += static_cast<double>(frame.busy);
  }
  std::vector<Speedup> speedups;
  if (ai <= 0) return speedups;
  const double bound = ThroughputBound(analysis, 1);
  for (double factor : factors) {
    const double saved = ai * (1 - 1 / factor);
    speedups.push_back({factor, latency / (latency - saved), work / (work - saved),
                        ThroughputBound(analysis, factor) / bound});
  }
  return speedups;
}

}  // namespace plumb::measure
