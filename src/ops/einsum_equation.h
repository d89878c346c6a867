// The equation of Einsum: which dimensions of the operands and the result are the same.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/status.h"

namespace plumb::ops {

// Labels are numbered in the order of the result, then the summed ones.
struct EinsumEquation {
  std::vector<std::vector<int>> operands;  // the label of each dimension
  int result_rank = 0;                     // labels 0 ... result_rank - 1 are the result's
  int labels = 0;
};

// "bij,bjk->bik"; without "->" the result has the labels that occur once, in alphabetical order;
// "..." stands for any leading dimensions, which broadcast. `ranks` are those of the operands.
// Errors say what is wrong with the equation.
StatusOr<EinsumEquation> ParseEinsum(std::string_view equation, const std::vector<int>& ranks);

}  // namespace plumb::ops
