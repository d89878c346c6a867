#include "kernels/lookup/byte_rows.h"

namespace plumb::kernels {

void LookUpRowsScalar(const ByteRows& rows) noexcept {
  for (int64_t r = 0; r < rows.rows; ++r) {
    const uint8_t* src = rows.src + r * rows.src_pitch;
    uint8_t* dst = rows.dst + r * rows.dst_pitch;
    for (int64_t i = 0; i < rows.columns; ++i) dst[i] = rows.table[src[i]];
  }
}

}  // namespace plumb::kernels
