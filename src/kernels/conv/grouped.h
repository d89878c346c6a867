// The inner loops of convolution in many narrow groups: vectors of output channels span groups, and
// what each lane reads is permuted from one or two vectors of input channels.
#pragma once

#include <cstdint>

namespace plumb::kernels {

inline constexpr int kMaxGroupedColumns = 7;

// Output columns [0, columns) of one image row for one vector of output channels, channels last.
// Sums run over `rows` (the kernel rows inside the image), then over the channels of the group,
// then over the kernel's columns. Column j reads the input columns j * stride + t * dilation of
// each row; those outside [inside_begin, inside_end) are padding.
struct GroupedBlock {
  const float* const* src;       // [rows] input column 0 of this block at the first channel read
  const float* const* weights;   // [rows] -> [group_channels][taps][lanes]
  const std::int32_t* lanes_of;  // [group_channels][lanes] which loaded channel each lane takes
  std::int64_t rows;
  std::int64_t taps;
  std::int64_t group_channels;
  std::int64_t stride;
  std::int64_t dilation;
  std::int64_t inside_begin;
  std::int64_t inside_end;
  std::int64_t src_step;  // between input columns
  std::int64_t loaded;    // channels that may be read, at most two vectors
  const float* bias;      // [lanes] or null
  const float* residual;  // or null
  std::int64_t residual_step;
  float* dst;
  std::int64_t dst_step;
  std::int64_t columns;
  std::int64_t channels;  // lanes to store
  float low;              // dst = max(low, min(high, x)); NaN stays
  float high;
};

using GroupedFn = void (*)(const GroupedBlock& block) noexcept;

// three[two][stride - 1][columns] for kernels of three columns without dilation, strides 1 and 2;
// any takes every kernel. two: 0 where one vector of input channels is enough, 1 where two are
// read.
struct GroupedTable {
  int lanes;
  GroupedFn three[2][2][kMaxGroupedColumns + 1];
  GroupedFn any[2];
};

extern const GroupedTable kGroupedAvx512;
extern const GroupedTable kGroupedAvx2;

}  // namespace plumb::kernels
