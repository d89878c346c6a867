// Turns the records of a run into the figures of a report: stages, frames, shares, throughput, and
// what a faster AI part would bring. The page in web/ computes the same from the same records.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "measure/quantile.h"
#include "measure/record.h"

namespace plumb::measure {

using KindTimes = std::array<std::int64_t, kKinds>;  // nanoseconds by Kind

std::int64_t WorkOf(const KindTimes& times);  // the sum over all kinds but wait
inline std::int64_t TimeOf(const KindTimes& times, Kind kind) {
  return times[static_cast<std::size_t>(kind)];
}

// One request, frame or step through the whole application. Nanoseconds.
struct FrameTimes {
  std::uint64_t trace = 0;
  std::int64_t due = 0, end = 0;
  std::int64_t ai = 0;    // time in which at least one span of it ran a network
  std::int64_t busy = 0;  // time in which at least one span of it worked; the rest is waiting
  std::int64_t latency() const { return end - due; }
};

struct StageFigures {
  std::string id;
  int replicas = 1;
  std::int64_t items = 0;
  std::int64_t spans = 0;  // outermost ones: pieces of work
  KindTimes self{};
  std::optional<Percentile> p50, p90, p99;  // wall time of a piece of work less the waiting in it
  std::int64_t service_ns = 0;              // sum of those
  std::int64_t cpu_ns = kUnset;
  double busy = 0;  // share of the time in which a replica was at work
};

struct Analysis {
  std::vector<FrameTimes> frames;       // complete ones, in order of due time
  std::int64_t unfinished = 0;          // traces without a span in a last stage
  std::vector<std::int64_t> latencies;  // rising
  std::int64_t begin = 0, end = 0;      // of all spans of traces
  std::vector<StageFigures> stages;     // in the graph's order, then as they appear
  KindTimes kinds{};
  std::optional<double> ai_share;         // of all work
  std::optional<double> cpu_utilisation;  // CPU time but for waiting, over cores times wall time
  std::int64_t cpu_ns = kUnset;
  std::optional<double> cores;

  double seconds() const { return static_cast<double>(end - begin) / 1e9; }
  double frames_per_second() const {
    return end > begin ? static_cast<double>(frames.size()) / seconds() : 0;
  }
};

// A frame is complete when it has a span in a stage that no edge leaves; latency is its last end
// minus its smallest due time (begin, where none is given).
Analysis Analyse(const Run& run);

// Amdahl's law for an AI part `factor` times faster (infinity allowed).
struct Speedup {
  double factor = 1;
  double latency = 1;  // of the mean latency when waiting stays as it is
  double work = 1;     // of a frame's own work, without any waiting
  double throughput =
      1;  // of the bound: the least of replicas / work of a stage and of cores / CPU
};
// Empty when no frame was finished or no network ran.
std::vector<Speedup> Speedups(const Analysis& analysis, const std::vector<double>& factors);

}  // namespace plumb::measure
