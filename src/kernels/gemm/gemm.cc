#include "kernels/gemm/gemm.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "kernels/gemm/matrix_source.h"
#include "kernels/gemm/tile_choice.h"
#include "kernels/gemm/tile_loop.h"

namespace plumb::kernels {
namespace {

struct GemmParams {
  LoopShape shape;
  std::int64_t k;
  std::array<std::int64_t, 3> batch;
  MatrixStrides a;
  MatrixStrides b;
  MatrixStrides c;
  MatrixStrides residual;
  float alpha;
  bool constant_b;
  bool has_bias;
  std::int64_t cache_tiles;
};

const TileChoice& ChoiceOf(const Algorithm& algorithm) {
  const auto choices = TileChoices();
  PLUMB_CHECK(algorithm.id >= 0 && static_cast<std::size_t>(algorithm.id) < choices.size(),
              "no gemm algorithm ", algorithm.id);
  return choices[static_cast<std::size_t>(algorithm.id)];
}

// Different matrices B of the batch.
std::int64_t DistinctB(const std::array<std::int64_t, 3>& batch, const MatrixStrides& b) {
  std::int64_t count = 1;
  for (int d = 0; d < 3; ++d) count *= b.batch[d] != 0 ? batch[d] : 1;
  return count;
}

// Floats of one packed B: the bias, then the panels.
std::int64_t PackedFloats(const Panels& panels, std::int64_t k, bool has_bias) {
  const std::int64_t bias = has_bias ? (panels.padded_columns() + 15) / 16 * 16 : 0;
  return bias + (panels.floats(k) + 15) / 16 * 16;
}

// Position of one batch entry: the offset of each operand and the number of its B.
struct BatchEntry {
  std::int64_t a = 0;
  std::int64_t b = 0;
  std::int64_t c = 0;
  std::int64_t residual = 0;
  std::int64_t b_index = 0;
};

BatchEntry EntryAt(const GemmParams& p, std::int64_t index) {
  BatchEntry entry;
  std::int64_t b_scale = 1;
  for (int d = 2; d >= 0; --d) {
    const std::int64_t i = index % p.batch[d];
    index /= p.batch[d];
    entry.a += i * p.a.batch[d];
    entry.b += i * p.b.batch[d];
    entry.c += i * p.c.batch[d];
    entry.residual += i * p.residual.batch[d];
    if (p.b.batch[d] != 0) {
      entry.b_index += i * b_scale;
      b_scale *= p.batch[d];
    }
  }
  return entry;
}

// Packs every distinct B of the call into the workspace.
void PackDynamic(const GemmParams& p, const Call& call) {
  const Panels& panels = p.shape.panels;
  const std::int64_t distinct = DistinctB(p.batch, p.b);
  const std::int64_t floats = PackedFloats(panels, p.k, false);
  const float* from = static_cast<const float*>(call.operands[1]);
  float* to = static_cast<float*>(call.workspace);
  call.pool->ParallelFor(distinct * panels.count(), [&](std::int64_t task) {
    const std::int64_t panel = task % panels.count();
    std::int64_t index = task / panels.count();
    float* packed = to + index * floats + panels.offset(panel, p.k);
    std::int64_t offset = 0;
    for (int d = 2; d >= 0; --d) {
      if (p.b.batch[d] == 0) continue;
      offset += index % p.batch[d] * p.b.batch[d];
      index /= p.batch[d];
    }
    PackPanel(panels, panel, p.k, from + offset, p.b.row, p.b.col, p.alpha, packed);
  });
}

void RunGemm(const void* params, const Call& call) noexcept {
  const GemmParams& p = *static_cast<const GemmParams*>(params);
  const std::int64_t batch = p.batch[0] * p.batch[1] * p.batch[2];
  const std::int64_t tiles = p.shape.tiles.count();
  const Panels& panels = p.shape.panels;
  if (batch == 0 || tiles == 0 || panels.columns == 0) return;
  if (!p.constant_b) PackDynamic(p, call);
  const float* packed = static_cast<const float*>(p.constant_b ? call.operands[1] : call.workspace);
  const float* residual = static_cast<const float*>(call.operands[2]);
  // Sums of several chunks wait in C, where they would overwrite a residual in the same place.
  LoopShape shape = p.shape;
  if (residual == call.operands[3] && shape.run_chunk < shape.run) shape.staged = true;

  const std::int64_t floats = PackedFloats(panels, p.k, p.has_bias);
  const double k_bytes = static_cast<double>(p.k) * sizeof(float);
  const TaskGrid grid({.products = batch,
                       .rows = shape.tiles.rows,
                       .tiles = tiles,
                       .panels = panels.count(),
                       .a_bytes = k_bytes * static_cast<double>(shape.tiles.rows),
                       .b_bytes = k_bytes * static_cast<double>(panels.columns),
                       .block_tiles = p.cache_tiles},
                      call.pool->threads());
  const auto run = [&](std::int64_t product, const TileBlock& block) {
    const BatchEntry entry = EntryAt(p, product);
    const float* b = packed + entry.b_index * floats;
    const MatrixSource source{static_cast<const float*>(call.operands[0]) + entry.a,
                              p.a.row,
                              p.a.col,
                              shape.copies_rows,
                              static_cast<float*>(call.operands[3]) + entry.c,
                              p.c.row,
                              p.c.col,
                              shape.epilogue.has_residual ? residual + entry.residual : nullptr,
                              p.residual.row,
                              p.residual.col};
    const float* panels_begin = b + (p.has_bias ? (panels.padded_columns() + 15) / 16 * 16 : 0);
    TileLoop<MatrixSource> loop(shape, source, panels_begin, p.has_bias ? b : nullptr);
    loop.Run(block);
  };
  call.pool->ParallelForRanges(grid.count(), [&](std::int64_t begin, std::int64_t end, int) {
    grid.ForEachBlock(begin, end, run);
  });
}

// Batches of A over one B are more rows of A where the strides allow it.
void FoldBatchIntoRows(GemmProblem* p) {
  for (int d = 2; d >= 0; --d) {
    if (p->batch[d] == 1) continue;
    const bool follows =
        p->b.batch[d] == 0 && p->a.batch[d] == p->m * p->a.row &&
        p->c.batch[d] == p->m * p->c.row &&
        (!p->epilogue.has_residual || p->residual.batch[d] == p->m * p->residual.row);
    if (!follows) return;
    p->m *= p->batch[d];
    p->batch[d] = 1;
  }
}

}  // namespace

void ListGemm(const GemmProblem& problem, const Target& target,
              std::vector<Algorithm>* algorithms) {
  algorithms->clear();
  const auto choices = TileChoices();
  std::vector<double> efficiency;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    efficiency.push_back(TileEfficiency(choices[i], target, problem.m, problem.n, problem.k));
    if (choices[i].isa > target.isa) continue;
    algorithms->push_back({.id = static_cast<std::int16_t>(i)});
  }
  std::stable_sort(algorithms->begin(), algorithms->end(),
                   [&](const Algorithm& x, const Algorithm& y) {
                     const Isa x_isa = choices[static_cast<std::size_t>(x.id)].isa;
                     const Isa y_isa = choices[static_cast<std::size_t>(y.id)].isa;
                     if (x_isa != y_isa) return x_isa > y_isa;
                     return efficiency[static_cast<std::size_t>(x.id)] >
                            efficiency[static_cast<std::size_t>(y.id)] + 0.02;
                   });
}

