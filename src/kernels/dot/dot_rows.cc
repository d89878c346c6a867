#include "kernels/dot/dot_rows.h"

#include <algorithm>
#include <cstring>
#include <optional>

namespace plumb::kernels {
namespace {

// Rows of C that are neighbouring outputs of one image row.
struct Span {
  std::int64_t first;
  std::int64_t count;
  std::int64_t image;
  std::array<std::int64_t, 3> at;
};

template <typename Fn>
void ForEachSpan(const ConvPhase& phase, std::int64_t row, std::int64_t rows, Fn&& fn) {
  const std::int64_t width = phase.axis[2].outputs;
  const std::int64_t height = phase.axis[1].outputs;
  const std::int64_t depth = phase.axis[0].outputs;
  std::int64_t line = row / width;
  Span span{0, 0, 0, {0, 0, row % width}};
  while (span.first < rows) {
    span.count = std::min(rows - span.first, width - span.at[2]);
    span.at[1] = line % height;
    span.at[0] = line / height % depth;
    span.image = line / height / depth;
    fn(span);
    span.first += span.count;
    span.at[2] = 0;
    ++line;
  }
}

bool Within(std::int64_t at, std::int64_t size) {
  return static_cast<std::uint64_t>(at) < static_cast<std::uint64_t>(size);
}

std::int64_t InputAt(const PhaseAxis& axis, std::int64_t place) {
  return axis.in_begin + place * axis.in_step;
}

}  // namespace

std::int64_t DotRows::EvenPitch(std::int64_t batch) const {
  const auto& axis = phase.axis;
  if (phase.taps() != 1) return 0;
  std::optional<std::int64_t> pitch;  // of more than one row
  std::int64_t count = 1;
  // From the innermost dimension out: the step of each follows from those within.
  auto follows = [&](std::int64_t outputs, std::int64_t step) {
    if (outputs == 1) return true;
    if (!pitch) {
      pitch = step;
    } else if (step != *pitch * count) {
      return false;
    }
    count *= outputs;
    return true;
  };
  for (std::size_t d = 3; d-- > 0;) {
    const std::int64_t last = InputAt(axis[d], axis[d].outputs - 1);
    if (!Within(axis[d].in_begin, in_size[d]) || !Within(last, in_size[d])) return 0;
    if (!follows(axis[d].outputs, axis[d].in_step * strides[d])) return 0;
  }
  if (!follows(batch, batch_stride)) return 0;
  return pitch.value_or(pixel_bytes);
}

const char* DotRows::FirstRow() const {
  std::int64_t offset = 0;
  for (std::size_t d = 0; d < 3; ++d) offset += phase.axis[d].in_begin * strides[d];
  return src + offset;
}

namespace {

// Some taps of one line of the kernel, for outputs that are neighbours in a row; x is where the
// first of the taps reads.
struct Line {
  const PhaseAxis& across;
  std::int64_t taps;
  std::int64_t width;
  std::int64_t pixel_bytes;
  std::int64_t pixel_stride;
  std::uint8_t fill;
  const DotConvert& convert;

  std::int64_t bytes() const { return taps * pixel_bytes; }
  bool dense() const { return across.in_tap_step == 1 && pixel_stride == pixel_bytes; }

  // Whether every tap of the output whose first is at x is inside.
  bool Inside(std::int64_t x) const {
    return Within(x, width) && Within(x + (taps - 1) * across.in_tap_step, width);
  }

  // Neighbours, from an output whose first tap is at x, that have every tap inside.
  std::int64_t CountInside(std::int64_t x) const {
    if (!Inside(x)) return 0;
    const std::int64_t right = std::max(x, x + (taps - 1) * across.in_tap_step);
    return (width - 1 - right) / across.in_step + 1;
  }

  // `count` outputs, all inside. `room`: bytes from `to` to the end of the row; those behind what
  // is copied are written later.
  void CopyInside(const char* line, std::int64_t x, std::int64_t count, char* to,
                  std::int64_t pitch, std::int64_t room) const {
    const char* from = line + x * pixel_stride;
    const std::int64_t step = across.in_step * pixel_stride;
    if (dense()) return convert.copy_rows(from, step, to, pitch, bytes(), room, count);
    for (std::int64_t k = 0; k < taps; ++k) {
      convert.copy_rows(from + k * across.in_tap_step * pixel_stride, step, to + k * pixel_bytes,
                        pitch, pixel_bytes, room - k * pixel_bytes, count);
    }
  }

  // One output at an edge.
  void CopyEdge(const char* line, std::int64_t x, char* to) const {
    for (std::int64_t k = 0; k < taps; ++k, x += across.in_tap_step, to += pixel_bytes) {
      if (Within(x, width)) {
        std::memcpy(to, line + x * pixel_stride, static_cast<std::size_t>(pixel_bytes));
      } else {
        std::memset(to, fill, static_cast<std::size_t>(pixel_bytes));
      }
    }
  }

