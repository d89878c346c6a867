// The image as the inner loops want it: channels together, elements of their type.
#pragma once

#include <cstdint>

#include "kernels/dot/dot.h"
#include "kernels/dot/dot_set.h"
#include "kernels/kernel.h"

namespace plumb::kernels {

// Whether the call's src serves as it is.
bool DotImageInPlace(const DotProblem& problem, const DotSet& set);

// Bytes of a dense copy, [batch][depth][height][width][channels] of the set's elements.
std::int64_t DotImageBytes(const DotProblem& problem, const DotSet& set);

// Fills `to` with that copy.
void ConvertDotImage(const DotProblem& problem, const DotSet& set, const void* src, char* to,
                     ThreadPool* pool);

}  // namespace plumb::kernels