Estimate EstimateGemm(const GemmProblem& problem, const Algorithm& algorithm,
                      const Target& target) {
  const auto number = [](std::int64_t x) { return static_cast<double>(x); };
  const double batch = number(problem.batch[0] * problem.batch[1] * problem.batch[2]);
  const double mn = number(problem.m) * number(problem.n) * batch;
  const double b =
      number(problem.k) * number(problem.n) * number(DistinctB(problem.batch, problem.b));
  Estimate estimate;
  estimate.ops = 2 * mn * number(problem.k);
  estimate.bytes = sizeof(float) * (number(problem.m) * number(problem.k) * batch +
                                    mn * (problem.epilogue.has_residual ? 2 : 1) +
                                    b * (problem.constant_b ? 1 : 3));
  estimate.efficiency =
      TileEfficiency(ChoiceOf(algorithm), target, problem.m, problem.n, problem.k);
  estimate.overhead_ns = 300;
  return estimate;
}

std::int64_t PackedGemmBytes(const GemmProblem& problem, const Algorithm& algorithm) {
  if (!problem.constant_b) return 0;
  const Panels panels = PanelsFor(ChoiceOf(algorithm), problem.n);
  return DistinctB(problem.batch, problem.b) *
         PackedFloats(panels, problem.k, problem.epilogue.has_bias) * std::int64_t{sizeof(float)};
}

