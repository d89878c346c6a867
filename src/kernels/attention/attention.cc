// Attention on the tiles of matrix products: k and v are packed as panels, then each task carries a
// block of queries of one entry of the batch past all blocks of keys.
#include "kernels/attention/attention.h"

#include <algorithm>
#include <limits>
#include <span>

#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "kernels/attention/online_softmax.h"
#include "kernels/gemm/tile_choice.h"
#include "kernels/gemm/tile_loop.h"
#include "kernels/gemm/tile_set.h"

namespace plumb::kernels {
namespace {

constexpr std::int64_t kMaxBlockKeys = 128;

#define PLUMB_ATTENTION(isa, vectors) {Isa::isa, vectors},
constexpr TileChoice kChoices[] = {
#include "kernels/attention/attention.def"
};
#undef PLUMB_ATTENTION

const TileChoice& ChoiceOf(const Algorithm& algorithm) {
  PLUMB_CHECK(algorithm.id >= 0 && static_cast<std::size_t>(algorithm.id) < std::size(kChoices),
              "no attention algorithm ", algorithm.id);
  return kChoices[algorithm.id];
}

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
};

// Different matrices of the batch.
std::int64_t Distinct(const std::array<std::int64_t, 3>& batch, const MatrixStrides& strides) {
  std::int64_t count = 1;
  for (std::size_t d = 0; d < 3; ++d) count *= strides.batch[d] != 0 ? batch[d] : 1;
  return count;
}

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
  std::int64_t k_index = 0, v_index = 0;
};

Entry EntryAt(const AttentionProblem& p, std::int64_t index) {
  Entry entry;
  std::int64_t k_scale = 1, v_scale = 1;
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
  }
  return entry;
}

void PackKeys(const AttentionParams& a, const float* k, float* packed, std::int64_t task) {
  const AttentionProblem& p = a.problem;
  const std::int64_t panel = task % a.key_panels.count();
  const std::int64_t index = task / a.key_panels.count();
  PackPanel(a.key_panels, panel, p.width, k + DistinctOffset(p.batch, p.k, index), p.k.row, p.k.col,
            p.scale, packed + index * a.key_floats + a.key_panels.offset(panel, p.width));
}

// All panels of one block of keys.
void PackValues(const AttentionParams& a, const float* v, float* packed, std::int64_t task) {
  const AttentionProblem& p = a.problem;
  const std::int64_t first = task % a.key_blocks * a.block_keys;
  const std::int64_t index = task / a.key_blocks;
  const std::int64_t keys = std::min(a.block_keys, p.keys - first);
  const float* from = v + DistinctOffset(p.batch, p.v, index) + first * p.v.row;
  float* to = packed + index * a.value_floats + first * a.value_panels.padded_columns();
  for (std::int64_t panel = 0; panel < a.value_panels.count(); ++panel) {
    PackPanel(a.value_panels, panel, keys, from, p.v.row, p.v.col, 1,
              to + a.value_panels.offset(panel, keys));
  }
}

// A block of queries.
class QueryBlock {
 public:
  QueryBlock(const AttentionParams& params, const float* keys, const float* values)
      : a_(params), set_(TileSetFor(params.isa)), keys_(keys), values_(values) {}

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
    }
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
      Score(first, online.keys, begin, tile_begin, tile_end);
      a_.softmax.add(online);
      Gather(first, online.keys, begin, tile_begin, tile_end);
      online.first = false;
    }
    a_.softmax.finish(online);
  }

 private:
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
  void Gather(std::int64_t first, std::int64_t keys, std::int64_t begin, std::int64_t tile_begin,
              std::int64_t tile_end) {
    Tile tile = Start();
    tile.run = keys;
    tile.a_step = 1;
    tile.accumulate = first != 0;
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

  float* keys = static_cast<float*>(call.workspace);
  float* values = keys + a.distinct_keys * a.key_floats;
  const std::int64_t key_tasks = a.distinct_keys * a.key_panels.count();
  call.pool->ParallelFor(key_tasks + a.distinct_values * a.key_blocks, [&](std::int64_t task) {
    if (task < key_tasks) {
      PackKeys(a, k, keys, task);
    } else {
      PackValues(a, v, values, task - key_tasks);
    }
  });
  call.pool->ParallelFor(entries * a.query_blocks, [&](std::int64_t task) {
    const Entry entry = EntryAt(p, task / a.query_blocks);
    const std::int64_t tile = task % a.query_blocks * a.tiles_per_task;
    QueryBlock block(a, keys + entry.k_index * a.key_floats,
                     values + entry.v_index * a.value_floats);
    block.Run(q + entry.q, mask != nullptr ? mask + entry.mask : nullptr, y + entry.y, tile,
              std::min(tile + a.tiles_per_task, a.tiles.count()));
  });
}

