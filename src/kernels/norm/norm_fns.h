// The inner loops of the normalisations for a target.
#pragma once

#include "core/target.h"
#include "kernels/norm/norm_kernels.h"

namespace plumb::kernels {

inline NormFns NormFnsFor(const Target& target) {
  if (target.isa == Isa::kAvx512) return NormAvx512();
  return target.isa == Isa::kAvx2 ? NormAvx2() : NormScalar();
}

}  // namespace plumb::kernels
