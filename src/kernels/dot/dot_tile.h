// The inner loops of narrow products: up to 32 rows of A by a panel of 16 or 32 columns of B.
//
// Elements lie in groups of four bytes along the sum: one fp32, two bf16 or int16, four int8. A row
// of A is contiguous. A panel of B is [groups][columns][4 bytes]; its groups are padded to a
// multiple of 16 with zeros.
#pragma once

#include <stdint.h>

namespace plumb::kernels {

inline constexpr int kDotRows = 32;     // at most, of a tile
inline constexpr int kDotColumns = 32;  // of a whole panel, and of a row of sums
inline constexpr int kDotLanes = 16;    // columns of a narrow panel
inline constexpr int kDotStep = 64;     // bytes of a row of A that padding is a multiple of

struct DotTile {
  const char* a;    // row r at a + r * a_pitch
  int64_t a_pitch;  // bytes
  int64_t rows;
  int64_t groups;  // of the sum; a multiple of 16 for sets whose rows are read in steps
  const char* b;
  int64_t columns;  // of the panel: 16 or 32
  void* sums;       // [rows][kDotColumns] fp32 or int32: written
  bool accumulate;  // added to what `sums` hold
};
using DotTileFn = void (*)(const DotTile& tile) noexcept;

// Where sums of floating products go: dst = act(sum + bias + residual) of the tile's first
// `columns` columns. Rows point at the first column of the tile.
struct DotFloats {
  int64_t rows;
  int64_t columns;
  float* sums;                       // [rows][kDotColumns]: overwritten
  const float* bias;                 // [kDotColumns] or null
  const char* const* residual_rows;  // or null
  char* const* dst_rows;
  int64_t residual_offset;  // bytes from a row's pointer to the tile's first column
  int64_t dst_offset;
  bool residual_bf16;  // else fp32
  bool dst_bf16;
  float low, high;  // NaN stays
};
using DotFloatsFn = void (*)(const DotFloats& out) noexcept;

// The same of integer sums; see dot.h for the formula.
struct DotIntegers {
  enum Type : uint8_t { kI8, kU8, kI32, kF32 };
  int64_t rows;
  int64_t columns;
  const int32_t* sums;
  const int32_t* offset;  // [kDotColumns], added to the sums
  const float* scale;     // [kDotColumns]
  const char* const* residual_rows;
  char* const* dst_rows;
  int64_t residual_offset;
  int64_t dst_offset;
  Type residual;
  Type dst;
  bool requantizes;  // without a residual
  float inner_low, inner_high, inner_step, residual_step;
  int32_t residual_zero;
  int32_t dst_zero;
  float low, high;  // in steps of dst, before its zero point
};
using DotIntegersFn = void (*)(const DotIntegers& out) noexcept;

// Depthwise: sums of `rows` outputs for channels [channel, channel + columns).
struct DotDepthwise {
  enum Type : uint8_t { kBF16, kI8, kU8 };
  const char* const* pixels;  // [rows][taps] channel 0 of what each output sees; null: padding
  int64_t rows;
  int64_t taps;
  int64_t channel;
  int64_t columns;       // at most kDotColumns
  const float* weights;  // [taps][weight_step], at `channel`
  int64_t weight_step;
  void* sums;  // [rows][kDotColumns] fp32, of integers int32
  Type type;
  float zero;  // of integers: taken off each element
};
using DotDepthwiseFn = void (*)(const DotDepthwise& d) noexcept;

// Bytes of four input rows, interleaved for each column of a strip and each channel.
inline constexpr int64_t kQuadChannels = 64;
inline constexpr int64_t kQuadBytes = 4 * kQuadChannels;
struct DotQuads {
  const char* rows[4];  // at column `begin`; null: padding
  int64_t columns;      // of the strip
  int64_t begin, end;   // of the columns that are in the image
  int64_t step;         // bytes between pixels
  int64_t channels;     // at most kQuadChannels are read
  uint8_t fill;         // what padding is made of
  uint8_t flip;         // bits that are turned over in every byte, padding too
  char* to;             // [columns][kQuadChannels][4]
};

// Sums of `rows` neighbouring outputs for kDotColumns channels. Groups are of four kernel rows.
struct DotQuadSums {
  const char* quads;  // of the first output's first column, at the first channel
  int64_t rows, row_step;
  int64_t groups, group_step;
  int64_t taps, tap_step;  // columns of the kernel
  const char* weights;     // [groups][taps][kDotColumns][4]
  void* sums;              // [rows][kDotColumns] int32
};

// Copies and conversions of contiguous elements; 8-bit integers lose their zero point.
struct DotConvert {
  void (*f32_to_bf16)(const float* from, uint16_t* to, int64_t count) noexcept;
  void (*bf16_to_f32)(const uint16_t* from, float* to, int64_t count) noexcept;
  void (*i8_to_i16)(const int8_t* from, int16_t* to, int64_t count, int32_t zero) noexcept;
  void (*u8_to_i16)(const uint8_t* from, int16_t* to, int64_t count, int32_t zero) noexcept;
  // Pixels of three planes of bytes, one after the other.
  void (*interleave3)(const uint8_t* const* planes, uint8_t* to, int64_t count) noexcept;
  // Copies `rows` runs of `bytes`, each a step on from the last on both sides. May write zeros or
  // anything else behind each, up to `room` bytes in all.
  void (*copy_rows)(const char* from, int64_t from_step, char* to, int64_t to_step, int64_t bytes,
                    int64_t room, int64_t rows) noexcept;
};

}  // namespace plumb::kernels
