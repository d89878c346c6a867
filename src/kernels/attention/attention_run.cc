// k and v are packed as panels, then each task carries a block of queries of one entry of the batch
// past all blocks of keys.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "kernels/attention/attention_plan.h"
#include "kernels/gemm/tile_set.h"

namespace plumb::kernels {
namespace {

// The offset of the matrix that is number `index` among those that differ.
std::int64_t DistinctOffset(const std::array<std::int64_t, 3>& batch, const MatrixStrides& strides,
                            std::int64_t index) {
  std::int64_t offset = 0;
  for (std::size_t d = 3; d-- > 0;) {
    if (strides.batch[d] == 0) continue;
    offset += index % batch[d] * strides.batch[d];
    index /= batch[d];
  }
  return offset;
}

// One entry of the batch: offsets of operands, and the numbers of its packed matrices.
struct Entry {
  std::int64_t q = 0, mask = 0, y = 0;
  std::int64_t k_index = 0, v_index = 0, mask_index = 0;
};

Entry EntryAt(const AttentionProblem& p, std::int64_t index) {
  Entry entry;
  std::int64_t k_scale = 1, v_scale = 1, mask_scale = 1;
  for (std::size_t d = 3; d-- > 0;) {
    const std::int64_t i = index % p.batch[d];
    index /= p.batch[d];
    entry.q += i * p.q.batch[d];
    entry.mask += i * p.mask.batch[d];
    entry.y += i * p.y.batch[d];
    if (p.k.batch[d] != 0) {
      entry.k_index += i * k_scale;
      k_scale *= p.batch[d];
    }
    if (p.v.batch[d] != 0) {
      entry.v_index += i * v_scale;
      v_scale *= p.batch[d];
    }
    if (p.mask.batch[d] != 0) {
      entry.mask_index += i * mask_scale;
      mask_scale *= p.batch[d];
    }
  }
  return entry;
}

// The largest magnitude; NaN counts as more than infinity and comes back as NaN.
float Largest(const float* x, std::int64_t count) {
  std::int32_t bits = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    bits = std::max(bits, std::bit_cast<std::int32_t>(x[i]) & 0x7fffffff);
  }
  return std::bit_cast<float>(bits);
}

// k and v in the order of the tiles; the largest magnitude in each panel of keys and each block of
// values; the largest number of the mask in each block of queries and keys.
struct Packed {
  float *keys, *values, *key_largest, *value_largest, *mask_largest;
};

Packed PackedIn(const AttentionParams& a, void* workspace) {
  Packed packed{};
  packed.keys = static_cast<float*>(workspace);
  packed.values = packed.keys + a.distinct_keys * a.key_floats;
  packed.key_largest = packed.values + a.distinct_values * a.value_floats;
  packed.value_largest = packed.key_largest + a.distinct_keys * a.key_panels.count();
  packed.mask_largest = packed.value_largest + a.distinct_values * a.key_blocks;
  return packed;
}

void PackKeys(const AttentionParams& a, const float* k, const Packed& packed, std::int64_t task) {
  const AttentionProblem& p = a.problem;
  const std::int64_t panel = task % a.key_panels.count();
  const std::int64_t index = task / a.key_panels.count();
  float* to = packed.keys + index * a.key_floats + a.key_panels.offset(panel, p.width);
  PackPanel(a.key_panels, panel, p.width, k + DistinctOffset(p.batch, p.k, index), p.k.row, p.k.col,
            p.scale, to);
  const std::int64_t width = std::int64_t{a.key_panels.vectors_of(panel)} * a.key_panels.lanes;
  if (a.skips) packed.key_largest[task] = Largest(to, p.width * width);
}

// All panels of one block of keys.
void PackValues(const AttentionParams& a, const float* v, const Packed& packed, std::int64_t task) {
  const AttentionProblem& p = a.problem;
  const std::int64_t first = task % a.key_blocks * a.block_keys;
  const std::int64_t index = task / a.key_blocks;
  const std::int64_t keys = std::min(a.block_keys, p.keys - first);
  const float* from = v + DistinctOffset(p.batch, p.v, index) + first * p.v.row;
  float* to = packed.values + index * a.value_floats + first * a.value_panels.padded_columns();
  for (std::int64_t panel = 0; panel < a.value_panels.count(); ++panel) {
    PackPanel(a.value_panels, panel, keys, from, p.v.row, p.v.col, 1,
              to + a.value_panels.offset(panel, keys));
  }
  if (a.skips) packed.value_largest[task] = Largest(to, keys * a.value_panels.padded_columns());
}

// The largest of some numbers, infinity where one is NaN.
float LargestOf(const float* x, std::int64_t count) {
  constexpr std::int64_t kParts = 16;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  float part[kParts];
  std::fill_n(part, kParts, -kInfinity);
  bool nan = false;
  std::int64_t i = 0;
  for (; i + kParts <= count; i += kParts) {
    for (std::int64_t j = 0; j < kParts; ++j) {
      part[j] = x[i + j] > part[j] ? x[i + j] : part[j];
      nan |= x[i + j] != x[i + j];
    }
  }
  float largest = *std::max_element(part, part + kParts);
  for (; i < count; ++i) {
    largest = std::max(largest, x[i]);
    nan |= x[i] != x[i];
  }
  return nan ? kInfinity : largest;
}

// The mask in one block of queries.
void ScanMask(const AttentionParams& a, const float* mask, const Packed& packed,
              std::int64_t task) {
  const AttentionProblem& p = a.problem;
  const std::int64_t tile = task % a.mask_blocks * a.tiles_per_task;
  const std::int64_t begin = a.tiles.Begin(tile);
  const std::int64_t end = p.mask.row == 0
                               ? begin + 1
                               : a.tiles.Begin(std::min(tile + a.tiles_per_task, a.tiles.count()));
  const float* from = mask + DistinctOffset(p.batch, p.mask, task / a.mask_blocks);
  for (std::int64_t block = 0; block < a.key_blocks; ++block) {
    const std::int64_t first = block * a.block_keys;
    const std::int64_t keys = p.mask.col == 0 ? 1 : std::min(a.block_keys, p.keys - first);
    float largest = -std::numeric_limits<float>::infinity();
    for (std::int64_t row = begin; row < end; ++row) {
      const float* at = from + row * p.mask.row + first * p.mask.col;
      largest = std::max(largest, LargestOf(at, keys));
    }
    packed.mask_largest[task * a.key_blocks + block] = largest;
  }
}

// A block of queries.
class QueryBlock {
 public:
  QueryBlock(const AttentionParams& params, const Packed& packed, const Entry& entry)
      : a_(params),
        set_(TileSetFor(params.isa)),
        keys_(packed.keys + entry.k_index * a_.key_floats),
        values_(packed.values + entry.v_index * a_.value_floats),
        key_largest_(packed.key_largest + entry.k_index * a_.key_panels.count()),
        value_largest_(packed.value_largest + entry.v_index * a_.key_blocks),
        mask_largest_(packed.mask_largest + entry.mask_index * a_.mask_blocks * a_.key_blocks) {}

