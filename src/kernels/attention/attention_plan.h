// How attention is cut into blocks: what attention.cc decides and attention_run.cc does.
#pragma once

#include "core/target.h"
#include "kernels/attention/attention.h"
#include "kernels/attention/online_softmax.h"
#include "kernels/gemm/panels.h"
#include "kernels/gemm/tile_loop.h"

namespace plumb::kernels {

inline constexpr std::int64_t kMaxBlockKeys = 128;

struct AttentionParams {
  AttentionProblem problem;
  Isa isa;
  OnlineSoftmaxFns softmax;
  Panels key_panels;    // columns: all keys
  Panels value_panels;  // columns: the width of a value
  RowTiles tiles;       // of the queries
  std::int64_t tiles_per_task, query_blocks;
  std::int64_t block_keys, key_blocks;
  std::int64_t distinct_keys, distinct_values;  // matrices
  std::int64_t key_floats, value_floats;        // of one packed matrix
  // Where blocks of keys that the mask hides are looked for: blocks of queries that the mask tells
  // apart, and different masks.
  bool skips;
  std::int64_t mask_blocks, distinct_masks;
};

void RunAttention(const void* params, const Call& call) noexcept;

}  // namespace plumb::kernels
