// Bodies of Winograd's transforms, written once over Vec. Include after one of simd/vec_*.h.
// The points of interpolation are 0, 1, -1, 2, -2, 1/2, -1/2 and infinity, as many as needed.
#pragma once

#include "kernels/conv/winograd.h"

namespace plumb::kernels {
namespace {

// B^T d in one dimension, in place.
PLUMB_INLINE void InputLine(Vec (&d)[4]) {
  const Vec d1 = d[1];
  d[0] = d[0] - d[2];
  d[1] = d1 + d[2];
  d[2] = d[2] - d1;
  d[3] = d[3] - d1;
}

PLUMB_INLINE void InputLine(Vec (&d)[6]) {
  const Vec four = Broadcast(4.0f), five = Broadcast(5.0f), two = Broadcast(2.0f);
  const Vec even1 = d[4] - four * d[2], odd1 = d[3] - four * d[1];
  const Vec even2 = d[4] - d[2], odd2 = two * (d[3] - d[1]);
  d[0] = Fma(four, d[0], d[4]) - five * d[2];
  d[5] = Fma(four, d[1], d[5]) - five * d[3];
  d[1] = even1 + odd1;
  d[2] = even1 - odd1;
  d[3] = even2 + odd2;
  d[4] = even2 - odd2;
}

PLUMB_INLINE void InputLine(Vec (&d)[8]) {
  const Vec a = Broadcast(5.25f), b = Broadcast(4.25f), c = Broadcast(2.5f);
  const Vec even1 = d[2] + d[6] - b * d[4], odd1 = d[1] + d[5] - b * d[3];
  const Vec even2 = Fma(Broadcast(0.25f), d[2], d[6]) - Broadcast(1.25f) * d[4];
  const Vec odd2 = Fma(Broadcast(0.5f), d[1], Broadcast(2.0f) * d[5]) - c * d[3];
  const Vec even3 = Fma(Broadcast(4.0f), d[2], d[6]) - Broadcast(5.0f) * d[4];
  const Vec odd3 = Fma(Broadcast(2.0f), d[1], Broadcast(0.5f) * d[5]) - c * d[3];
  d[0] = Fma(a, d[4] - d[2], d[0] - d[6]);
  d[7] = Fma(a, d[3] - d[5], d[7] - d[1]);
  d[1] = even1 + odd1;
  d[2] = even1 - odd1;
  d[3] = even2 + odd2;
  d[4] = even2 - odd2;
  d[5] = even3 + odd3;
  d[6] = even3 - odd3;
}

// The points besides 0 and infinity come in pairs p, -p. What G divides each pair by, and 0,
// depends on how many there are.
constexpr float kPoints[] = {1.0f, 2.0f, 0.5f};
template <int kInputs>
constexpr float kZeroScale = kInputs == 6 ? 1.0f / 4 : 1.0f;
template <int kInputs>
constexpr float kPairScales[3] = {};
template <>
constexpr float kPairScales<4>[3] = {1.0f / 2};
template <>
constexpr float kPairScales<6>[3] = {-1.0f / 6, 1.0f / 24};
template <>
constexpr float kPairScales<8>[3] = {-2.0f / 9, 1.0f / 90, 32.0f / 45};

constexpr float Power(float x, int n) { return n == 0 ? 1.0f : x * Power(x, n - 1); }

// A^T x in one dimension.
template <int kInputs, int kOutputs>
PLUMB_INLINE void OutputLine(const Vec (&x)[kInputs], Vec (&y)[kOutputs]) {
  constexpr int kPairs = (kInputs - 2) / 2;
  Vec sum[kPairs], difference[kPairs];
#pragma GCC unroll 3
  for (int i = 0; i < kPairs; ++i) {
    sum[i] = x[1 + 2 * i] + x[2 + 2 * i];
    difference[i] = x[1 + 2 * i] - x[2 + 2 * i];
  }
#pragma GCC unroll 6
  for (int k = 0; k < kOutputs; ++k) {
    y[k] = k % 2 == 0 ? sum[0] : difference[0];
#pragma GCC unroll 3
    for (int i = 1; i < kPairs; ++i) {
      y[k] = Fma(Broadcast(Power(kPoints[i], k)), k % 2 == 0 ? sum[i] : difference[i], y[k]);
    }
    if (k == 0) y[k] = y[k] + x[0];
    if (k == kOutputs - 1) y[k] = y[k] + x[kInputs - 1];
  }
}

// G g in one dimension.
template <int kInputs, int kTaps>
PLUMB_INLINE void WeightLine(const Vec (&g)[kTaps], Vec (&y)[kInputs]) {
  y[0] = Broadcast(kZeroScale<kInputs>) * g[0];
#pragma GCC unroll 3
  for (int i = 0; i < (kInputs - 2) / 2; ++i) {
    const float scale = kPairScales<kInputs>[i];
    Vec even = Broadcast(scale) * g[0];
    Vec odd = Broadcast(scale * kPoints[i]) * g[1];
#pragma GCC unroll 7
    for (int t = 2; t < kTaps; ++t) {
      Vec& part = t % 2 == 0 ? even : odd;
      part = Fma(Broadcast(scale * Power(kPoints[i], t)), g[t], part);
    }
    y[1 + 2 * i] = even + odd;
    y[2 + 2 * i] = even - odd;
  }
  y[kInputs - 1] = g[kTaps - 1];
}

// Lines along the axis that has one element stay as they are.
PLUMB_INLINE void InputLine(Vec (&)[1]) {}
PLUMB_INLINE void OutputLine(const Vec (&x)[1], Vec (&y)[1]) { y[0] = x[0]; }
PLUMB_INLINE void WeightLine(const Vec (&g)[1], Vec (&y)[1]) { y[0] = g[0]; }

template <int kRows, int kColumns>
PLUMB_INLINE void InputChannels(const WinogradInput& tile, std::int64_t channel, int lanes,
                                bool partial) {
  Vec columns[kRows][kColumns];
  for (int j = 0; j < kColumns; ++j) {
    Vec line[kRows];
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) {
      const float* at = tile.pixels[i * kColumns + j] + channel;
      line[i] = partial ? LoadPartial(at, lanes) : Load(at);
    }
    InputLine(line);
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) columns[i][j] = line[i];
  }
  float* to = tile.to + channel - tile.first;
  for (int i = 0; i < kRows; ++i) {
    InputLine(columns[i]);
#pragma GCC unroll 8
    for (int j = 0; j < kColumns; ++j, to += tile.plane) {
      if (partial) {
        StorePartial(to, columns[i][j], lanes);
      } else {
        Store(to, columns[i][j]);
      }
    }
  }
}