  void Run(const float* q, const float* mask, float* y, std::int64_t tile_begin,
           std::int64_t tile_end) {
    const AttentionProblem& p = a_.problem;
    const std::int64_t begin = a_.tiles.Begin(tile_begin);
    const std::int64_t rows = a_.tiles.Begin(tile_end) - begin;
    y += begin * p.y.row;
    for (std::int64_t r = 0; r < rows; ++r) {
      q_rows_[r] = q + (begin + r) * p.q.row;
      mask_rows_[r] = mask != nullptr ? mask + (begin + r) * p.mask.row : nullptr;
      score_rows_[r] = scores_ + r * kMaxBlockKeys;
      weight_rows_[r] = score_rows_[r];
      y_rows_[r] = y + r * p.y.row;
      top_[r] = -std::numeric_limits<float>::infinity();
    }
    if (p.mask.row != 0) mask_largest_ += tile_begin / a_.tiles_per_task * a_.key_blocks;
    OnlineRows online{.scores = scores_,
                      .score_stride = kMaxBlockKeys,
                      .rows = rows,
                      .keys = 0,
                      .top = top_,
                      .sum = sum_,
                      .values = y,
                      .value_stride = p.y.row,
                      .value_width = p.value_width,
                      .first = true};
    for (std::int64_t block = 0; block < a_.key_blocks; ++block) {
      const std::int64_t first = block * a_.block_keys;
      online.keys = std::min(a_.block_keys, p.keys - first);
      if (a_.skips && IsHidden(block, first, online.keys, rows)) continue;
      Score(first, online.keys, begin, tile_begin, tile_end);
      a_.softmax.add(online);
      Gather(first, online.keys, !online.first, begin, tile_begin, tile_end);
      online.first = false;
    }
    if (online.first) {  // no query sees a key
      for (std::int64_t r = 0; r < rows; ++r) std::fill_n(y_rows_[r], p.value_width, NAN);
    } else {
      a_.softmax.finish(online);
    }
  }

