#include "kernels/simd/vec_scalar.h"

#include "kernels/gemm/tile-inl.h"
#include "kernels/gemm/tile_tables.h"

namespace plumb::kernels {

const TileFn kTilesScalarX2[kMaxTileRows + 1] = {nullptr, RunTile<1, 2>, RunTile<2, 2>,
                                                 RunTile<3, 2>, RunTile<4, 2>};

}  // namespace plumb::kernels
