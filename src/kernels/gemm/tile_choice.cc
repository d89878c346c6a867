#include "kernels/gemm/tile_choice.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/status.h"
#include "kernels/gemm/tile_set.h"

namespace plumb::kernels {
namespace {

#define PLUMB_GEMM(isa, vectors) {Isa::isa, vectors},
constexpr TileChoice kChoices[] = {
#include "kernels/gemm/gemm.def"
};
#undef PLUMB_GEMM

// Cycles of one step of k, in multiply-adds of a vector: two loads feed two multiply-adds at best,
// and a chain of multiply-adds is four cycles of two deep. Pointers to more rows than there are
// registers are loaded too.
double StepCost(int rows, int vectors) {
  constexpr int kPointers = 10;
  const double products = rows * vectors;
  const double loads = rows + vectors + std::max(0, rows - kPointers);
  return std::max({products, loads, 8.0});
}

// Starting and storing a tile, in products of every sum: each row has its pointers, each sum its
// store.
double EndCost(int vectors) { return 3 + 6.0 / vectors; }

}  // namespace

std::span<const TileChoice> TileChoices() { return kChoices; }

std::string TileChoiceName(const TileChoice& choice) {
  const TileSet& set = TileSetFor(choice.isa);
  return absl::StrCat(Str(IsaName(choice.isa)), " ", set.max_rows[choice.vectors], "x",
                      set.lanes * choice.vectors);
}

Panels PanelsFor(const TileChoice& choice, std::int64_t columns) {
  return {columns, TileSetFor(choice.isa).lanes, choice.vectors};
}

double TileEfficiency(const TileChoice& choice, const Target& target, std::int64_t rows,
                      std::int64_t columns, std::int64_t products) {
  if (rows <= 0 || columns <= 0 || products <= 0) return 1;
  const TileSet& set = TileSetFor(choice.isa);
  const Panels panels = PanelsFor(choice, columns);
  const std::int64_t max_rows = set.max_rows[choice.vectors];
  const std::int64_t whole = rows / max_rows;
  const int rest = static_cast<int>(rows % max_rows);
  double cost = 0;
  const double sums = static_cast<double>(products);
  auto add_panels = [&](int vectors, std::int64_t count) {
    double tiles = static_cast<double>(whole) * StepCost(static_cast<int>(max_rows), vectors);
    if (rest > 0) tiles += StepCost(rest, vectors);
    cost += static_cast<double>(count) * tiles * (sums + EndCost(vectors)) / sums;
  };
  const std::int64_t last = panels.count() - 1;
  add_panels(choice.vectors, last);
  add_panels(panels.vectors_of(last), 1);
  const double useful = static_cast<double>(rows) * static_cast<double>(columns);
  const double width = static_cast<double>(set.lanes) / std::max(1, target.vector_floats());
  return std::min(1.0, useful / (cost * set.lanes)) * std::min(1.0, width);
}

}  // namespace plumb::kernels
