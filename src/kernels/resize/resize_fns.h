// The inner loops of resizing for a target.
#pragma once

#include "core/target.h"
#include "kernels/resize/resize_kernels.h"

namespace plumb::kernels {

inline ResizeFns ResizeFnsFor(const Target& target) {
  if (target.isa == Isa::kAvx512) return ResizeAvx512();
  return target.isa == Isa::kAvx2 ? ResizeAvx2() : ResizeScalar();
}

}  // namespace plumb::kernels
