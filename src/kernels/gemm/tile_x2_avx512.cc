#include "kernels/simd/vec_avx512.h"

#include "kernels/gemm/tile-inl.h"
#include "kernels/gemm/tile_tables.h"

namespace plumb::kernels {

const TileFn kTilesAvx512X2[kMaxTileRows + 1] = {
    nullptr,        RunTile<1, 2>,  RunTile<2, 2>,  RunTile<3, 2>,  RunTile<4, 2>,
    RunTile<5, 2>,  RunTile<6, 2>,  RunTile<7, 2>,  RunTile<8, 2>,  RunTile<9, 2>,
    RunTile<10, 2>, RunTile<11, 2>, RunTile<12, 2>, RunTile<13, 2>, RunTile<14, 2>};

}  // namespace plumb::kernels
