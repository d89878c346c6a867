// Counter-based random numbers (Philox4x32-10, Salmon et al., SC'11): the same seed and counter
// give the same numbers on every machine and for any number of threads.
#pragma once

#include <array>
#include <cstdint>

namespace plumb {

// The Philox block function: four 32-bit words for a 64-bit key and a 128-bit counter.
std::array<std::uint32_t, 4> Philox4x32(std::uint64_t key, std::uint64_t counter_low,
                                        std::uint64_t counter_high);

// A sequential reader of one stream. Copyable, cheap.
class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0) : seed_(seed), stream_(stream) {}
  std::uint32_t NextU32();
  std::uint64_t NextU64();
  // Uniform integer in [low, high], without modulo bias. PLUMB_CHECKs low <= high.
  std::int64_t Uniform(std::int64_t low, std::int64_t high);
  double NextDouble();       // uniform in [0, 1), 53 bits
  float NextFloat();         // uniform in [0, 1), 24 bits
  double NextNormal();       // mean 0, deviation 1 (Box-Muller)
  double NextExponential();  // mean 1

 private:
  std::uint64_t seed_;
  std::uint64_t stream_;
  std::uint64_t block_ = 0;
  int used_ = 4;
  std::array<std::uint32_t, 4> words_{};
};

}  // namespace plumb