void PackGemm(const GemmProblem& problem, const Algorithm& algorithm, const LooseFloat* b,
              const float* bias, void* packed) {
  PLUMB_CHECK(problem.constant_b && problem.epilogue.has_bias == (bias != nullptr));
  const Panels panels = PanelsFor(ChoiceOf(algorithm), problem.n);
  float* to = static_cast<float*>(packed);
  for (std::int64_t i = 0; i < DistinctB(problem.batch, problem.b); ++i) {
    std::int64_t offset = 0;
    std::int64_t rest = i;
    for (int d = 2; d >= 0; --d) {
      if (problem.b.batch[d] == 0) continue;
      offset += rest % problem.batch[d] * problem.b.batch[d];
      rest /= problem.batch[d];
    }
    float* panel_floats = to;
    if (bias != nullptr) {
      const std::int64_t padded = (panels.padded_columns() + 15) / 16 * 16;
      std::fill(std::copy(bias, bias + problem.n, to), to + padded, 0.0f);
      panel_floats += padded;
    }
    for (std::int64_t panel = 0; panel < panels.count(); ++panel) {
      PackPanel(panels, panel, problem.k, b + offset, problem.b.row, problem.b.col, problem.alpha,
                panel_floats + panels.offset(panel, problem.k));
    }
    to += PackedFloats(panels, problem.k, problem.epilogue.has_bias);
  }
}

BoundKernel BindGemm(const GemmProblem& original, const Algorithm& algorithm,
                     const Target& target) {
  GemmProblem problem = original;
  FoldBatchIntoRows(&problem);
  const Epilogue& epilogue = problem.epilogue;
  PLUMB_CHECK(problem.constant_b || !epilogue.has_bias, "a bias needs a constant b");
  const TileChoice& choice = ChoiceOf(algorithm);
  const TileSet& set = TileSetFor(choice.isa);
  const Panels panels = PanelsFor(choice, problem.n);

  GemmParams p{};
  p.k = problem.k;
  p.batch = problem.batch;
  p.a = problem.a;
  p.b = problem.b;
  p.c = problem.c;
  p.residual = problem.residual;
  p.alpha = problem.alpha;
  p.constant_b = problem.constant_b;
  p.has_bias = epilogue.has_bias;
  LoopShape& shape = p.shape;
  shape.isa = choice.isa;
  shape.panels = panels;
  shape.tiles = {problem.m, std::max<std::int64_t>(1, problem.m), set.max_rows[choice.vectors],
                 false};
  shape.run = problem.k;
  shape.epilogue = epilogue;
  shape.residual_per_row = epilogue.has_residual && problem.residual.col == 0;
  shape.staged = problem.c.col != 1 || (epilogue.has_residual && problem.residual.col > 1) ||
                 (epilogue.has_residual && problem.residual.col < 0);
  // Rows a multiple of half a page apart fall on few sets of the first-level cache.
  const bool aliases = problem.a.row % 512 == 0 && problem.m > 4 && panels.count() >= 4;
  shape.copies_rows = panels.count() > 1 && (problem.a.col != 1 || aliases);
  constexpr std::int64_t kChunk = 512;
  const bool chunked =
      problem.m > shape.tiles.max_rows && (shape.copies_rows || problem.k > 2 * kChunk);
  ChooseChunks(chunked ? kChunk : 3 * kChunk, &shape);
  p.cache_tiles =
      target.l2_bytes / 3 / std::max<std::int64_t>(1, shape.run_chunk * 4) / shape.tiles.max_rows;
  BoundKernel kernel;
  kernel.run = RunGemm;
  if (!problem.constant_b) {
    kernel.workspace_bytes = DistinctB(problem.batch, problem.b) *
                             PackedFloats(panels, problem.k, false) * std::int64_t{sizeof(float)};
  }
  kernel.params.Set(p);
  return kernel;
}

std::string GemmAlgorithmName(const Algorithm& algorithm) {
  return absl::StrCat("gemm ", TileChoiceName(ChoiceOf(algorithm)));
}

}  // namespace plumb::kernels
