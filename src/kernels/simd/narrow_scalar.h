// bf16 and 8-bit integers as lanes of Vec; include after vec_scalar.h. The other two headers of
// this name have the same functions for their vectors. n lanes, 1 to kLanes, are read or written.
#pragma once

#include "kernels/simd/vec_scalar.h"

namespace plumb::kernels {
namespace {

PLUMB_INLINE Vec LoadBF16(const uint16_t* p, int) {
  const uint32_t bits = static_cast<uint32_t>(*p) << 16;
  Vec result;
  memcpy(&result.v, &bits, sizeof(bits));
  return result;
}
// Rounds half to even; a NaN keeps its sign and becomes quiet.
PLUMB_INLINE void StoreBF16(uint16_t* p, Vec a, int) {
  uint32_t x;
  memcpy(&x, &a.v, sizeof(x));
  const uint32_t rounded = (x + 0x7fff + ((x >> 16) & 1)) >> 16;
  const uint32_t quiet = (x >> 16) | 0x40;
  *p = static_cast<uint16_t>((x & 0x7fffffff) > 0x7f800000 ? quiet : rounded);
}
PLUMB_INLINE Vec LoadI8(const int8_t* p, int) { return {static_cast<float>(*p)}; }
PLUMB_INLINE Vec LoadU8(const uint8_t* p, int) { return {static_cast<float>(*p)}; }
// Lanes must fit the type.
PLUMB_INLINE void StoreI8(int8_t* p, IVec a, int) { *p = static_cast<int8_t>(a.v); }
PLUMB_INLINE void StoreU8(uint8_t* p, IVec a, int) { *p = static_cast<uint8_t>(a.v); }
// Behind the bytes, up to `room` in all may be written.
PLUMB_INLINE void CopyBytes(char* to, const char* from, int64_t bytes, int64_t) {
  memcpy(to, from, static_cast<size_t>(bytes));
}
PLUMB_INLINE IVec LoadInt(const int32_t* p) { return {*p}; }
PLUMB_INLINE void StoreInt(int32_t* p, IVec a, int) { *p = a.v; }

}  // namespace
}  // namespace plumb::kernels
