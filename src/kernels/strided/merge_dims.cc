#include "kernels/strided/merge_dims.h"

#include <cstdlib>
#include <utility>

namespace plumb::kernels {
namespace {

void MoveDim(LoopNest* nest, int from, int to) {
  nest->sizes[to] = nest->sizes[from];
  for (int o = 0; o < nest->operands; ++o) nest->strides[o][to] = nest->strides[o][from];
}

void SwapDims(LoopNest* nest, int a, int b) {
  std::swap(nest->sizes[a], nest->sizes[b]);
  for (int o = 0; o < nest->operands; ++o) std::swap(nest->strides[o][a], nest->strides[o][b]);
}

// Whether dimension a belongs inside b: smaller strides, the key operand's first.
bool BelongsInside(const LoopNest& nest, int a, int b, int key) {
  std::int64_t x = std::llabs(nest.strides[key][a]), y = std::llabs(nest.strides[key][b]);
  if (x != y) return x < y;
  for (int o = 0; o < nest.operands; ++o) {
    x = std::llabs(nest.strides[o][a]);
    y = std::llabs(nest.strides[o][b]);
    if (x != y) return x < y;
  }
  return false;
}

bool Merges(const LoopNest& nest, int outer, int inner) {
  for (int o = 0; o < nest.operands; ++o) {
    if (nest.strides[o][outer] != nest.strides[o][inner] * nest.sizes[inner]) return false;
  }
  return true;
}

}  // namespace

void MergeDims(LoopNest* nest, bool sort, int key) {
  int rank = 0;
  for (int d = 0; d < nest->rank; ++d) {
    if (nest->sizes[d] == 0) {
      nest->rank = 1;
      nest->sizes[0] = 0;
      return;
    }
    if (nest->sizes[d] != 1) MoveDim(nest, d, rank++);
  }
  if (sort) {
    for (int i = 1; i < rank; ++i) {
      for (int j = i; j > 0 && BelongsInside(*nest, j - 1, j, key); --j) SwapDims(nest, j - 1, j);
    }
  }
  int merged = 0;
  for (int d = 1; d < rank; ++d) {
    if (Merges(*nest, merged, d)) {
      std::int64_t size = nest->sizes[merged] * nest->sizes[d];
      MoveDim(nest, d, merged);
      nest->sizes[merged] = size;
    } else if (++merged != d) {
      MoveDim(nest, d, merged);
    }
  }
  nest->rank = rank == 0 ? 0 : merged + 1;
}

}  // namespace plumb::kernels
