// The loops around the tiles of narrow products.
//
// A block of rows of A, gathered or read where it lies, stays in the second-level cache while panel
// after panel of B passes; the sums of a tile leave through a buffer in the first.
#pragma once

#include <cstdint>

#include "kernels/dot/dot.h"
#include "kernels/dot/dot_set.h"
#include "kernels/kernel.h"

namespace plumb::kernels {

// block_bytes: of the rows of A that one block may have; slots: tasks that may run at once.
std::int64_t DotWorkspaceBytes(const DotProblem& problem, const DotSet& set,
                               std::int64_t block_bytes, std::int64_t slots);

void RunDotLoop(const DotProblem& problem, const DotSet& set, std::int64_t block_bytes,
                std::int64_t slots, const Call& call);

}  // namespace plumb::kernels
