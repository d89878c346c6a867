// The most multiply-adds that one core does: a loop on registers alone.
#pragma once

#include "core/target.h"

namespace plumb::kernels {

// fp32 GFLOP/s of the calling thread (a multiply-add counts two), the best of several bursts that
// take `seconds` together. The instruction set must be available. Scalar measures plain C++ as the
// compiler vectorises it for any machine.
double MeasureFmaPeak(Isa isa, double seconds = 0.02);

}  // namespace plumb::kernels
