// Chooses among the kernels that can compute a node.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "core/target.h"
#include "engine/tuning_database.h"
#include "ops/lower.h"

namespace plumb::engine {

// Predicted seconds of one call on one thread: arithmetic at the attainable share of the peak and
// traffic at memory bandwidth, most of the shorter behind the longer, plus the fixed cost of the
// call. The ceilings are nominal for the instruction set: they rank candidates of one target, and
// are no forecast.
double PredictSeconds(const kernels::Estimate& estimate, const Target& target);

struct SearchResult {
  std::size_t chosen = 0;  // index into the choices
  std::string why;         // "predicted 0.31 ms, next gemm avx2 6x16 0.52 ms"
};

// What was measured, where it is among the choices; else the least predicted time, with the
// family's own order deciding ties. `choices` is not empty.
SearchResult ChooseKernel(std::span<const ops::KernelChoice> choices, const Target& target,
                          const std::optional<TunedKernel>& tuned = std::nullopt);

}  // namespace plumb::engine
