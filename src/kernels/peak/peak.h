// The most multiply-adds that a core does: loops on registers alone.
#pragma once

#include <vector>

#include "core/target.h"
#include "core/thread_pool.h"
#include "kernels/peak/fma_loops.h"

namespace plumb::kernels {

struct Peak {
  const char* type;  // of what is multiplied: "fp32", "bf16", "int8"
  const char* name;  // "fma fp32 avx512", "dot bf16 amx"
  FmaLoop loop;
};

// What the target can run, the fastest of each type first.
std::vector<Peak> PeaksOf(const Target& target);

// Operations per second (a multiply-add counts two) of `threads` threads together, each the best of
// several bursts that take `seconds`. PLUMB_CHECKs that the pool has as many.
double MeasurePeak(const Peak& peak, ThreadPool* pool, int threads, double seconds = 0.02);

// fp32 GFLOP/s of the calling thread. The instruction set must be available. Scalar measures plain
// C++ as the compiler vectorises it for any machine.
double MeasureFmaPeak(Isa isa, double seconds = 0.02);

}  // namespace plumb::kernels