  void Copy(const char* line, std::int64_t x, std::int64_t count, char* to, std::int64_t pitch,
            std::int64_t room) const {
    std::int64_t r = 0;
    for (; r < count && !Inside(x); ++r, x += across.in_step) CopyEdge(line, x, to + r * pitch);
    const std::int64_t inside = std::min(count - r, CountInside(x));
    CopyInside(line, x, inside, to + r * pitch, pitch, room);
    r += inside;
    x += inside * across.in_step;
    for (; r < count; ++r, x += across.in_step) CopyEdge(line, x, to + r * pitch);
  }
};

}  // namespace

void DotRows::Gather(const DotConvert& convert, std::int64_t row, std::int64_t rows,
                     std::int64_t tap_begin, std::int64_t tap_end, char* to, std::int64_t pitch,
                     std::int64_t padded) const {
  const auto& axis = phase.axis;
  const std::int64_t tail = padded - (tap_end - tap_begin) * pixel_bytes;
  ForEachSpan(phase, row, rows, [&](const Span& span) {
    const char* image = src + span.image * batch_stride;
    char* out = to + span.first * pitch;
    for (std::int64_t tap = tap_begin; tap < tap_end;) {
      const std::int64_t k = tap % axis[2].taps;
      const std::int64_t j = tap / axis[2].taps % axis[1].taps;
      const std::int64_t i = tap / axis[2].taps / axis[1].taps;
      const Line line{axis[2],    std::min(axis[2].taps - k, tap_end - tap),
                      in_size[2], pixel_bytes,
                      strides[2], fill,
                      convert};
      const std::int64_t z = InputAt(axis[0], span.at[0]) + i * axis[0].in_tap_step;
      const std::int64_t y = InputAt(axis[1], span.at[1]) + j * axis[1].in_tap_step;
      const std::int64_t x = InputAt(axis[2], span.at[2]) + k * axis[2].in_tap_step;
      if (Within(z, in_size[0]) && Within(y, in_size[1])) {
        const std::int64_t room = pitch - (out - (to + span.first * pitch));
        line.Copy(image + z * strides[0] + y * strides[1], x, span.count, out, pitch, room);
      } else {
        for (std::int64_t r = 0; r < span.count; ++r) {
          std::memset(out + r * pitch, fill, static_cast<std::size_t>(line.bytes()));
        }
      }
      tap += line.taps;
      out += line.bytes();
    }
    if (tail == 0 || !zero_tail) return;
    for (std::int64_t r = 0; r < span.count; ++r) {
      std::memset(out + r * pitch, 0, static_cast<std::size_t>(tail));
    }
  });
}

void FindTaps(const DotRows& image, std::int64_t row, std::int64_t rows, const char** pixels) {
  const auto& axis = image.phase.axis;
  const std::int64_t taps = image.phase.taps();
  const std::int64_t step = axis[2].in_step * image.strides[2];
  ForEachSpan(image.phase, row, rows, [&](const Span& span) {
    const char** out = pixels + span.first * taps;
    const char* base = image.src + span.image * image.batch_stride;
    for (std::int64_t i = 0; i < axis[0].taps; ++i) {
      const std::int64_t z = InputAt(axis[0], span.at[0]) + i * axis[0].in_tap_step;
      for (std::int64_t j = 0; j < axis[1].taps; ++j) {
        const std::int64_t y = InputAt(axis[1], span.at[1]) + j * axis[1].in_tap_step;
        const bool line_inside = Within(z, image.in_size[0]) && Within(y, image.in_size[1]);
        const char* line = base + z * image.strides[0] + y * image.strides[1];
        for (std::int64_t k = 0; k < axis[2].taps; ++k, ++out) {
          std::int64_t x = InputAt(axis[2], span.at[2]) + k * axis[2].in_tap_step;
          const char* pixel = line + x * image.strides[2];
          for (std::int64_t r = 0; r < span.count; ++r, x += axis[2].in_step, pixel += step) {
            out[r * taps] = line_inside && Within(x, image.in_size[2]) ? pixel : nullptr;
          }
        }
      }
    }
  });
}

void PlaceRows(const ConvPhase& phase, std::int64_t batch_stride,
               const std::array<std::int64_t, 3>& strides, std::int64_t row, std::int64_t rows,
               char* base, char** pointers) {
  ForEachSpan(phase, row, rows, [&](const Span& span) {
    std::int64_t offset = span.image * batch_stride;
    for (std::size_t d = 0; d < 3; ++d) {
      const PhaseAxis& axis = phase.axis[d];
      offset += (axis.out_begin + span.at[d] * axis.out_step) * strides[d];
    }
    const std::int64_t step = phase.axis[2].out_step * strides[2];
    for (std::int64_t r = 0; r < span.count; ++r) {
      pointers[span.first + r] = base + offset + r * step;
    }
  });
}

}  // namespace plumb::kernels
