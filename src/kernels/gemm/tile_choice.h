// The table of tiles that algorithms are made of, and how well each fits a product.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/target.h"
#include "kernels/gemm/panels.h"

namespace plumb::kernels {

struct TileChoice {
  Isa isa;
  int vectors;
};

std::span<const TileChoice> TileChoices();             // the rows of gemm.def
std::string TileChoiceName(const TileChoice& choice);  // "avx512 14x32"

Panels PanelsFor(const TileChoice& choice, std::int64_t columns);

// Attainable share of the FMA peak of `target` for [rows, columns] sums of `products` each: what
// idle lanes, short tiles, short sums and the narrower registers of a lower instruction set leave.
double TileEfficiency(const TileChoice& choice, const Target& target, std::int64_t rows,
                      std::int64_t columns, std::int64_t products);

}  // namespace plumb::kernels
