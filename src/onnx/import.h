// ONNX models to graphs.
//
// Any opset from 7 to 21 arrives in one form, that of opset 21: operators are brought up by their
// OpDef. Model-local functions are inlined, Constant nodes become constants, values of an outer
// graph that a subgraph reads become captures. Initializers stay in the mapped file (also in files
// of external data) where their alignment allows it.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "core/status.h"
#include "graph/graph.h"
#include "graph/op_def.h"

namespace plumb::onnx {

inline constexpr int kOldestOpset = 7;
inline constexpr int kNewestOpset = 21;

// Errors read "model 'net.onnx': node 'conv_3' (Conv): ..." and never leave a half-made graph. The
// graph is inferred and verified. An operator or type that is not supported is kUnimplemented.
StatusOr<Graph> ImportFile(const std::string& path, const OpTable& ops);

// The same from memory; `name` stands in errors. Constants are copied; external data is an error.
StatusOr<Graph> ImportBytes(std::span<const std::byte> bytes, const OpTable& ops,
                            const std::string& name = "in memory");

}  // namespace plumb::onnx
