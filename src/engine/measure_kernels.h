// Times the candidates for a problem on memory of its shapes.
#pragma once

#include <atomic>
#include <cstddef>
#include <vector>

#include "core/target.h"
#include "engine/kernel_problem.h"

namespace plumb::engine {

struct MeasureOptions {
  double seconds = 0.05;  // to spend on the problem once each candidate has run, about
  // Candidates predicted to take more than this many times the shortest prediction are left out.
  double prune = 4;
  double drop = 1.3;  // those this many times slower than the fastest drop out after a few turns
  // Of packed constants, operands and workspaces together; what would need more is left out.
  std::int64_t max_bytes = std::int64_t{2} << 30;
  const std::atomic<bool>* cancel = nullptr;  // set: ends with Cancelled after the call at hand
};

// Seconds of one call on one thread, by candidate; negative: left out.
using KernelSeconds = std::vector<double>;

// Candidates take turns, so that each meets the caches as the others leave them and all of them the
// same disturbances; those that are far behind drop out. The figure is the lower quartile of the
// calls. Floats are normal numbers. Errors: Unimplemented where an operand's elements decide what
// is done (indices), or where operands alone need more than max_bytes; Cancelled; no memory.
StatusOr<KernelSeconds> MeasureKernels(const KernelProblem& problem,
                                       std::vector<ops::KernelChoice>& choices,
                                       const Target& target, const MeasureOptions& options);

// The fastest of those that were timed, but `preferred` where it comes within a hundredth of it.
// PLUMB_CHECKs that some were.
std::size_t FastestOf(const KernelSeconds& seconds, std::size_t preferred);

}  // namespace plumb::engine
