// Checks a node against the schema of its OpDef: arities, attributes, element types.
#pragma once

#include <span>
#include <string_view>

#include "graph/op_def.h"

namespace plumb {

// `types` is a Formal's: "float", "T=float|int", "u8|i8", or "T" (a variable bound elsewhere).
// Sets: float (f64 f32 f16 bf16), int (8 to 64 bits, signed or not), signed (signed integers and
// floats), number (float and int), index (i32 i64), bool, string, int4 (i4 u4), any; or the name of
// one type ("f32"). kUndefined, a type not known, is in every set.
bool TypeAllowed(std::string_view types, DType dtype);

// Number of inputs and outputs, required ones present, attributes known and of their types,
// subgraphs there. The message lacks the node, which the caller adds.
Status CheckStructure(const Node& node);

// Types of inputs (null where omitted) and outputs within their sets, and equal where they share a
// variable. `outputs` may be empty: not inferred.
Status CheckTypes(const Node& node, std::span<const ValueInfo* const> inputs,
                  std::span<const ValueInfo* const> outputs);

// "node 'conv_3' (Conv)"
std::string NodeLabel(const Node& node);

}  // namespace plumb
