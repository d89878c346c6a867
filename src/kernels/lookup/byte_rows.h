// Inner loops of the lookup: rows of contiguous bytes. Free of the standard library, for sources of
// one instruction set.
#pragma once

#include <stdint.h>

namespace plumb::kernels {

struct ByteRows {
  const uint8_t* src;  // [rows][columns] at a pitch
  uint8_t* dst;
  int64_t src_pitch;
  int64_t dst_pitch;
  int64_t rows;
  int64_t columns;
  const uint8_t* table;  // [256]
};
using ByteRowsFn = void (*)(const ByteRows& rows) noexcept;

void LookUpRowsScalar(const ByteRows& rows) noexcept;
void LookUpRowsAvx2(const ByteRows& rows) noexcept;
void LookUpRowsAvx512(const ByteRows& rows) noexcept;

}  // namespace plumb::kernels
