#include "kernels/dot/dot_image.h"

#include <algorithm>
#include <cstring>

namespace plumb::kernels {
namespace {

std::int64_t SourceBytes(DType type) { return StorageBytes(type, 1); }

// Elements handled at once on the way through a type in between.
constexpr std::int64_t kPart = 512;

// `count` neighbouring elements.
void ConvertRun(const DotProblem& problem, const DotSet& set, const DotConvert& convert,
                const char* from, char* to, std::int64_t count) {
  switch (set.element) {
    case DotElement::kI8:
    case DotElement::kU8: std::memcpy(to, from, static_cast<std::size_t>(count)); return;
    case DotElement::kI16: {
      auto* wide = reinterpret_cast<std::int16_t*>(to);
      if (problem.src == DType::kInt8) {
        convert.i8_to_i16(reinterpret_cast<const std::int8_t*>(from), wide, count,
                          problem.src_zero);
      } else {
        convert.u8_to_i16(reinterpret_cast<const std::uint8_t*>(from), wide, count,
                          problem.src_zero);
      }
      return;
    }
    case DotElement::kBF16:
      if (problem.src == DType::kBFloat16) {
        std::memcpy(to, from, static_cast<std::size_t>(count) * 2);
      } else {
        convert.f32_to_bf16(reinterpret_cast<const float*>(from),
                            reinterpret_cast<std::uint16_t*>(to), count);
      }
      return;
    case DotElement::kF32: break;
  }
  auto* floats = reinterpret_cast<float*>(to);
  if (problem.src == DType::kBFloat16) {
    return convert.bf16_to_f32(reinterpret_cast<const std::uint16_t*>(from), floats, count);
  }
  std::uint16_t rounded[kPart];
  for (std::int64_t i = 0; i < count; i += kPart) {
    const std::int64_t part = std::min(kPart, count - i);
    convert.f32_to_bf16(reinterpret_cast<const float*>(from) + i, rounded, part);
    convert.bf16_to_f32(rounded, floats + i, part);
  }
}

// `count` elements `step` bytes apart, to elements `to_step` bytes apart.
void ConvertSpread(const DotProblem& problem, const DotSet& set, const DotConvert& convert,
                   const char* from, std::int64_t step, char* to, std::int64_t to_step,
                   std::int64_t count) {
  const auto size = static_cast<std::size_t>(SourceBytes(problem.src));
  const auto to_size = static_cast<std::size_t>(DotElementBytes(set.element));
  char gathered[kPart * 4];
  char converted[kPart * 4];
  for (std::int64_t i = 0; i < count; i += kPart) {
    const std::int64_t part = std::min(kPart, count - i);
    const char* run = from + i * step;
    if (step != static_cast<std::int64_t>(size)) {
      for (std::int64_t j = 0; j < part; ++j) {
        std::memcpy(gathered + static_cast<std::size_t>(j) * size, run + j * step, size);
      }
      run = gathered;
    }
    ConvertRun(problem, set, convert, run, converted, part);
    char* out = to + i * to_step;
    const char* at = converted;
    // Sizes that the compiler knows make moves of single instructions.
    auto scatter = [&](auto element) {
      for (std::int64_t j = 0; j < part; ++j, out += to_step, at += sizeof(element)) {
        std::memcpy(out, at, sizeof(element));
      }
    };
    if (to_size == 1) scatter(std::uint8_t{});
    if (to_size == 2) scatter(std::uint16_t{});
    if (to_size == 4) scatter(std::uint32_t{});
  }
}

}  // namespace

bool DotImageInPlace(const DotProblem& problem, const DotSet& set) {
  if (problem.geometry.src.channel != 1 && problem.geometry.in_channels > 1) return false;
  switch (set.element) {
    case DotElement::kBF16: return problem.src == DType::kBFloat16;
    case DotElement::kI8: return problem.src == DType::kInt8;
    case DotElement::kU8: return problem.src == DType::kUInt8;
    case DotElement::kI16:
    case DotElement::kF32: break;
  }
  return false;
}

std::int64_t DotImageBytes(const DotProblem& problem, const DotSet& set) {
  const ConvProblem& p = problem.geometry;
  return p.batch * p.in_size[0] * p.in_size[1] * p.in_size[2] * p.in_channels *
         DotElementBytes(set.element);
}

void ConvertDotImage(const DotProblem& problem, const DotSet& set, const void* src, char* to,
                     ThreadPool* pool) {
  const ConvProblem& p = problem.geometry;
  const DotConvert& convert = DotFunctionsFor(set.isa).convert;
  const std::int64_t size = SourceBytes(problem.src);
  const std::int64_t element = DotElementBytes(set.element);
  const std::int64_t width = p.in_size[2];
  const std::int64_t line_bytes = width * p.in_channels * element;
  const std::int64_t channel = p.src.channel * size;
  const std::int64_t pixel = p.src.spatial[2] * size;
  const bool together = p.src.channel == 1 || p.in_channels == 1;
  const bool dense = together && p.src.spatial[2] == p.in_channels;
  pool->ParallelFor(p.batch * p.in_size[0] * p.in_size[1], [&](std::int64_t line) {
    const std::int64_t y = line % p.in_size[1];
    const std::int64_t z = line / p.in_size[1] % p.in_size[0];
    const std::int64_t n = line / p.in_size[1] / p.in_size[0];
    const char* from = static_cast<const char*>(src) +
                       (n * p.src.batch + z * p.src.spatial[0] + y * p.src.spatial[1]) * size;
    char* out = to + line * line_bytes;
    if (dense) {
      ConvertRun(problem, set, convert, from, out, width * p.in_channels);
    } else if (together) {
      for (std::int64_t x = 0; x < width; ++x) {
        ConvertRun(problem, set, convert, from + x * pixel, out + x * p.in_channels * element,
                   p.in_channels);
      }
    } else if (p.in_channels == 3 && pixel == 1 && element == 1) {  // a picture
      const auto* plane = reinterpret_cast<const std::uint8_t*>(from);
      const std::uint8_t* planes[] = {plane, plane + channel, plane + 2 * channel};
      convert.interleave3(planes, reinterpret_cast<std::uint8_t*>(out), width);
    } else if (width >= p.in_channels) {
      for (std::int64_t c = 0; c < p.in_channels; ++c) {
        ConvertSpread(problem, set, convert, from + c * channel, pixel, out + c * element,
                      p.in_channels * element, width);
      }
    } else {
      for (std::int64_t x = 0; x < width; ++x) {
        ConvertSpread(problem, set, convert, from + x * pixel, channel,
                      out + x * p.in_channels * element, element, p.in_channels);
      }
    }
  });
}

}  // namespace plumb::kernels
