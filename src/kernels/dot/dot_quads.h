// Depthwise convolutions of 8-bit integers on instructions that add four products of bytes at once:
// the four are taps of one column of the kernel.
//
// Of a strip of an output row, the input rows that it sees are interleaved into quads: for each
// column of the image and each channel, the bytes of four rows. Every output takes the quads of its
// columns, and neighbours share them. Sums are exact: what the zero point adds is in the offsets,
// as for other products.
#pragma once

#include <cstdint>

#include "kernels/dot/dot.h"
#include "kernels/dot/dot_set.h"
#include "kernels/kernel.h"

namespace plumb::kernels {

// Whether quads take the problem on a set of bytes.
bool TakesQuads(const DotProblem& problem, const DotSet& set);

std::int64_t PackedQuadBytes(const DotProblem& problem);
void PackQuads(const DotProblem& problem, const DotSet& set, const DotWeights& weights,
               char* packed);
void RunQuads(const DotProblem& problem, const DotSet& set, const Call& call);

}  // namespace plumb::kernels
