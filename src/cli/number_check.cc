#include "cli/number_check.h"

#include <charconv>
#include <limits>

#include "absl/strings/str_cat.h"

namespace plumb::cli {
namespace {

// NaN lies in no range.
template <typename T>
CLI::Validator InRange(const std::string& expected, T low, T high, const std::string& in_help) {
  return CLI::Validator(
      [=](std::string& text) -> std::string {
        T value = 0;
        const char* const end = text.data() + text.size();
        const auto [next, error] = std::from_chars(text.data(), end, value);
        if (error == std::errc() && next == end && value >= low && value <= high) return "";
        return absl::StrCat("expected ", expected, ", got '", text, "'");
      },
      in_help);
}

}  // namespace

CLI::Validator WholeNumber(std::int64_t low, std::int64_t high) {
  return InRange(absl::StrCat("a whole number from ", low, " to ", high), low, high,
                 absl::StrCat(low, "..", high));
}

CLI::Validator NumberBetween(double low, double high) {
  return InRange(absl::StrCat("a number from ", low, " to ", high), low, high,
                 absl::StrCat(low, "..", high));
}

CLI::Validator FiniteNumber() {
  constexpr double kLargest = std::numeric_limits<double>::max();
  return InRange("a finite number", -kLargest, kLargest, "");
}

}  // namespace plumb::cli
