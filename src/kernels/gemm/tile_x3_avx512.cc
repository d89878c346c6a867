#include "kernels/simd/vec_avx512.h"

#include "kernels/gemm/tile-inl.h"
#include "kernels/gemm/tile_tables.h"

namespace plumb::kernels {

const TileFn kTilesAvx512X3[kMaxTileRows + 1] = {
    nullptr,       RunTile<1, 3>, RunTile<2, 3>, RunTile<3, 3>, RunTile<4, 3>,
    RunTile<5, 3>, RunTile<6, 3>, RunTile<7, 3>, RunTile<8, 3>, RunTile<9, 3>};

}  // namespace plumb::kernels
