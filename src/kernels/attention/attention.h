// Scaled dot-product attention in fp32, without the matrix of scores in memory:
//
//   y = softmax(scale * q k + mask) v        per entry of the batch, softmax over the keys
//
// with q [queries, width], k [width, keys], v [keys, value_width], mask broadcast to [queries,
// keys]. Keys pass in blocks: the scores of a block are added to running maxima, sums and values of
// each query (Milakov and Gimelshein 2018, "Online normalizer calculation for softmax"; Dao et al.
// 2022, "FlashAttention"). Scratch memory is linear in the keys: k and v in the order of the tiles,
// once for each that differs, and a number for each block of a mask.
//
// Every operand has strides of its own, in elements; heads may lie interleaved with their channels.
// Fast: k with width stride 1, v with column stride 1. The mask has column stride 1 or 0, y has 1.
//
// Sums of a score run over the width upwards, those of a value over the keys upwards, in fp32; a
// maximum that grows between two blocks scales what was summed before it. Queries and entries of
// the batch share nothing: the same bits for any number of threads. Only elements inside the
// operands are touched; y overlaps nothing.
//
// A key whose mask is -inf has the weight 0 (times a value that is infinite: NaN). A query that
// sees no key, or a NaN or +inf among its scores, gives NaN, as the formula does. Without keys y is
// 0. Blocks of keys whose weights are certain to be 0 in fp32 are left out where that cannot show:
// a causal mask halves the work.
//
// Operands of a call: {q, k, v, mask, y}; mask is null without has_mask.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/gemm/gemm.h"
#include "kernels/kernel.h"

namespace plumb::kernels {

struct AttentionProblem {
  std::array<std::int64_t, 3> batch{1, 1, 1};  // outermost first; a batch stride of 0 repeats
  std::int64_t queries = 0;
  std::int64_t keys = 0;
  std::int64_t width = 0;
  std::int64_t value_width = 0;
  MatrixStrides q;     // [queries, width]
  MatrixStrides k;     // [width, keys]
  MatrixStrides v;     // [keys, value_width]
  MatrixStrides mask;  // [queries, keys]
  MatrixStrides y;     // [queries, value_width]
  bool has_mask = false;
  float scale = 1;
};

// Algorithms that can run the problem on the target, best guess first, a scalar one last; none
// where strides of the mask or of y do not fit.
void ListAttention(const AttentionProblem& problem, const Target& target,
                   std::vector<Algorithm>* algorithms);

Estimate EstimateAttention(const AttentionProblem& problem, const Algorithm& algorithm,
                           const Target& target);

// PLUMB_CHECKs that the algorithm came from ListAttention.
BoundKernel BindAttention(const AttentionProblem& problem, const Algorithm& algorithm,
                          const Target& target);

std::string AttentionAlgorithmName(const Algorithm& algorithm);  // "attention avx512 6x64"

}  // namespace plumb::kernels
