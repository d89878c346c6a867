// What the sources of each instruction set offer. Free of the standard library.
#pragma once

#include "kernels/dot/dot_tile.h"

namespace plumb::kernels {

#define PLUMB_DOT(name, element, isa, needs, tile, step, offset, speed) \
  void tile(const DotTile& args) noexcept;
#include "kernels/dot/dot.def"
#undef PLUMB_DOT

// Tiles of AMX keep the shape of their registers in the thread: it is set for the rows of the tiles
// that follow, and given back at the end of a task.
void ConfigureAmx(int64_t rows) noexcept;
void ReleaseAmx() noexcept;

void DotFloatsScalar(const DotFloats& out) noexcept;
void DotFloatsAvx2(const DotFloats& out) noexcept;
void DotFloatsAvx512(const DotFloats& out) noexcept;
void DotIntegersScalar(const DotIntegers& out) noexcept;
void DotIntegersAvx2(const DotIntegers& out) noexcept;
void DotIntegersAvx512(const DotIntegers& out) noexcept;
void DotDepthwiseScalar(const DotDepthwise& d) noexcept;
void DotDepthwiseAvx2(const DotDepthwise& d) noexcept;
void DotDepthwiseAvx512(const DotDepthwise& d) noexcept;
void DotQuadsAvx512Vnni(const DotQuads& q) noexcept;
void DotQuadSumsAvx512Vnni(const DotQuadSums& out) noexcept;
extern const DotConvert kDotConvertScalar;
extern const DotConvert kDotConvertAvx2;
extern const DotConvert kDotConvertAvx512;

}  // namespace plumb::kernels
