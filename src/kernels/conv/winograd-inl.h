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
  d[3] = d1 - d[3];
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

// A^T x in one dimension.
PLUMB_INLINE void OutputLine(const Vec (&x)[4], Vec (&y)[2]) {
  y[0] = x[0] + x[1] + x[2];
  y[1] = x[1] - x[2] - x[3];
}

PLUMB_INLINE void OutputLine(const Vec (&x)[6], Vec (&y)[4]) {
  const Vec sum1 = x[1] + x[2], difference1 = x[1] - x[2];
  const Vec sum2 = x[3] + x[4], difference2 = x[3] - x[4];
  y[0] = x[0] + sum1 + sum2;
  y[1] = Fma(Broadcast(2.0f), difference2, difference1);
  y[2] = Fma(Broadcast(4.0f), sum2, sum1);
  y[3] = Fma(Broadcast(8.0f), difference2, difference1) + x[5];
}

PLUMB_INLINE void OutputLine(const Vec (&x)[8], Vec (&y)[6]) {
  const Vec sum1 = x[1] + x[2], difference1 = x[1] - x[2];
  const Vec sum2 = x[3] + x[4], difference2 = x[3] - x[4];
  const Vec sum3 = x[5] + x[6], difference3 = x[5] - x[6];
  y[0] = x[0] + sum1 + sum2 + sum3;
  y[1] = Fma(Broadcast(0.5f), difference3, Fma(Broadcast(2.0f), difference2, difference1));
  y[2] = Fma(Broadcast(0.25f), sum3, Fma(Broadcast(4.0f), sum2, sum1));
  y[3] = Fma(Broadcast(0.125f), difference3, Fma(Broadcast(8.0f), difference2, difference1));
  y[4] = Fma(Broadcast(0.0625f), sum3, Fma(Broadcast(16.0f), sum2, sum1));
  y[5] =
      Fma(Broadcast(0.03125f), difference3, Fma(Broadcast(32.0f), difference2, difference1)) + x[7];
}

template <int kInputs>
PLUMB_INLINE void InputChannels(const WinogradInput& tile, std::int64_t channel, int lanes,
                                bool partial) {
  Vec columns[kInputs][kInputs];
  for (int j = 0; j < kInputs; ++j) {
    Vec line[kInputs];
#pragma GCC unroll 8
    for (int i = 0; i < kInputs; ++i) {
      const float* at = tile.pixels[i * kInputs + j] + channel;
      line[i] = partial ? LoadPartial(at, lanes) : Load(at);
    }
    InputLine(line);
#pragma GCC unroll 8
    for (int i = 0; i < kInputs; ++i) columns[i][j] = line[i];
  }
  float* to = tile.to + channel - tile.first;
  for (int i = 0; i < kInputs; ++i) {
    InputLine(columns[i]);
#pragma GCC unroll 8
    for (int j = 0; j < kInputs; ++j, to += tile.plane) {
      if (partial) {
        StorePartial(to, columns[i][j], lanes);
      } else {
        Store(to, columns[i][j]);
      }
    }
  }
}

template <int kInputs>
void TransformInput(const WinogradInput& tile) noexcept {
  std::int64_t channel = tile.first;
  for (; channel + Vec::kLanes <= tile.end; channel += Vec::kLanes) {
    InputChannels<kInputs>(tile, channel, Vec::kLanes, false);
  }
  if (channel < tile.end) {
    InputChannels<kInputs>(tile, channel, static_cast<int>(tile.end - channel), true);
  }
}

