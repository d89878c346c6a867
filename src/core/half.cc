// Conversions of the 16-bit floats: all that compiled libraries take out of this room.
#include <bit>

#include "core/dtype.h"

namespace plumb {
namespace {

// Keeps `drop` low bits out of `value`, rounding to nearest, ties to even.
std::uint32_t RoundShift(std::uint32_t value, int drop) {
  const std::uint32_t half = std::uint32_t{1} << (drop - 1);
  const std::uint32_t odd = (value >> drop) & 1;
  return (value + half - 1 + odd) >> drop;
}

}  // namespace

Float16::Float16(float value) {
  const auto word = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((word >> 16) & 0x8000);
  const std::uint32_t magnitude = word & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) {  // NaN: quiet, top payload bits kept
    bits = static_cast<std::uint16_t>(sign | 0x7E00 | ((magnitude >> 13) & 0x1FF));
  } else if (magnitude >= 0x477FF000) {  // 65520 and more round to infinity
    bits = sign | 0x7C00;
  } else if (magnitude >= 0x38800000) {  // normal: 2^-14 and more; the exponent bias is 112 less
    bits = static_cast<std::uint16_t>(sign | RoundShift(magnitude - (112u << 23), 13));
  } else if (magnitude > 0x33000000) {  // subnormal: more than 2^-25
    const std::uint32_t mantissa = (magnitude & 0x7FFFFF) | 0x800000;
    bits = static_cast<std::uint16_t>(
        sign | RoundShift(mantissa, 126 - static_cast<int>(magnitude >> 23)));
  } else {
    bits = sign;
  }
}

Float16::operator float() const {
  const std::uint32_t sign = std::uint32_t{bits & 0x8000u} << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1F;
  const std::uint32_t mantissa = bits & 0x3FF;
  if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000 | mantissa << 13);
  if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
  const float magnitude = static_cast<float>(mantissa) * 0x1.0p-24f;
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
}

BFloat16::BFloat16(float value) {
  const auto word = std::bit_cast<std::uint32_t>(value);
  const bool is_nan = (word & 0x7FFFFFFF) > 0x7F800000;
  bits = static_cast<std::uint16_t>(is_nan ? (word >> 16) | 0x40 : RoundShift(word, 16));
}

BFloat16::operator float() const { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

}  // namespace plumb
