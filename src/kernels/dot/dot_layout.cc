#include "kernels/dot/dot_layout.h"

namespace plumb::kernels {

DotLayout::DotLayout(const DotProblem& problem, const DotSet& set)
    : panels{problem.geometry.out_channels / problem.geometry.group, kDotLanes,
             kDotColumns / kDotLanes},
      element(DotElementBytes(set.element)),
      per_column(problem.integers()                   ? 2
                 : problem.geometry.epilogue.has_bias ? 1
                                                      : 0) {
  constants = per_column * constant_columns() * 4;
}

std::int64_t DotLayout::Groups(const DotProblem& problem, const ConvPhase& phase) const {
  const std::int64_t channels = problem.geometry.in_channels / problem.geometry.group;
  const std::int64_t bytes = phase.taps() * channels * element;
  return (bytes + kDotStep - 1) / kDotStep * (kDotStep / 4);
}

std::int64_t DotLayout::PhaseBytes(const DotProblem& problem, const ConvPhase& phase) const {
  return panels.padded_columns() * Groups(problem, phase) * 4;
}

std::int64_t DotLayout::PhaseOffset(const DotProblem& problem, std::int64_t index) const {
  std::int64_t bytes = constants;
  for (std::int64_t i = 0; i < index; ++i) {
    bytes += PhaseBytes(problem, PhaseAt(problem.geometry, i));
  }
  return bytes;
}

}  // namespace plumb::kernels
