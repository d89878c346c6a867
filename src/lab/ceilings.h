// What this machine can do, and how near to it a step comes.
#pragma once

#include "core/target.h"
#include "core/thread_pool.h"
#include "engine/segment.h"

namespace plumb::lab {

// Of all threads of a pool together, per second; a multiply-add counts two operations.
struct Ceilings {
  double fp32 = 0, bf16 = 0, int8 = 0;  // operations; of the fastest instructions there are
  double memory = 0;                    // bytes read

  double operations(DType product) const;
};

// Takes about a second.
Ceilings MeasureCeilings(const Target& target, ThreadPool* pool);

// Shares of the ceilings that a step reached in so many milliseconds. The operations are those of
// the definition and the bytes those of its operands: an algorithm that needs fewer, and operands
// that the caches hold, may pass 1.
struct LimitShare {
  double operations = 0, bytes = 0;
};
LimitShare ShareOf(const engine::StepInfo& step, double ms, const Ceilings& ceilings);

}  // namespace plumb::lab
