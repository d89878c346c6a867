#include "kernels/simd/vec_avx512.h"

#include "kernels/gemm/tile-inl.h"
#include "kernels/gemm/tile_tables.h"

namespace plumb::kernels {

const TileFn kTilesAvx512X1[kMaxTileRows + 1] = {
    nullptr,        RunTile<1, 1>,  RunTile<2, 1>,  RunTile<3, 1>,  RunTile<4, 1>,
    RunTile<5, 1>,  RunTile<6, 1>,  RunTile<7, 1>,  RunTile<8, 1>,  RunTile<9, 1>,
    RunTile<10, 1>, RunTile<11, 1>, RunTile<12, 1>, RunTile<13, 1>, RunTile<14, 1>};

}  // namespace plumb::kernels
