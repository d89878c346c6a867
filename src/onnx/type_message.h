// TypeProto messages as types of values. Private to this room.
#pragma once

#include "graph/graph.h"
#include "onnx/onnx.pb.h"

namespace plumb::onnx {

// Errors: sequences, optionals, maps and sparse tensors (named), element types without support,
// negative sizes. A dimension of -1 or without anything is a new symbol.
StatusOr<ValueInfo> InfoOfType(const onnxpb::TypeProto& type, SymbolTable& symbols);
void FillType(const ValueInfo& info, const SymbolTable& symbols, onnxpb::TypeProto* type);

}  // namespace plumb::onnx
