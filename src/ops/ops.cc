#include "ops/ops.h"

#include <vector>

namespace plumb::ops {

#define PLUMB_OP(Name, file) const OpDef& Name##Op();
#include "ops/all_ops.def"
#undef PLUMB_OP

const OpTable& AllOps() {
  static const auto* const table = new OpTable(std::vector<const OpDef*>{
#define PLUMB_OP(Name, file) &Name##Op(),
#include "ops/all_ops.def"
#undef PLUMB_OP
  });
  return *table;
}

}  // namespace plumb::ops