 private:
  // Whether all weights of the block are certain to be 0, and products with its values too: the
  // mask puts every score further below the largest so far than e^x reaches (it is 0 below -104),
  // and all is finite.
  bool IsHidden(std::int64_t block, std::int64_t first, std::int64_t keys, std::int64_t rows) {
    const float mask = mask_largest_[block];
    const float top = *std::min_element(top_, top_ + rows);
    if (!(mask <= top - 110)) return false;
    if (!(value_largest_[block] <= std::numeric_limits<float>::max())) return false;
    float largest = 0;
    const std::int64_t width = a_.key_panels.width();
    for (std::int64_t panel = first / width; panel * width < first + keys; ++panel) {
      if (std::isnan(key_largest_[panel])) return false;
      largest = std::max(largest, key_largest_[panel]);
    }
    if (query_largest_ < 0) query_largest_ = LargestQuery(rows);
    const float reach = 1.01f * static_cast<float>(a_.problem.width) * largest * query_largest_;
    if (!(reach < 1e37f)) return false;
    // Numbers so large that the reach vanishes beside them: their rounding counts.
    const float limit = top - 110 - reach;
    return mask <= limit - 1e-6f * std::fabs(limit);
  }

  float LargestQuery(std::int64_t rows) const {
    const AttentionProblem& p = a_.problem;
    float largest = 0;
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t c = 0; c < p.width; ++c) {
        const float x = Largest(q_rows_[r] + c * p.q.col, 1);
        if (!(x <= largest)) largest = x;
        if (std::isnan(largest)) return largest;
      }
    }
    return largest;
  }

  // scores = scale * q k + mask
  void Score(std::int64_t first, std::int64_t keys, std::int64_t begin, std::int64_t tile_begin,
             std::int64_t tile_end) {
    const AttentionProblem& p = a_.problem;
    Tile tile = Start();
    tile.run = p.width;
    tile.a_step = p.q.col;
    tile.residual_per_row = p.mask.col == 0;
    const std::int64_t width = a_.key_panels.width();
    for (std::int64_t column = 0; column < keys; column += width) {
      const std::int64_t panel = (first + column) / width;
      tile.b = keys_ + a_.key_panels.offset(panel, p.width);
      tile.column = column;
      tile.residual_column = first + column;
      tile.columns = a_.key_panels.columns_of(panel);
      RunTiles(&tile, a_.key_panels.vectors_of(panel), q_rows_, score_rows_,
               p.has_mask ? mask_rows_ : nullptr, begin, tile_begin, tile_end);
    }
  }

  // y += weights v
  void Gather(std::int64_t first, std::int64_t keys, bool accumulate, std::int64_t begin,
              std::int64_t tile_begin, std::int64_t tile_end) {
    Tile tile = Start();
    tile.run = keys;
    tile.a_step = 1;
    tile.accumulate = accumulate;
    const float* block = values_ + first * a_.value_panels.padded_columns();
    for (std::int64_t panel = 0; panel < a_.value_panels.count(); ++panel) {
      tile.b = block + a_.value_panels.offset(panel, keys);
      tile.column = a_.value_panels.first_column(panel);
      tile.columns = a_.value_panels.columns_of(panel);
      RunTiles(&tile, a_.value_panels.vectors_of(panel), weight_rows_, y_rows_, nullptr, begin,
               tile_begin, tile_end);
    }
  }

  static Tile Start() {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    Tile tile{};
    tile.taps = 1;
    tile.low = -kInfinity;
    tile.high = kInfinity;
    return tile;
  }

  // The tiles of all queries on one panel.
  void RunTiles(Tile* tile, int vectors, const float* const* a_rows, float* const* c_rows,
                const float* const* residual_rows, std::int64_t begin, std::int64_t tile_begin,
                std::int64_t tile_end) {
    std::int64_t row = 0;
    for (std::int64_t t = tile_begin; t < tile_end; ++t) {
      const std::int64_t next = a_.tiles.Begin(t + 1) - begin;
      tile->a_rows = a_rows + row;
      tile->c_rows = c_rows + row;
      tile->residual_rows = residual_rows != nullptr ? residual_rows + row : nullptr;
      set_.tile[vectors][next - row](*tile);
      row = next;
    }
  }

  const AttentionParams& a_;
  const TileSet& set_;
  const float* keys_;    // packed, of this entry
  const float* values_;  // packed, of this entry
  const float* key_largest_;
  const float* value_largest_;
  const float* mask_largest_;  // of this block of queries
  float query_largest_ = -1;   // negative: not known yet
  const float* q_rows_[kMaxOnlineRows];
  const float* mask_rows_[kMaxOnlineRows];
  const float* weight_rows_[kMaxOnlineRows];
  float* score_rows_[kMaxOnlineRows];
  float* y_rows_[kMaxOnlineRows];
  float top_[kMaxOnlineRows], sum_[kMaxOnlineRows];
  alignas(64) float scores_[kMaxOnlineRows * kMaxBlockKeys];
};

