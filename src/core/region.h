// Data movement as plain numbers: a region copies one strided box from a source to a destination.
// A list of regions is what transpose, slice, concat, pad, tile, reshape and their chains become.
#pragma once

#include <cstdint>
#include <vector>

#include "core/shape.h"

namespace plumb {

// for every index i in sizes: dst[dst_offset + i . dst_strides] = source[src_offset + i .
// src_strides]. Offsets and strides count elements. sizes, src_strides and dst_strides have equal
// rank; strides may be zero (broadcast) or negative (reversal).
struct Region {
  int source = 0;  // which input of the movement is read
  Shape sizes;
  std::int64_t src_offset = 0;
  Strides src_strides;
  std::int64_t dst_offset = 0;
  Strides dst_strides;
};

// A movement of `inputs` into one destination of `dst_shape` (packed row-major strides implied by
// the dst_strides of the regions). Elements that no region covers hold the fill (zero unless the
// operator says otherwise); `covers_all` says that there are none.
struct Movement {
  std::vector<Region> regions;
  bool covers_all = true;
};

}  // namespace plumb
