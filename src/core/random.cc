#include "core/random.h"

#include <cmath>
#include <numbers>

#include "core/check.h"

namespace plumb {
namespace {

constexpr std::uint32_t kMultiplier0 = 0xD2511F53;
constexpr std::uint32_t kMultiplier1 = 0xCD9E8D57;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9;  // golden ratio
constexpr std::uint32_t kWeyl1 = 0xBB67AE85;  // sqrt(3) - 1
constexpr int kRounds = 10;

}  // namespace

std::array<std::uint32_t, 4> Philox4x32(std::uint64_t key, std::uint64_t counter_low,
                                        std::uint64_t counter_high) {
  auto low = [](std::uint64_t value) { return static_cast<std::uint32_t>(value); };
  auto high = [](std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); };
  std::array<std::uint32_t, 4> words = {low(counter_low), high(counter_low), low(counter_high),
                                        high(counter_high)};
  std::uint32_t key0 = low(key);
  std::uint32_t key1 = high(key);
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t product0 = std::uint64_t{kMultiplier0} * words[0];
    const std::uint64_t product1 = std::uint64_t{kMultiplier1} * words[2];
    words = {high(product1) ^ words[1] ^ key0, low(product1), high(product0) ^ words[3] ^ key1,
             low(product0)};
    key0 += kWeyl0;
    key1 += kWeyl1;
  }
  return words;
}

std::uint32_t Random::NextU32() {
  if (used_ == 4) {
    words_ = Philox4x32(seed_, block_++, stream_);
    used_ = 0;
  }
  return words_[static_cast<std::size_t>(used_++)];
}

std::uint64_t Random::NextU64() {
  const std::uint64_t low = NextU32();
  return low | std::uint64_t{NextU32()} << 32;
}

std::int64_t Random::Uniform(std::int64_t low, std::int64_t high) {
  PLUMB_CHECK(low <= high, "low ", low, ", high ", high);
  // Wraps to zero for the full 64-bit range, where every draw is accepted.
  const std::uint64_t count =
      static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
  std::uint64_t draw = NextU64();
  if (count != 0) {
    // Draws below 2^64 mod count are rejected; the rest is a whole number of periods.
    const std::uint64_t reject_below = (0 - count) % count;
    while (draw < reject_below) draw = NextU64();
    draw %= count;
  }
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + draw);
}

double Random::NextDouble() { return static_cast<double>(NextU64() >> 11) * 0x1.0p-53; }
float Random::NextFloat() { return static_cast<float>(NextU32() >> 8) * 0x1.0p-24f; }

double Random::NextNormal() {
  const double radius = std::sqrt(2 * NextExponential());
  return radius * std::cos(2 * std::numbers::pi * NextDouble());
}

double Random::NextExponential() { return -std::log1p(-NextDouble()); }

}  // namespace plumb
