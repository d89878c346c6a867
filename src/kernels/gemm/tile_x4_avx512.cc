#include "kernels/simd/vec_avx512.h"

#include "kernels/gemm/tile-inl.h"
#include "kernels/gemm/tile_tables.h"

namespace plumb::kernels {

const TileFn kTilesAvx512X4[kMaxTileRows + 1] = {nullptr,       RunTile<1, 4>, RunTile<2, 4>,
                                                 RunTile<3, 4>, RunTile<4, 4>, RunTile<5, 4>,
                                                 RunTile<6, 4>};

}  // namespace plumb::kernels
