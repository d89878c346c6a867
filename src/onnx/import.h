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
#include <vector>

#include "core/mapped_file.h"
#include "core/status.h"
#include "graph/graph.h"
#include "graph/op_def.h"

namespace plumb::onnx {

inline constexpr int kOldestOpset = 7;
inline constexpr int kNewestOpset = 21;

struct ImportOptions {
  // An input of the file that is an initializer too has a default: it becomes a constant, so that
  // it can be folded and packed (before IR version 4 every weight was listed so). The defaults
  // named here become inputs that every run is given instead; other names change nothing.
  std::vector<std::string> given_defaults;
  // Where set: is given the files that the import mapped, the model first.
  std::vector<SourceFile>* files = nullptr;
};

// Errors read "model 'net.onnx': node 'conv_3' (Conv): ..." and never leave a half-made graph. The
// graph is inferred and verified. An operator or type that is not supported is kUnimplemented.
StatusOr<Graph> ImportFile(const std::string& path, const OpTable& ops,
                           const ImportOptions& options = {});

// The same from memory; `name` stands in errors. Constants are copied; external data is an error.
StatusOr<Graph> ImportBytes(std::span<const std::byte> bytes, const OpTable& ops,
                            const std::string& name = "in memory",
                            const ImportOptions& options = {});

}  // namespace plumb::onnx
