// The list of operators as a document, made from the table.
#pragma once

#include <string>

#include "graph/op_def.h"

namespace plumb::ops {

// Markdown: one row per operator with its first opset, inputs, attributes and what it has.
std::string OperatorDocs(const OpTable& ops);

}  // namespace plumb::ops
