// Loops that read, write and copy memory with the widest vectors of an instruction set.
#pragma once

#include <stdint.h>

namespace plumb::kernels {

// n is a multiple of 64 floats; pointers are 64-byte aligned.
struct BandwidthLoops {
  float (*read)(const float* src, int64_t n);  // returns something that depends on every element
  void (*write)(float* dst, int64_t n, float value);
  void (*copy)(const float* src, float* dst, int64_t n);
};
BandwidthLoops BandwidthScalar();
BandwidthLoops BandwidthAvx2();
BandwidthLoops BandwidthAvx512();

}  // namespace plumb::kernels
