// Loops of independent multiply-adds on registers, of fp32, bf16 and int8.
#pragma once

#include <stdint.h>

namespace plumb::kernels {

// Runs `rounds` rounds and returns the operations done; *sum keeps the work observable.
using FmaLoop = int64_t (*)(int64_t rounds, float* sum) noexcept;

#define PLUMB_PEAK(type, name, isa, needs, loop) int64_t loop(int64_t rounds, float* sum) noexcept;
#include "kernels/peak/peak.def"
#undef PLUMB_PEAK

}  // namespace plumb::kernels
