// Counts what a test binary allocates: link allocations.cc into it.
#pragma once

#include <cstdint>

namespace plumb::engine::testing {

// Calls so far of operator new, aligned or not, and, without sanitizers, of malloc, calloc, realloc
// and aligned_alloc, by all threads.
std::int64_t AllocationCount();

}  // namespace plumb::engine::testing
