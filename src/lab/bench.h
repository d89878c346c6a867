// How long runs of a model take.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/session.h"

namespace plumb::lab {

struct BenchOptions {
  int iters = 0;       // counted runs; 0: as many as fit into `seconds`, 5 to 4000
  double seconds = 2;  // not read where `iters` says how many
  int warmup = 3;      // runs before, not counted
  bool profile = false;
};

// One step of the model over all counted runs.
struct StepFigures {
  engine::StepInfo step;
  double median_ms = 0;
};

struct BenchResult {
  std::vector<std::int64_t> rising_ns;  // of the counted runs, shortest first
  // Arithmetic operations of a run; nothing where a part of the model is planned only as it runs.
  std::optional<double> ops;
  std::vector<StepFigures> steps;  // of a profile, in the order they ran

  double Ms(double p) const;  // the p-quantile, as an order statistic
};

// Runs the session on seeded normal numbers of these shapes, into memory that stays the same from
// run to run where the sizes of the outputs are known ahead.
StatusOr<BenchResult> RunBench(engine::Session& session, std::span<const Shape> shapes,
                               const BenchOptions& options);

// Most memory that this process has held so far, as the system counts it.
std::int64_t PeakResidentBytes();

}  // namespace plumb::lab
