#include "kernels/gemm/tile_set.h"

#include "kernels/gemm/tile_tables.h"

namespace plumb::kernels {
namespace {

const TileSet kAvx512Set = {
    16,
    4,
    {0, 10, 14, 9, 6},
    {nullptr, kTilesAvx512X1, kTilesAvx512X2, kTilesAvx512X3, kTilesAvx512X4},
    ActivateAvx512};
const TileSet kAvx2Set = {8,
                          3,
                          {0, 10, 6, 4, 0},
                          {nullptr, kTilesAvx2X1, kTilesAvx2X2, kTilesAvx2X3, nullptr},
                          ActivateAvx2};
const TileSet kScalarSet = {
    1,
    4,
    {0, 4, 4, 4, 3},
    {nullptr, kTilesScalarX1, kTilesScalarX2, kTilesScalarX3, kTilesScalarX4},
    ActivateScalar};

}  // namespace

const TileSet& TileSetFor(Isa isa) {
  switch (isa) {
    case Isa::kAvx512: return kAvx512Set;
    case Isa::kAvx2: return kAvx2Set;
    case Isa::kScalar: break;
  }
  return kScalarSet;
}

}  // namespace plumb::kernels
