// Attention on the tiles of matrix products: candidates, their costs, and how they are cut.
#include "kernels/attention/attention.h"

#include <algorithm>
#include <span>

#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "kernels/attention/attention_plan.h"
#include "kernels/gemm/tile_choice.h"
#include "kernels/gemm/tile_set.h"

namespace plumb::kernels {
namespace {

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

// Different matrices of the batch.
std::int64_t Distinct(const std::array<std::int64_t, 3>& batch, const MatrixStrides& strides) {
  std::int64_t count = 1;
  for (std::size_t d = 0; d < 3; ++d) count *= strides.batch[d] != 0 ? batch[d] : 1;
  return count;
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
  a.skips = problem.has_mask && a.key_blocks > 1;
  a.mask_blocks = problem.mask.row == 0 ? 1 : a.query_blocks;
  a.distinct_masks = Distinct(problem.batch, problem.mask);
  BoundKernel kernel;
  kernel.run = RunAttention;
  std::int64_t floats = a.distinct_keys * a.key_floats + a.distinct_values * a.value_floats;
  if (a.skips) {
    floats += a.distinct_keys * a.key_panels.count() + a.distinct_values * a.key_blocks +
              a.distinct_masks * a.mask_blocks * a.key_blocks;
  }
  kernel.workspace_bytes = floats * std::int64_t{sizeof(float)};
  kernel.params.Set(a);
  return kernel;
}

std::string AttentionAlgorithmName(const Algorithm& algorithm) {
  return absl::StrCat("attention ", TileChoiceName(ChoiceOf(algorithm)));
}

}  // namespace plumb::kernels
