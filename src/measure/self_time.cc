#include "measure/self_time.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace plumb::measure {
namespace {

constexpr int kMaxDepth = 64;
constexpr std::int32_t kAmbiguous = -2;

struct TraceAndId {
  std::uint64_t trace, id;
  bool operator==(const TraceAndId&) const = default;
};
struct TraceAndIdHash {
  std::size_t operator()(const TraceAndId& key) const {
    return static_cast<std::size_t>((key.trace * 0x9E3779B97F4A7C15u) ^ key.id);
  }
};

class ParentFinder {
 public:
  explicit ParentFinder(const std::vector<Span>& spans) {
    for (std::size_t i = 0; i < spans.size(); ++i) {
      if (spans[i].id == 0) continue;
      const std::int32_t index = static_cast<std::int32_t>(i);
      in_trace_[{spans[i].trace, spans[i].id}] = index;
      const auto [at, is_new] = unique_.emplace(spans[i].id, index);
      if (!is_new) at->second = kAmbiguous;
    }
  }

  std::int32_t ParentOf(const Span& span) const {
    if (span.parent == 0) return -1;
    const auto near = in_trace_.find({span.trace, span.parent});
    if (near != in_trace_.end()) return near->second;
    const auto far = unique_.find(span.parent);
    return far == unique_.end() || far->second == kAmbiguous ? -1 : far->second;
  }

 private:
  std::unordered_map<TraceAndId, std::int32_t, TraceAndIdHash> in_trace_;
  std::unordered_map<std::uint64_t, std::int32_t> unique_;
};

class TreeMaker {
 public:
  explicit TreeMaker(const Run& run) : spans_(run.spans) {
    tree_.places.resize(spans_.size());
    children_.resize(spans_.size());
    if (run.graph) {
      std::unordered_set<std::string_view> ids;
      for (const StageGraph::Node& node : run.graph->nodes) ids.insert(node.id);
      for (NameId name = 0; name < run.names.size(); ++name) {
        if (ids.contains(run.names.Text(name))) stages_.insert(name);
      }
      has_graph_ = true;
    }
  }

  SpanTree Make() {
    const ParentFinder finder(spans_);
    std::vector<std::int32_t> order;  // parents first
    for (std::size_t i = 0; i < spans_.size(); ++i) {
      const std::int32_t self = static_cast<std::int32_t>(i), parent = finder.ParentOf(spans_[i]);
      if (parent < 0 || LeadsTo(parent, self)) {
        order.push_back(self);
        continue;
      }
      tree_.places[i].parent = parent;
      children_[static_cast<std::size_t>(parent)].push_back(self);
    }
    for (std::size_t i = 0; i < order.size(); ++i) {
      Place(order[i]);
      for (std::int32_t child : children_[static_cast<std::size_t>(order[i])]) {
        order.push_back(child);
      }
    }
    for (std::size_t i = order.size(); i > 0; --i) Measure(order[i - 1]);
    return std::move(tree_);
  }

 private:
  SpanPlace& place(std::int32_t i) { return tree_.places[static_cast<std::size_t>(i)]; }
  const Span& span(std::int32_t i) const { return spans_[static_cast<std::size_t>(i)]; }

  // True when a chain of parents from `start` reaches `target` or is absurdly long.
  bool LeadsTo(std::int32_t start, std::int32_t target) {
    int depth = 0;
    for (std::int32_t at = start; at >= 0; at = place(at).parent) {
      if (at == target || ++depth > kMaxDepth) return true;
    }
    return false;
  }

  void Place(std::int32_t i) {
    SpanPlace& here = place(i);
    here.stage = span(i).where;
    if (here.parent < 0) return;
    const bool named = !has_graph_ || stages_.contains(here.stage);
    const NameId above = place(here.parent).stage;
    if (!named && stages_.contains(above)) here.stage = above;
    for (std::int32_t at = here.parent; at >= 0; at = place(at).parent) {
      if (place(at).stage == here.stage) here.outermost = false;
    }
  }

  void Measure(std::int32_t i) {
    SpanPlace& here = place(i);
    std::vector<Interval> below;
    std::int64_t cpu_below = kUnset, cpu_waiting = 0;
    for (std::int32_t child : children_[static_cast<std::size_t>(i)]) {
      below.push_back({span(child).begin, span(child).end});
      here.wait_ns += place(child).wait_ns;
      if (place(child).cpu_ns != kUnset) {
        cpu_below = std::max<std::int64_t>(cpu_below, 0) + place(child).cpu_ns;
      }
      if (span(child).kind == Kind::kWait) {
        cpu_waiting += std::max<std::int64_t>(span(child).cpu_ns, 0);
      }
    }
    here.first_self = static_cast<std::int32_t>(tree_.self.size());
    AppendUncovered({span(i).begin, span(i).end}, std::move(below), &tree_.self);
    here.last_self = static_cast<std::int32_t>(tree_.self.size());
    for (const Interval& part : tree_.SelfOf(here)) here.self_ns += part.end - part.begin;
    if (span(i).kind == Kind::kWait) {
      here.wait_ns += here.self_ns;
      here.cpu_ns = cpu_below;
    } else if (span(i).cpu_ns == kUnset) {
      here.cpu_ns = cpu_below;
    } else {
      here.cpu_ns = std::max<std::int64_t>(0, span(i).cpu_ns - cpu_waiting);
    }
  }

  const std::vector<Span>& spans_;
  SpanTree tree_;
  std::vector<std::vector<std::int32_t>> children_;
  std::unordered_set<NameId> stages_;
  bool has_graph_ = false;
};

}  // namespace

void AppendUncovered(Interval whole, std::vector<Interval> children, std::vector<Interval>* parts) {
  std::sort(children.begin(), children.end(),
            [](const Interval& a, const Interval& b) { return a.begin < b.begin; });
  std::int64_t reached = whole.begin;
  for (const Interval& child : children) {
    const std::int64_t until = std::min(child.begin, whole.end);
    if (until > reached) parts->push_back({reached, until});
    reached = std::max(reached, child.end);
    if (reached >= whole.end) return;
  }
  if (reached < whole.end) parts->push_back({reached, whole.end});
}

std::int64_t UnionLength(std::vector<Interval>* intervals) {
  std::sort(intervals->begin(), intervals->end(),
            [](const Interval& a, const Interval& b) { return a.begin < b.begin; });
  std::int64_t length = 0;
  std::int64_t reached = intervals->empty() ? 0 : intervals->front().begin;
  for (const Interval& interval : *intervals) {
    if (interval.end <= reached) continue;
    length += interval.end - std::max(interval.begin, reached);
    reached = interval.end;
  }
  return length;
}

SpanTree LinkSpans(const Run& run) { return TreeMaker(run).Make(); }

}  // namespace plumb::measure
