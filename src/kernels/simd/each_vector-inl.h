// A loop over vectors, the last of fewer lanes. Include after one of the headers of Vec.
#pragma once

#include <stdint.h>

namespace plumb::kernels {
namespace {

// Calls fn(first element, lanes) for the vectors of `count` neighbouring elements.
template <typename Fn>
PLUMB_INLINE void ForEachVector(int64_t count, Fn&& fn) {
  int64_t i = 0;
  for (; i + Vec::kLanes <= count; i += Vec::kLanes) fn(i, Vec::kLanes);
  if (i < count) fn(i, static_cast<int>(count - i));
}

}  // namespace
}  // namespace plumb::kernels