template <int kInputs>
PLUMB_INLINE void OutputChannels(const WinogradOutput& tile, std::int64_t channel, int lanes,
                                 bool partial) {
  constexpr int kOutputs = kInputs - 2;
  Vec columns[kOutputs][kInputs];
  for (int j = 0; j < kInputs; ++j) {
    Vec line[kInputs], short_line[kOutputs];
    const float* from = tile.from + channel + j * tile.plane;
#pragma GCC unroll 8
    for (int i = 0; i < kInputs; ++i) line[i] = Load(from + i * kInputs * tile.plane);
    OutputLine(line, short_line);
#pragma GCC unroll 6
    for (int i = 0; i < kOutputs; ++i) columns[i][j] = short_line[i];
  }
  const Vec low = Broadcast(tile.low), high = Broadcast(tile.high);
  const Vec bias = tile.bias != nullptr ? Load(tile.bias + channel) : Broadcast(0.0f);
  for (int i = 0; i < kOutputs; ++i) {
    Vec line[kOutputs];
    OutputLine(columns[i], line);
    for (int j = 0; j < kOutputs; ++j) {
      const int pixel = i * kOutputs + j;
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

template <int kInputs>
void TransformOutput(const WinogradOutput& tile) noexcept {
  std::int64_t channel = 0;
  for (; channel + Vec::kLanes <= tile.channels; channel += Vec::kLanes) {
    OutputChannels<kInputs>(tile, channel, Vec::kLanes, false);
  }
  if (channel < tile.channels) {
    OutputChannels<kInputs>(tile, channel, static_cast<int>(tile.channels - channel), true);
  }
}

// G g in one dimension.
PLUMB_INLINE void WeightLine(const Vec (&g)[3], Vec (&y)[4]) {
  const Vec half = Broadcast(0.5f), even = half * (g[0] + g[2]);
  y[0] = g[0];
  y[1] = Fma(half, g[1], even);
  y[2] = even - half * g[1];
  y[3] = g[2];
}

PLUMB_INLINE void WeightLine(const Vec (&g)[3], Vec (&y)[6]) {
  const Vec sixth = Broadcast(-1.0f / 6), even1 = sixth * (g[0] + g[2]), odd1 = sixth * g[1];
  const Vec even2 = Fma(Broadcast(1.0f / 24), g[0], Broadcast(1.0f / 6) * g[2]);
  const Vec odd2 = Broadcast(1.0f / 12) * g[1];
  y[0] = Broadcast(0.25f) * g[0];
  y[1] = even1 + odd1;
  y[2] = even1 - odd1;
  y[3] = even2 + odd2;
  y[4] = even2 - odd2;
  y[5] = g[2];
}

PLUMB_INLINE void WeightLine(const Vec (&g)[3], Vec (&y)[8]) {
  const Vec ninth = Broadcast(-2.0f / 9), even1 = ninth * (g[0] + g[2]), odd1 = ninth * g[1];
  const Vec even2 = Fma(Broadcast(1.0f / 90), g[0], Broadcast(2.0f / 45) * g[2]);
  const Vec odd2 = Broadcast(1.0f / 45) * g[1];
  const Vec even3 = Fma(Broadcast(32.0f / 45), g[0], Broadcast(8.0f / 45) * g[2]);
  const Vec odd3 = Broadcast(16.0f / 45) * g[1];
  y[0] = g[0];
  y[1] = even1 + odd1;
  y[2] = even1 - odd1;
  y[3] = even2 + odd2;
  y[4] = even2 - odd2;
  y[5] = even3 + odd3;
  y[6] = even3 - odd3;
  y[7] = g[2];
}

template <int kInputs>
void TransformWeights(const WinogradWeights& weights) noexcept {
  constexpr std::int64_t kAhead = 2048;  // floats; weights come from memory
  const std::int64_t width = std::int64_t{weights.vectors} * Vec::kLanes;
  const float* from = weights.from;
  float* to = weights.to;
  for (std::int64_t c = 0; c < weights.channels; ++c, from += 8 * width) {
    for (int v = 0; v < weights.vectors; ++v, from += Vec::kLanes, to += Vec::kLanes) {
#pragma GCC unroll 9
      for (int t = 0; t < 9; ++t) __builtin_prefetch(from + kAhead + t * width, 0, 2);
      Vec columns[kInputs][3];
#pragma GCC unroll 3
      for (int j = 0; j < 3; ++j) {
        const Vec line[3] = {Load(from + j * width), Load(from + (3 + j) * width),
                             Load(from + (6 + j) * width)};
        Vec long_line[kInputs];
        WeightLine(line, long_line);
#pragma GCC unroll 8
        for (int i = 0; i < kInputs; ++i) columns[i][j] = long_line[i];
      }
      float* plane = to;
#pragma GCC unroll 8
      for (int i = 0; i < kInputs; ++i) {
        Vec line[kInputs];
        WeightLine(columns[i], line);
#pragma GCC unroll 8
        for (int j = 0; j < kInputs; ++j, plane += weights.plane) Store(plane, line[j]);
      }
    }
  }
}

constexpr WinogradTable kWinogradTable = {
    {TransformInput<4>, TransformInput<6>, TransformInput<8>},
    {TransformOutput<4>, TransformOutput<6>, TransformOutput<8>},
    {TransformWeights<4>, TransformWeights<6>, TransformWeights<8>}};

}  // namespace
}  // namespace plumb::kernels
