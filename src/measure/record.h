// The records that every component emits, and a run: a header and all records of one execution.
//
// Times are nanoseconds of the monotonic clock from the start of the run. Texts that repeat (where,
// thread, note) are numbers into the run's NameTable, so that emitting a span copies no text.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "core/status.h"

namespace plumb::measure {

// What a stretch of time was spent on.
enum class Kind : std::uint8_t {
  kAi,  // a network runs
  kPre,
  kPost,
  kSerialize,
  kIo,
  kTrain,
  kLoad,
  kOther,
  kWait,  // queue, lock, broker: never counted as work
};
inline constexpr int kKinds = 9;
inline constexpr int kWorkKinds = 8;  // all but kWait, which is the last

std::string_view KindName(Kind kind);             // "ai", "pre", ...
StatusOr<Kind> ParseKind(std::string_view name);  // the error lists the kinds

using NameId = std::uint32_t;  // 0 is the empty text
inline constexpr std::uint64_t kNoTrace = ~std::uint64_t{0};
inline constexpr std::int64_t kUnset = -1;

struct Span {
  std::uint64_t trace = kNoTrace;  // one request, frame or step through the whole application
  std::uint64_t id = 0;            // 0: none; below 2^53
  std::uint64_t parent = 0;        // 0: none
  std::int64_t due = kUnset;       // when it was scheduled to begin
  std::int64_t begin = 0, end = 0;
  std::int64_t items = kUnset, bytes_in = kUnset, bytes_out = kUnset, ops = kUnset;
  std::int64_t cpu_ns = kUnset;
  NameId where = 0, thread = 0, note = 0;
  Kind kind = Kind::kOther;
};

struct Sample {
  std::int64_t at = 0;
  NameId what = 0, where = 0, unit = 0;
  double value = 0;
};

struct Event {
  std::int64_t at = 0;
  std::string where, what, why;
};

// The distribution of self times of one (where, kind), kept when single spans are not.
struct Summary {
  std::string where;
  Kind kind = Kind::kOther;
  std::int64_t count = 0, min = 0, max = 0, sum = 0;
  std::vector<std::int64_t> bounds;  // upper ends of the buckets, rising
  std::vector<std::int64_t> counts;  // as many as bounds, or one more (open to the right)
};

// A pipeline as a graph of stages.
struct StageGraph {
  struct Node {
    std::string id, label;
    std::optional<Kind> kind;
    int replicas = 1;
  };
  struct Edge {
    std::string from, to;
    std::int64_t capacity = 0;
  };
  std::string name;
  std::vector<Node> nodes;
  std::vector<Edge> edges;
};

// A figure of merit that is no time: recall, precision, ...
struct Quality {
  std::string what;
  double value = 0;
  std::optional<double> target;
  bool higher_is_better = true;
  std::int64_t count = 0;
};

using Setting = std::variant<double, bool, std::string>;

struct RunHeader {
  std::string id;
  std::vector<std::string> command;
  std::string started;  // "2026-01-31T12:00:00.000Z"
  std::string commit;
  std::vector<std::pair<std::string, Setting>> machine;   // processor, cores, isa, memory_gb, ...
  std::vector<std::pair<std::string, Setting>> limits;    // measured ceilings, where known
  std::vector<std::pair<std::string, Setting>> settings;  // threads, precision, source_fps, ...

  // The number of that name in `settings` or `machine`; nothing when absent or no number.
  std::optional<double> MachineNumber(std::string_view name) const;
  std::optional<double> SettingNumber(std::string_view name) const;
};

// Texts by number. Not synchronised.
class NameTable {
 public:
  NameTable();
  NameId Intern(std::string_view text);
  const std::string& Text(NameId id) const { return texts_[id]; }
  std::size_t size() const { return texts_.size(); }

 private:
  std::deque<std::string> texts_;  // elements keep their address: the keys below point at them
  std::unordered_map<std::string_view, NameId> ids_;
};

struct Run {
  RunHeader header;
  NameTable names;
  std::vector<Span> spans;
  std::vector<Sample> samples;
  std::vector<Event> events;
  std::vector<Summary> summaries;
  std::optional<StageGraph> graph;
  std::vector<Quality> quality;

  Run() = default;
  Run(const Run&) = delete;  // a copied table would point at the texts of the first
  Run& operator=(const Run&) = delete;
  Run(Run&&) = default;
  Run& operator=(Run&&) = default;
};

// A header for a run that starts at this moment on this machine; `commit` is that of the program.
RunHeader MakeRunHeader(std::string_view id, const std::vector<std::string>& command,
                        std::string_view isa, std::string_view commit);

}  // namespace plumb::measure
