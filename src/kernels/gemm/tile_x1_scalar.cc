#include "kernels/simd/vec_scalar.h"

#include "kernels/gemm/tile-inl.h"
#include "kernels/gemm/tile_tables.h"

namespace plumb::kernels {

const TileFn kTilesScalarX1[kMaxTileRows + 1] = {nullptr, RunTile<1, 1>, RunTile<2, 1>,
                                                 RunTile<3, 1>, RunTile<4, 1>};

}  // namespace plumb::kernels
