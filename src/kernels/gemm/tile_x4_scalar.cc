#include "kernels/simd/vec_scalar.h"

#include "kernels/gemm/tile-inl.h"
#include "kernels/gemm/tile_tables.h"

namespace plumb::kernels {

const TileFn kTilesScalarX4[kMaxTileRows + 1] = {nullptr, RunTile<1, 4>, RunTile<2, 4>,
                                                 RunTile<3, 4>};

}  // namespace plumb::kernels
