// The sets of inner loops that dot.def lists, and what surrounds them on each instruction set.
#pragma once

#include <cstdint>
#include <span>

#include "core/target.h"
#include "kernels/dot/dot_tile.h"
#include "kernels/gemm/tile.h"

namespace plumb::kernels {

// What a row of A holds when it meets the inner loop.
enum class DotElement : std::uint8_t { kF32, kBF16, kI16, kI8, kU8 };
std::int64_t DotElementBytes(DotElement element);

struct DotSet {
  const char* name;
  DotElement element;
  Isa isa;                      // of the functions around the tile
  bool (*runs)(const Target&);  // beyond `isa`
  DotTileFn tile;
  std::int64_t step;    // rows of A are whole multiples of so many bytes
  std::int32_t offset;  // is added to each element of A on the way
  double speed;         // against fp32 multiply-adds of the same vectors

  bool tiles_in_thread() const { return step == kDotStep; }  // AMX: configured for each task
};
std::span<const DotSet> DotSets();

// Outputs, conversions, activations of fp32 rows.
struct DotFunctions {
  DotFloatsFn floats;
  DotIntegersFn integers;
  DotDepthwiseFn depthwise;
  const DotConvert& convert;
  ActivateFn activate;
};
const DotFunctions& DotFunctionsFor(Isa isa);

}  // namespace plumb::kernels
