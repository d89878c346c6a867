// The table of every operator, made from all_ops.def.
#pragma once

#include "graph/op_def.h"

namespace plumb::ops {

// The same table for the whole process; built on first use, immutable.
const OpTable& AllOps();

}  // namespace plumb::ops