void FillZeros(const AttentionProblem& p, float* y) {
  const std::int64_t entries = p.batch[0] * p.batch[1] * p.batch[2];
  for (std::int64_t e = 0; e < entries; ++e) {
    float* at = y + EntryAt(p, e).y;
    for (std::int64_t r = 0; r < p.queries; ++r) std::fill_n(at + r * p.y.row, p.value_width, 0.0f);
  }
}

}  // namespace

void RunAttention(const void* params, const Call& call) noexcept {
  const AttentionParams& a = *static_cast<const AttentionParams*>(params);
  const AttentionProblem& p = a.problem;
  const float* q = static_cast<const float*>(call.operands[0]);
  const float* k = static_cast<const float*>(call.operands[1]);
  const float* v = static_cast<const float*>(call.operands[2]);
  const float* mask = p.has_mask ? static_cast<const float*>(call.operands[3]) : nullptr;
  float* y = static_cast<float*>(call.operands[4]);
  const std::int64_t entries = p.batch[0] * p.batch[1] * p.batch[2];
  if (entries == 0 || p.queries == 0 || p.value_width == 0) return;
  if (p.keys == 0) return FillZeros(p, y);

  const Packed packed = PackedIn(a, call.workspace);
  const std::int64_t key_tasks = a.distinct_keys * a.key_panels.count();
  const std::int64_t pack_tasks = key_tasks + a.distinct_values * a.key_blocks;
  const std::int64_t scan_tasks = a.skips ? a.distinct_masks * a.mask_blocks : 0;
  call.pool->ParallelFor(pack_tasks + scan_tasks, [&](std::int64_t task) {
    if (task < key_tasks) {
      PackKeys(a, k, packed, task);
    } else if (task < pack_tasks) {
      PackValues(a, v, packed, task - key_tasks);
    } else {
      ScanMask(a, mask, packed, task - pack_tasks);
    }
  });
  call.pool->ParallelFor(entries * a.query_blocks, [&](std::int64_t task) {
    const Entry entry = EntryAt(p, task / a.query_blocks);
    const std::int64_t tile = task % a.query_blocks * a.tiles_per_task;
    QueryBlock block(a, packed, entry);
    block.Run(q + entry.q, mask != nullptr ? mask + entry.mask : nullptr, y + entry.y, tile,
              std::min(tile + a.tiles_per_task, a.tiles.count()));
  });
}

}  // namespace plumb::kernels