template <int kRows, int kColumns>
void TransformInput(const WinogradInput& tile) noexcept {
  std::int64_t channel = tile.first;
  for (; channel + Vec::kLanes <= tile.end; channel += Vec::kLanes) {
    InputChannels<kRows, kColumns>(tile, channel, Vec::kLanes, false);
  }
  if (channel < tile.end) {
    InputChannels<kRows, kColumns>(tile, channel, static_cast<int>(tile.end - channel), true);
  }
}

template <int kRows, int kOutRows, int kColumns, int kOutColumns>
PLUMB_INLINE void OutputChannels(const WinogradOutput& tile, std::int64_t channel, int lanes,
                                 bool partial) {
  Vec columns[kOutRows][kColumns];
  for (int j = 0; j < kColumns; ++j) {
    Vec line[kRows], short_line[kOutRows];
    const float* from = tile.from + channel + j * tile.plane;
#pragma GCC unroll 8
    for (int i = 0; i < kRows; ++i) line[i] = Load(from + i * kColumns * tile.plane);
    OutputLine(line, short_line);
#pragma GCC unroll 6
    for (int i = 0; i < kOutRows; ++i) columns[i][j] = short_line[i];
  }
  const Vec low = Broadcast(tile.low), high = Broadcast(tile.high);
  const Vec bias = tile.bias != nullptr ? Load(tile.bias + channel) : Broadcast(0.0f);
  for (int i = 0; i < kOutRows; ++i) {
    Vec line[kOutColumns];
    OutputLine(columns[i], line);
    for (int j = 0; j < kOutColumns; ++j) {
      const int pixel = i * kOutColumns + j;
      if (tile.pixels[pixel] == nullptr) continue;
      Vec y = line[j] + bias;
      if (tile.residual != nullptr) {
        const float* at = tile.residual[pixel] + channel;
        y = y + (partial ? LoadPartial(at, lanes) : Load(at));
      }
      y = Max(low, Min(high, y));
      if (partial) {
        StorePartial(tile.pixels[pixel] + channel, y, lanes);
      } else {
        Store(tile.pixels[pixel] + channel, y);
      }
    }
  }
}

