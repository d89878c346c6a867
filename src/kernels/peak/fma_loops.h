// Loops of independent multiply-adds on registers.
#pragma once

#include <cstdint>

namespace plumb::kernels {

// Runs `rounds` rounds and returns the operations done; *sum keeps the work observable.
using FmaLoop = std::int64_t (*)(std::int64_t rounds, float* sum) noexcept;

std::int64_t FmaLoopScalar(std::int64_t rounds, float* sum) noexcept;
std::int64_t FmaLoopAvx2(std::int64_t rounds, float* sum) noexcept;
std::int64_t FmaLoopAvx512(std::int64_t rounds, float* sum) noexcept;

}  // namespace plumb::kernels
