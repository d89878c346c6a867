#include "kernels/simd/vec_avx2.h"

#include "kernels/gemm/tile-inl.h"
#include "kernels/gemm/tile_tables.h"

namespace plumb::kernels {

const TileFn kTilesAvx2X2[kMaxTileRows + 1] = {nullptr,       RunTile<1, 2>, RunTile<2, 2>,
                                               RunTile<3, 2>, RunTile<4, 2>, RunTile<5, 2>,
                                               RunTile<6, 2>};

}  // namespace plumb::kernels
