#include "kernels/conv/implicit_gemm_source.h"

#include <algorithm>

namespace plumb::kernels {
namespace {

constexpr std::int64_t kZeroFloats = 4096;
alignas(64) constexpr float kZeros[kZeroFloats] = {};

// Rows of C that are neighbouring outputs of one image row: `count` of them from row `first` of the
// tile on, at place `at` of the phase.
struct Span {
  int first;
  int count;
  std::int64_t image;
  std::array<std::int64_t, 3> at;
};

template <typename Fn>
void ForEachSpan(const ConvPhase& phase, std::int64_t row, int rows, Fn&& fn) {
  const std::int64_t width = phase.axis[2].outputs;
  const std::int64_t height = phase.axis[1].outputs;
  const std::int64_t depth = phase.axis[0].outputs;
  std::int64_t line = row / width;
  Span span{0, 0, 0, {0, 0, row % width}};
  while (span.first < rows) {
    span.count = static_cast<int>(std::min<std::int64_t>(rows - span.first, width - span.at[2]));
    span.at[1] = line % height;
    span.at[0] = line / height % depth;
    span.image = line / height / depth;
    fn(span);
    span.first += span.count;
    span.at[2] = 0;
    ++line;
  }
}

std::int64_t OutOffset(const ConvPhase& phase, const Span& span, const ImageStrides& strides) {
  std::int64_t offset = span.image * strides.batch;
  for (std::size_t d = 0; d < 3; ++d) {
    const PhaseAxis& axis = phase.axis[d];
    offset += (axis.out_begin + span.at[d] * axis.out_step) * strides.spatial[d];
  }
  return offset;
}

bool Within(std::int64_t at, std::int64_t size) {
  return static_cast<std::uint64_t>(at) < static_cast<std::uint64_t>(size);
}

// Input index of tap 0.
std::int64_t InputAt(const PhaseAxis& axis, std::int64_t place) {
  return axis.in_begin + place * axis.in_step;
}

// Whether every tap of every output of the span is inside along the width.
bool WidthInside(const PhaseAxis& axis, const Span& span, std::int64_t size) {
  const std::int64_t first = InputAt(axis, span.at[2]);
  const std::int64_t last = InputAt(axis, span.at[2] + span.count - 1);
  const std::int64_t reach = (axis.taps - 1) * axis.in_tap_step;
  return Within(first, size) && Within(last, size) && Within(first + reach, size) &&
         Within(last + reach, size);
}

}  // namespace

bool ZeroRowHolds(std::int64_t run, std::int64_t step) {
  return run <= 0 || (step >= 0 && (run - 1) * step < kZeroFloats);
}

KShape KShapeOf(const ConvPhase& phase, KOrder order, std::int64_t channels) {
  const auto& axis = phase.axis;
  switch (order) {
    case KOrder::kPlanar: return {channels * axis[0].taps * axis[1].taps, axis[2].taps};
    case KOrder::kInterleaved: return {axis[0].taps * axis[1].taps, axis[2].taps * channels};
    case KOrder::kChannels: break;
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
  std::int64_t first = chunk.taps;
  std::int64_t last = -1;
  const auto& axis = phase.axis;
  const std::int64_t step = axis[2].in_step * src_strides.spatial[2];
  ForEachSpan(phase, row, rows, [&](const Span& span) {
    const bool inside = WidthInside(axis[2], span, in_size[2]);
    const float* image =
        src + span.image * src_strides.batch + chunk.run_begin * src_strides.channel;
    std::int64_t k = chunk.tap_begin % axis[2].taps;
    std::int64_t j = chunk.tap_begin / axis[2].taps % axis[1].taps;
    std::int64_t i = chunk.tap_begin / axis[2].taps / axis[1].taps;
    for (std::int64_t tap = 0; tap < chunk.taps; ++tap) {
      const float** out = table + tap * rows + span.first;
      const std::int64_t z = InputAt(axis[0], span.at[0]) + i * axis[0].in_tap_step;
      const std::int64_t y = InputAt(axis[1], span.at[1]) + j * axis[1].in_tap_step;
      const std::int64_t x = InputAt(axis[2], span.at[2]) + k * axis[2].in_tap_step;
      if (!Within(z, in_size[0]) || !Within(y, in_size[1])) {
        for (int r = 0; r < span.count; ++r) out[r] = kZeros;
      } else {
        first = std::min(first, tap);
        last = std::max(last, tap);
        const float* from = image + z * src_strides.spatial[0] + y * src_strides.spatial[1] +
                            x * src_strides.spatial[2];
        for (int r = 0; r < span.count; ++r) {
          out[r] = inside || Within(x + r * axis[2].in_step, in_size[2]) ? from + r * step : kZeros;
        }
      }
      if (++k < axis[2].taps) continue;
      k = 0;
      if (++j < axis[1].taps) continue;
      j = 0;
      ++i;
    }
  });
  // Taps outside the image for every row of the tile are left out at both ends.
  if (last < 0) return {0, 0, 0};
  if (!copies) return {first, last + 1 - first, src_strides.channel};
  for (std::int64_t entry = first * rows; entry < (last + 1) * rows; ++entry) {
    float* to = scratch + entry * chunk.run;
    const float* from = table[entry];
    const std::int64_t distance = from == kZeros ? 0 : src_strides.channel;
    for (std::int64_t c = 0; c < chunk.run; ++c) to[c] = from[c * distance];
    table[entry] = to;
  }
  return {first, last + 1 - first, 1};
}

TileSource ConvSource::FillWindows(std::int64_t row, int rows, const Chunk& chunk,
                                   const float** table, float* scratch) const {
  const auto& axis = phase.axis;
  const std::int64_t run_channels = order == KOrder::kInterleaved ? channels : 1;
  const std::int64_t step = axis[2].in_tap_step * src_strides.spatial[2];  // of kernel columns
  const bool contiguous =
      step == run_channels && (order == KOrder::kPlanar || src_strides.channel == 1);
  // The run of the output whose tap 0 is at x, with zeros outside the image.
  auto copy = [&](const float* from, std::int64_t x, float* to) {
    for (std::int64_t c = 0; c < chunk.run; ++c) {
      const std::int64_t k = (chunk.run_begin + c) / run_channels;
      const std::int64_t channel = (chunk.run_begin + c) % run_channels;
      const bool inside = Within(x + k * axis[2].in_tap_step, in_size[2]);
      to[c] = inside ? from[k * step + channel * src_strides.channel] : 0.0f;
    }
  };
  ForEachSpan(phase, row, rows, [&](const Span& span) {
    const bool direct = contiguous && WidthInside(axis[2], span, in_size[2]);
    const std::int64_t reach = (axis[2].taps - 1) * axis[2].in_tap_step;
    std::int64_t j = chunk.tap_begin % axis[1].taps;
    std::int64_t i = chunk.tap_begin / axis[1].taps % axis[0].taps;
    std::int64_t channel = chunk.tap_begin / axis[1].taps / axis[0].taps;
    for (std::int64_t tap = 0; tap < chunk.taps; ++tap) {
      const float** out = table + tap * rows + span.first;
      const std::int64_t z = InputAt(axis[0], span.at[0]) + i * axis[0].in_tap_step;
      const std::int64_t y = InputAt(axis[1], span.at[1]) + j * axis[1].in_tap_step;
      const std::int64_t x0 = InputAt(axis[2], span.at[2]);
      const float* from = src + span.image * src_strides.batch + channel * src_strides.channel +
                          z * src_strides.spatial[0] + y * src_strides.spatial[1] +
                          x0 * src_strides.spatial[2];
      const std::int64_t distance = axis[2].in_step * src_strides.spatial[2];
      const bool inside = Within(z, in_size[0]) && Within(y, in_size[1]);
      if (!inside) {
        for (int r = 0; r < span.count; ++r) out[r] = kZeros;
      } else if (direct) {
        for (int r = 0; r < span.count; ++r) out[r] = from + r * distance + chunk.run_begin;
      } else {
        for (int r = 0; r < span.count; ++r) {
          const std::int64_t x = x0 + r * axis[2].in_step;
          float* to = scratch + (tap * rows + span.first + r) * chunk.run;
          const bool whole = contiguous && Within(x, in_size[2]) && Within(x + reach, in_size[2]);
          if (!whole) copy(from + r * distance, x, to);
          out[r] = whole ? from + r * distance + chunk.run_begin : to;
        }
      }
      if (++j < axis[1].taps) continue;
      j = 0;
      if (++i < axis[0].taps) continue;
      i = 0;
      ++channel;
    }
  });
  return {0, chunk.taps, 1};
}

void ConvSource::FillC(std::int64_t row, int rows, float** c, const float** residual_rows) const {
  ForEachSpan(phase, row, rows, [&](const Span& span) {
    float* to = dst + OutOffset(phase, span, dst_strides);
    const std::int64_t step = phase.axis[2].out_step * dst_strides.spatial[2];
    for (int r = 0; r < span.count; ++r) c[span.first + r] = to + r * step;
    if (residual == nullptr) return;
    const float* from = residual + OutOffset(phase, span, residual_strides);
    const std::int64_t residual_step = phase.axis[2].out_step * residual_strides.spatial[2];
    for (int r = 0; r < span.count; ++r) {
      residual_rows[span.first + r] = from + r * residual_step;
    }
  });
}

void ConvSource::LoadResidual(std::int64_t row, int rows, std::int64_t column, std::int64_t columns,
                              float* stage) const {
  ForEachSpan(phase, row, rows, [&](const Span& span) {
    const std::int64_t step = phase.axis[2].out_step * residual_strides.spatial[2];
    const float* from =
        residual + OutOffset(phase, span, residual_strides) + column * residual_strides.channel;
    for (int r = 0; r < span.count; ++r) {
      float* to = stage + (span.first + r) * kMaxTileColumns;
      for (std::int64_t j = 0; j < columns; ++j) {
        to[j] = from[r * step + j * residual_strides.channel];
      }
    }
  });
}

void ConvSource::StoreC(std::int64_t row, int rows, std::int64_t column, std::int64_t columns,
                        const float* stage) const {
  ForEachSpan(phase, row, rows, [&](const Span& span) {
    const std::int64_t step = phase.axis[2].out_step * dst_strides.spatial[2];
    float* to = dst + OutOffset(phase, span, dst_strides) + column * dst_strides.channel;
    // Columns outermost: in a planar image the rows of the tile are what lies together.
    for (std::int64_t j = 0; j < columns; ++j) {
      const float* from = stage + span.first * kMaxTileColumns + j;
      for (int r = 0; r < span.count; ++r) {
        to[r * step + j * dst_strides.channel] = from[r * kMaxTileColumns];
      }
    }
  });
}

}  // namespace plumb::kernels
