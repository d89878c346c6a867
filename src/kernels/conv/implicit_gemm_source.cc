#include "kernels/conv/implicit_gemm_source.h"

#include <algorithm>
#include <cstring>

namespace plumb::kernels {
namespace {

constexpr std::int64_t kZeroFloats = 4096;
alignas(64) constexpr float kZeros[kZeroFloats] = {};

// An output pixel of a phase; steps through rows of C in order.
struct Pixel {
  std::int64_t image;
  std::array<std::int64_t, 3> at;

  Pixel(const ConvPhase& phase, std::int64_t row) {
    for (std::size_t d = 3; d-- > 0;) {
      at[d] = row % phase.axis[d].outputs;
      row /= phase.axis[d].outputs;
    }
    image = row;
  }
  void Next(const ConvPhase& phase) {
    for (std::size_t d = 3; d-- > 0;) {
      if (++at[d] < phase.axis[d].outputs) return;
      at[d] = 0;
    }
    ++image;
  }
  std::int64_t OutOffset(const ConvPhase& phase, const ImageStrides& strides) const {
    std::int64_t offset = image * strides.batch;
    for (std::size_t d = 0; d < 3; ++d) {
      const PhaseAxis& axis = phase.axis[d];
      offset += (axis.out_begin + at[d] * axis.out_step) * strides.spatial[d];
    }
    return offset;
  }
};

// Taps [begin, end) of an axis that fall inside the image for an output at `place`.
struct TapRange {
  std::int64_t begin;
  std::int64_t end;
};

bool Inside(const PhaseAxis& axis, std::int64_t place, std::int64_t tap, std::int64_t size) {
  const std::int64_t at = axis.in_begin + place * axis.in_step + tap * axis.in_tap_step;
  return at >= 0 && at < size;
}

TapRange InsideTaps(const PhaseAxis& axis, std::int64_t place, std::int64_t size) {
  TapRange range{0, axis.taps};
  while (range.begin < range.end && !Inside(axis, place, range.begin, size)) ++range.begin;
  while (range.end > range.begin && !Inside(axis, place, range.end - 1, size)) --range.end;
  return range;
}

}  // namespace

bool ZeroRowHolds(std::int64_t run, std::int64_t step) {
  return run <= 0 || (step >= 0 && (run - 1) * step < kZeroFloats);
}

KShape KShapeOf(const ConvPhase& phase, KOrder order, std::int64_t channels) {
  const auto& axis = phase.axis;
  switch (order) {
    case KOrder::kPlanar:
      return {channels * axis[0].taps * axis[1].taps, axis[2].taps};
    case KOrder::kInterleaved:
      return {axis[0].taps * axis[1].taps, axis[2].taps * channels};
    case KOrder::kChannels:
      break;
  }
  return {phase.taps(), channels};
}

TileSource ConvSource::FillA(std::int64_t row, int rows, const Chunk& chunk, const float** table,
                             float* scratch) const {
  if (chunk.taps == 0 || chunk.run == 0) return {0, 0, 0};
  return order == KOrder::kChannels ? FillChannels(row, rows, chunk, table, scratch)
                                    : FillWindows(row, rows, chunk, table, scratch);
}

TileSource ConvSource::FillChannels(std::int64_t row, int rows, const Chunk& chunk,
                                    const float** table, float* scratch) const {
  const std::int64_t a_step = copies ? 1 : src_strides.channel;
  std::int64_t first = chunk.taps;
  std::int64_t last = -1;
  Pixel pixel(phase, row);
  for (int r = 0; r < rows; ++r, pixel.Next(phase)) {
    std::int64_t origin = pixel.image * src_strides.batch + chunk.run_begin * src_strides.channel;
    std::array<std::int64_t, 3> tap_stride;
    std::array<TapRange, 3> inside;
    for (std::size_t d = 0; d < 3; ++d) {
      const PhaseAxis& axis = phase.axis[d];
      origin += (axis.in_begin + pixel.at[d] * axis.in_step) * src_strides.spatial[d];
      tap_stride[d] = axis.in_tap_step * src_strides.spatial[d];
      inside[d] = InsideTaps(axis, pixel.at[d], in_size[d]);
    }
    const std::int64_t plane = phase.axis[1].taps * phase.axis[2].taps;
    std::int64_t i = chunk.tap_begin / plane;
    std::int64_t j = chunk.tap_begin % plane / phase.axis[2].taps;
    std::int64_t k = chunk.tap_begin % phase.axis[2].taps;
    for (std::int64_t tap = 0; tap < chunk.taps; ++tap) {
      const bool valid = i >= inside[0].begin && i < inside[0].end && j >= inside[1].begin &&
                         j < inside[1].end && k >= inside[2].begin && k < inside[2].end;
      const float* from =
          valid ? src + origin + i * tap_stride[0] + j * tap_stride[1] + k * tap_stride[2]
                : kZeros;
      if (valid) {
        first = std::min(first, tap);
        last = std::max(last, tap);
        if (copies) {
          float* to = scratch + (tap * rows + r) * chunk.run;
          for (std::int64_t c = 0; c < chunk.run; ++c) to[c] = from[c * src_strides.channel];
          from = to;
        }
      }
      table[tap * rows + r] = from;
      if (++k == phase.axis[2].taps) {
        k = 0;
        if (++j == phase.axis[1].taps) {
          j = 0;
          ++i;
        }
      }
    }
  }
  // Taps outside the image for every row of the tile are left out at both ends.
  if (last < 0) return {0, 0, a_step};
  return {first, last + 1 - first, a_step};
}

TileSource ConvSource::FillWindows(std::int64_t row, int rows, const Chunk& chunk,
                                   const float** table, float* scratch) const {
  const PhaseAxis& width = phase.axis[2];
  const std::int64_t run_channels = order == KOrder::kInterleaved ? channels : 1;
  const std::int64_t step = width.in_tap_step * src_strides.spatial[2];  // between kernel columns
  const bool contiguous = order == KOrder::kPlanar
                              ? step == 1
                              : step == channels && src_strides.channel == 1;
  Pixel pixel(phase, row);
  for (int r = 0; r < rows; ++r, pixel.Next(phase)) {
    const TapRange inside = InsideTaps(width, pixel.at[2], in_size[2]);
    const bool whole = inside.begin == 0 && inside.end == width.taps;
    const std::int64_t origin =
        pixel.image * src_strides.batch +
        (width.in_begin + pixel.at[2] * width.in_step) * src_strides.spatial[2];
    for (std::int64_t tap = 0; tap < chunk.taps; ++tap) {
      std::int64_t rest = chunk.tap_begin + tap;
      const std::int64_t j = rest % phase.axis[1].taps;
      rest /= phase.axis[1].taps;
      const std::int64_t i = rest % phase.axis[0].taps;
      const std::int64_t channel = rest / phase.axis[0].taps;
      const float*& out = table[tap * rows + r];
      out = kZeros;
      if (!Inside(phase.axis[0], pixel.at[0], i, in_size[0]) ||
          !Inside(phase.axis[1], pixel.at[1], j, in_size[1])) {
        continue;
      }
      std::int64_t offset = origin + channel * src_strides.channel;
      for (std::size_t d = 0; d < 2; ++d) {
        const PhaseAxis& axis = phase.axis[d];
        const std::int64_t at = axis.in_begin + pixel.at[d] * axis.in_step +
                                (d == 0 ? i : j) * axis.in_tap_step;
        offset += at * src_strides.spatial[d];
      }
      if (whole && contiguous) {
        out = src + offset + chunk.run_begin;
        continue;
      }
      float* to = scratch + (tap * rows + r) * chunk.run;
      out = to;
      for (std::int64_t c = 0; c < chunk.run; ++c) {
        const std::int64_t k = (chunk.run_begin + c) / run_channels;
        const std::int64_t in_channel = (chunk.run_begin + c) % run_channels;
        to[c] = k >= inside.begin && k < inside.end
                    ? src[offset + k * step + in_channel * src_strides.channel]
                    : 0.0f;
      }
    }
  }
  return {0, chunk.taps, 1};
}

void ConvSource::FillC(std::int64_t row, int rows, float** c, const float** residual_rows) const {
  Pixel pixel(phase, row);
  for (int r = 0; r < rows; ++r, pixel.Next(phase)) {
    c[r] = dst + pixel.OutOffset(phase, dst_strides);
    if (residual != nullptr) {
      residual_rows[r] = residual + pixel.OutOffset(phase, residual_strides);
    }
  }
}

void ConvSource::LoadResidual(std::int64_t row, int rows, std::int64_t column,
                              std::int64_t columns, float* stage) const {
  Pixel pixel(phase, row);
  for (int r = 0; r < rows; ++r, pixel.Next(phase)) {
    const float* from = residual + pixel.OutOffset(phase, residual_strides) +
                        column * residual_strides.channel;
    for (std::int64_t j = 0; j < columns; ++j) {
      stage[r * kMaxTileColumns + j] = from[j * residual_strides.channel];
    }
  }
}

void ConvSource::StoreC(std::int64_t row, int rows, std::int64_t column, std::int64_t columns,
                        const float* stage) const {
  Pixel pixel(phase, row);
  for (int r = 0; r < rows; ++r, pixel.Next(phase)) {
    float* to = dst + pixel.OutOffset(phase, dst_strides) + column * dst_strides.channel;
    for (std::int64_t j = 0; j < columns; ++j) {
      to[j * dst_strides.channel] = stage[r * kMaxTileColumns + j];
    }
  }
}

}  // namespace plumb::kernels
