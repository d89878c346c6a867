// Rows of a convolution's virtual matrix A as bytes, and where rows of C lie.
#pragma once

#include <cstdint>

#include "kernels/conv/conv_phase.h"
#include "kernels/dot/dot_tile.h"

namespace plumb::kernels {

// One group of one phase of an image whose channels lie together.
struct DotRows {
  ConvPhase phase;
  std::array<std::int64_t, 3> in_size;
  std::int64_t batch_stride;  // bytes, as all that follows
  std::array<std::int64_t, 3> strides;
  std::int64_t pixel_bytes;  // of the group's channels
  const char* src;           // first channel of the group
  std::uint8_t fill;         // what padding is made of, byte by byte
  bool zero_tail;            // what follows a row is multiplied by 0, which NaN would survive

  std::int64_t row_bytes() const { return phase.taps() * pixel_bytes; }

  // Distance of consecutive rows where each is contiguous in the image and all are evenly spaced,
  // else 0.
  std::int64_t EvenPitch(std::int64_t batch) const;
  // Start of row 0 where EvenPitch is not 0.
  const char* FirstRow() const;

  // Writes taps [tap_begin, tap_end) of rows [row, row + rows), each row `pitch` bytes from the
  // last and followed by zeros, or anything, up to `padded` bytes.
  void Gather(const DotConvert& convert, std::int64_t row, std::int64_t rows,
              std::int64_t tap_begin, std::int64_t tap_end, char* to, std::int64_t pitch,
              std::int64_t padded) const;
};

// The pixels that outputs [row, row + rows) of the phase see: pixels[r][tap], null where padding
// is.
void FindTaps(const DotRows& image, std::int64_t row, std::int64_t rows, const char** pixels);

// pointers[i] = base + byte offset of output row `row + i` of the phase; strides in bytes.
void PlaceRows(const ConvPhase& phase, std::int64_t batch_stride,
               const std::array<std::int64_t, 3>& strides, std::int64_t row, std::int64_t rows,
               char* base, char** pointers);

}  // namespace plumb::kernels
