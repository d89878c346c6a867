// The packed buffer of narrow products: for each group of channels its constants per output channel
// (bias; or scales and offsets), then the panels of each phase.
#pragma once

#include <cstdint>

#include "kernels/conv/conv_phase.h"
#include "kernels/dot/dot.h"
#include "kernels/dot/dot_set.h"
#include "kernels/gemm/panels.h"

namespace plumb::kernels {

struct DotLayout {
  Panels panels;            // of a group's output channels
  std::int64_t element;     // bytes of an element
  std::int64_t constants;   // bytes of the constants of a group
  std::int64_t per_column;  // constants of a column: 0, 1 or 2 values of four bytes

  DotLayout(const DotProblem& problem, const DotSet& set);

  // Groups of four bytes in the sums of a phase, padded as panels are.
  std::int64_t Groups(const DotProblem& problem, const ConvPhase& phase) const;
  std::int64_t PanelOffset(std::int64_t panel, std::int64_t groups) const {
    return panels.first_column(panel) * groups * 4;
  }
  std::int64_t PhaseBytes(const DotProblem& problem, const ConvPhase& phase) const;
  // Bytes before a phase within its group; at PhaseCount, the size of a group.
  std::int64_t PhaseOffset(const DotProblem& problem, std::int64_t index) const;
};

}  // namespace plumb::kernels
