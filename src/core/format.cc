#include "core/format.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace plumb {
namespace {

// Three significant digits without an exponent for 0.001 <= |value| < 1000.
std::string ThreeDigits(double value) {
  const double magnitude = std::abs(value);
  int decimals = 0;
  if (magnitude > 0 && magnitude < 99.95) {
    decimals = magnitude < 9.995 ? 2 : 1;
    for (double scaled = magnitude; scaled < 0.9995 && decimals < 6; scaled *= 10) ++decimals;
  }
  char text[64];
  std::snprintf(text, sizeof(text), "%.*f", decimals, value);
  return text;
}

std::string Scaled(double value, double step, const std::array<const char*, 6>& units) {
  // A value that would print as 1000 takes the next unit.
  std::size_t unit = 0;
  while (std::abs(value) >= (unit == 0 ? step : 999.5) && unit + 1 < units.size()) {
    value /= step;
    ++unit;
  }
  const bool whole = unit == 0 && value == std::floor(value);
  char text[32];
  std::snprintf(text, sizeof(text), "%.0f", value);
  return (whole ? std::string(text) : ThreeDigits(value)) + units[unit];
}

}  // namespace

std::string FormatBytes(std::int64_t bytes) {
  return Scaled(static_cast<double>(bytes), 1024, {" B", " KiB", " MiB", " GiB", " TiB", " PiB"});
}

std::string FormatCount(double count) {
  return Scaled(count, 1000, {"", " K", " M", " G", " T", " P"});
}

std::string FormatMillis(std::int64_t nanos) {
  return ThreeDigits(static_cast<double>(nanos) * 1e-6);
}

std::string FormatExact(double value) {
  char text[40];
  const auto result = std::to_chars(text, text + sizeof(text), value);
  return std::string(text, result.ptr);
}

}  // namespace plumb