template <int kRows, int kOutRows, int kColumns, int kOutColumns>
void TransformOutput(const WinogradOutput& tile) noexcept {
  std::int64_t channel = 0;
  for (; channel + Vec::kLanes <= tile.channels; channel += Vec::kLanes) {
    OutputChannels<kRows, kOutRows, kColumns, kOutColumns>(tile, channel, Vec::kLanes, false);
  }
  if (channel < tile.channels) {
    OutputChannels<kRows, kOutRows, kColumns, kOutColumns>(
        tile, channel, static_cast<int>(tile.channels - channel), true);
  }
}

template <int kRows, int kTapRows, int kColumns, int kTapColumns>
void TransformWeights(const WinogradWeights& weights) noexcept {
  constexpr std::int64_t kAhead = 2048;  // floats; weights come from memory
  constexpr int kKernel = kTapRows * kTapColumns;
  const std::int64_t width = std::int64_t{weights.vectors} * Vec::kLanes;
  const float* from = weights.from;
  float* to = weights.to;
  for (std::int64_t c = 0; c < weights.channels; ++c, from += (kKernel - 1) * width) {
    for (int v = 0; v < weights.vectors; ++v, from += Vec::kLanes, to += Vec::kLanes) {
#pragma GCC unroll 25
      for (int t = 0; t < kKernel; ++t) __builtin_prefetch(from + kAhead + t * width, 0, 2);
      Vec columns[kRows][kTapColumns];
#pragma GCC unroll 7
      for (int j = 0; j < kTapColumns; ++j) {
        Vec line[kTapRows], long_line[kRows];
#pragma GCC unroll 5
        for (int i = 0; i < kTapRows; ++i) line[i] = Load(from + (i * kTapColumns + j) * width);
        WeightLine(line, long_line);
#pragma GCC unroll 8
        for (int i = 0; i < kRows; ++i) columns[i][j] = long_line[i];
      }
      float* plane = to;
#pragma GCC unroll 8
      for (int i = 0; i < kRows; ++i) {
        Vec line[kColumns];
        WeightLine(columns[i], line);
#pragma GCC unroll 8
        for (int j = 0; j < kColumns; ++j, plane += weights.plane) Store(plane, line[j]);
      }
    }
  }
}

#define PLUMB_WINOGRAD_FORMS(SQUARE, LINE)                                                        \
  {                                                                                               \
    SQUARE(4, 3), SQUARE(6, 3), SQUARE(8, 3), SQUARE(6, 5), SQUARE(8, 5), LINE(4, 3), LINE(6, 3), \
        LINE(8, 3), LINE(6, 5), LINE(8, 5), LINE(8, 7)                                            \
  }
#define PLUMB_INPUT_SQUARE(inputs, taps) TransformInput<inputs, inputs>
#define PLUMB_INPUT_LINE(inputs, taps) TransformInput<1, inputs>
#define PLUMB_OUTPUT_SQUARE(inputs, taps) \
  TransformOutput<inputs, inputs - taps + 1, inputs, inputs - taps + 1>
#define PLUMB_OUTPUT_LINE(inputs, taps) TransformOutput<1, 1, inputs, inputs - taps + 1>
#define PLUMB_WEIGHTS_SQUARE(inputs, taps) TransformWeights<inputs, taps, inputs, taps>
#define PLUMB_WEIGHTS_LINE(inputs, taps) TransformWeights<1, 1, inputs, taps>

// In the order of kWinogradForms.
constexpr WinogradTable kWinogradTable = {
    PLUMB_WINOGRAD_FORMS(PLUMB_INPUT_SQUARE, PLUMB_INPUT_LINE),
    PLUMB_WINOGRAD_FORMS(PLUMB_OUTPUT_SQUARE, PLUMB_OUTPUT_LINE),
    PLUMB_WINOGRAD_FORMS(PLUMB_WEIGHTS_SQUARE, PLUMB_WEIGHTS_LINE)};

}  // namespace
}  // namespace plumb::kernels
