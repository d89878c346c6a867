// What ArgMax and ArgMin share.
#pragma once

#include <string_view>

#include "graph/op_def.h"

namespace plumb::ops {

OpDef ArgExtremeSchema(std::string_view name, std::string_view doc);
Status ReferenceArgExtreme(ReferenceContext& context, bool smallest);
Status LowerArgExtreme(ops::LowerContext& context, bool smallest);

}  // namespace plumb::ops
