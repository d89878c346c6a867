// The packed buffer of narrow products: for each group of channels its constants per output channel
// (bias; or scales and offsets), then the panels of each phase.
#pragma once

#include <cstdint>

#include "kernels/conv/conv_phase.h"
#include "kernels/dot/dot.h"
#include "kernels/dot/dot_set.h"
#include "kernels/gemm/panels.h"

namespace plumb::kernels {

// Values of each constant of so many columns where they are not cut into panels.
inline std::int64_t PaddedColumns(std::int64_t columns) {
  return (columns + kDotColumns - 1) / kDotColumns * kDotColumns;
}

struct DotLayout {
  Panels panels;            // of a group's output channels
  std::int64_t element;     // bytes of an element
  std::int64_t constants;   // bytes of the constants of a group
  std::int64_t per_column;  // constants of a column: 0, 1 or 2 values of four bytes

  DotLayout(const DotProblem& problem, const DotSet& set);

  // Values of each constant: whole rows of sums, so that outputs may read them by vectors.
  std::int64_t constant_columns() const { return panels.count() * kDotColumns; }

  // Groups of four bytes in the sums of a phase, padded as panels are.
  std::int64_t Groups(const DotProblem& problem, const ConvPhase& phase) const;
  std::int64_t PanelOffset(std::int64_t panel, std::int64_t groups) const {
    return panels.first_column(panel) * groups * 4;
  }
  std::int64_t PhaseBytes(const DotProblem& problem, const ConvPhase& phase) const;
  // Bytes before a phase within its group; at PhaseCount, the size of a group.
  std::int64_t PhaseOffset(const DotProblem& problem, std::int64_t index) const;
};

// Bytes and content of the whole buffer; PackPanels expects zeros.
std::int64_t PackedPanelBytes(const DotProblem& problem, const DotSet& set);
void PackPanels(const DotProblem& problem, const DotSet& set, const DotWeights& weights,
                char* packed);

}  // namespace plumb::kernels
