// The tiles of an instruction set.
#pragma once

#include "core/target.h"
#include "kernels/gemm/tile.h"

namespace plumb::kernels {

const TileSet& TileSetFor(Isa isa);

}  // namespace plumb::kernels