std::int64_t RoundUp(std::int64_t floats) { return (floats + 15) / 16 * 16; }

}  // namespace

void ListAttention(const AttentionProblem& problem, const Target& target,
                   std::vector<Algorithm>* algorithms) {
  algorithms->clear();
  if (problem.y.col != 1 && problem.value_width > 1) return;
  if (problem.has_mask && problem.mask.col != 0 && problem.mask.col != 1) return;
  for (std::size_t i = 0; i < std::size(kChoices); ++i) {
    if (kChoices[i].isa > target.isa) continue;
    algorithms->push_back({.id = static_cast<std::int16_t>(i)});
  }
}

Estimate EstimateAttention(const AttentionProblem& p, const Algorithm& algorithm,
                           const Target& target) {
  const auto number = [](std::int64_t x) { return static_cast<double>(x); };
  const TileChoice& choice = ChoiceOf(algorithm);
  const double entries = number(p.batch[0]) * number(p.batch[1]) * number(p.batch[2]);
  const double scores = entries * number(p.queries) * number(p.keys);
  const double packed = number(Distinct(p.batch, p.k) * p.keys * p.width) +
                        number(Distinct(p.batch, p.v) * p.keys * p.value_width);
  // Operations that each would have taken at the peak: an exponential is some 14 multiply-adds, an
  // element that is packed 4.
  const double block = number(std::min(p.keys, kMaxBlockKeys));
  const double products =
      2 * scores *
      (number(p.width) / TileEfficiency(choice, target, p.queries, p.keys, p.width) +
       number(p.value_width) / TileEfficiency(choice, target, p.queries, p.value_width,
                                              static_cast<std::int64_t>(block)));
  Estimate estimate;
  estimate.ops = 2 * scores * number(p.width + p.value_width) + 16 * scores;
  const double width = number(TileSetFor(choice.isa).lanes) / std::max(1, target.vector_floats());
  const double spent = products + (28 * scores + 8 * packed) / std::min(1.0, width);
  estimate.efficiency = spent > 0 ? estimate.ops / spent : 1;
  estimate.bytes =
      4 *
      (entries * number(p.queries) * number(p.width + p.value_width) + 2 * packed +
       (p.has_mask ? number(Distinct(p.batch, p.mask) * p.keys * (p.mask.row != 0 ? p.queries : 1))
                   : 0));
  estimate.overhead_ns = 500;
  return estimate;
}

BoundKernel BindAttention(const AttentionProblem& problem, const Algorithm& algorithm,
                          const Target& target) {
  const TileChoice& choice = ChoiceOf(algorithm);
  PLUMB_CHECK(choice.isa <= target.isa, "instruction set of another machine");
  AttentionParams a{};
  a.problem = problem;
  a.isa = choice.isa;
  a.softmax = choice.isa == Isa::kAvx512 ? OnlineSoftmaxAvx512()
              : choice.isa == Isa::kAvx2 ? OnlineSoftmaxAvx2()
                                         : OnlineSoftmaxScalar();
  a.key_panels = PanelsFor(choice, problem.keys);
  a.value_panels = PanelsFor(choice, problem.value_width);
  const int max_rows = TileSetFor(choice.isa).max_rows[choice.vectors];
  a.tiles = {problem.queries, std::max<std::int64_t>(1, problem.queries), max_rows, false};
  a.tiles_per_task = kMaxOnlineRows / max_rows;
  a.query_blocks = (a.tiles.count() + a.tiles_per_task - 1) / a.tiles_per_task;
  a.block_keys = kMaxBlockKeys / a.key_panels.width() * a.key_panels.width();
  a.key_blocks = (problem.keys + a.block_keys - 1) / a.block_keys;
  a.distinct_keys = Distinct(problem.batch, problem.k);
  a.distinct_values = Distinct(problem.batch, problem.v);
  a.key_floats = RoundUp(a.key_panels.floats(problem.width));
  a.value_floats = RoundUp(a.value_panels.floats(problem.keys));
  BoundKernel kernel;
  kernel.run = RunAttention;
  kernel.workspace_bytes = (a.distinct_keys * a.key_floats + a.distinct_values * a.value_floats) *
                           std::int64_t{sizeof(float)};
  kernel.params.Set(a);
  return kernel;
}

std::string AttentionAlgorithmName(const Algorithm& algorithm) {
  return absl::StrCat("attention ", TileChoiceName(ChoiceOf(algorithm)));
}

}  // namespace plumb::kernels
