// Graphs to ONNX models, at opset 21.
//
// Operators of this project go out under the domain "plumb". What a model reads back (import.h) has
// the same text form, except that a subgraph's output that is a captured value, and an output
// listed twice, pass through an Identity. State values become initializers, with metadata that says
// what updates them: other runtimes see their initial contents.
#pragma once

#include <cstdint>
#include <string>

#include "core/status.h"
#include "graph/graph.h"

namespace plumb::onnx {

struct ExportOptions {
  // Constants of more bytes than this in all go to a file "<name>.data" beside the model; a message
  // of 2 GiB or more cannot be read by others.
  std::int64_t max_inline_bytes = std::int64_t{1} << 30;
};

// ResourceExhausted when the constants do not fit into one message.
StatusOr<std::string> ExportBytes(const Graph& graph);
// Replaces the file (and "<name>.data") atomically.
Status ExportFile(const Graph& graph, const std::string& path, const ExportOptions& options = {});

}  // namespace plumb::onnx
