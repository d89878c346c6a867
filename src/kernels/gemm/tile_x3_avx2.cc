#include "kernels/simd/vec_avx2.h"

#include "kernels/gemm/tile-inl.h"
#include "kernels/gemm/tile_tables.h"

namespace plumb::kernels {

const TileFn kTilesAvx2X3[kMaxTileRows + 1] = {nullptr, RunTile<1, 3>, RunTile<2, 3>, RunTile<3, 3>,
                                               RunTile<4, 3>};

}  // namespace plumb::kernels
