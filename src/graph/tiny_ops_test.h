// A few operators for the tests of this room.
#pragma once

#include "graph/op_def.h"

namespace plumb::testing {

// Add(a, b): broadcasting, T=number. Shape(x) -> i64. Reshape(x, shape). NonZero(x) -> i64[rank,?].
// Concat(x...) along axis 0 with required int attribute axis. If(cond) with two branches.
// Loop(count, x) with a body of (i, x) -> (x). plumb.Tag(x) with one attribute of every type.
const OpTable& TinyOps();

}  // namespace plumb::testing
