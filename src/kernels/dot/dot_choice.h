// The set of inner loops behind an Algorithm of this family.
#pragma once

#include "kernels/dot/dot_set.h"
#include "kernels/kernel.h"

namespace plumb::kernels {

const DotSet& DotSetOf(const Algorithm& algorithm);  // PLUMB_CHECKs that there is one

}  // namespace plumb::kernels
