// The tiles of each translation unit, by rows: index 0 and those that do not exist are null.
// Names say instruction set and vectors of a panel.
#pragma once

#include "kernels/gemm/tile.h"

namespace plumb::kernels {

extern const TileFn kTilesAvx512X1[kMaxTileRows + 1];
extern const TileFn kTilesAvx512X2[kMaxTileRows + 1];
extern const TileFn kTilesAvx512X3[kMaxTileRows + 1];
extern const TileFn kTilesAvx512X4[kMaxTileRows + 1];
extern const TileFn kTilesAvx2X1[kMaxTileRows + 1];
extern const TileFn kTilesAvx2X2[kMaxTileRows + 1];
extern const TileFn kTilesAvx2X3[kMaxTileRows + 1];
extern const TileFn kTilesScalarX1[kMaxTileRows + 1];
extern const TileFn kTilesScalarX2[kMaxTileRows + 1];
extern const TileFn kTilesScalarX3[kMaxTileRows + 1];
extern const TileFn kTilesScalarX4[kMaxTileRows + 1];

void ActivateAvx512(const Epilogue& epilogue, float* const* rows, std::int64_t count,
                    std::int64_t column, std::int64_t columns) noexcept;
void ActivateAvx2(const Epilogue& epilogue, float* const* rows, std::int64_t count,
                  std::int64_t column, std::int64_t columns) noexcept;
void ActivateScalar(const Epilogue& epilogue, float* const* rows, std::int64_t count,
                    std::int64_t column, std::int64_t columns) noexcept;

}  // namespace plumb::kernels
