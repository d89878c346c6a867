// The text form of a graph: printed by tools, parsed by tests.
//
//   graph mlp(x: f32[N,784]) -> (y) {          # dims: 4, N, 2*N+1, ? (made up); no [] is any rank
//     w = const f32[784,10] seed(7)            # also: {1, 2, 3}, zeros, hex "0a1b"
//     state s: i64[] = {0}
//     h = MatMul(x, w)
//     y: f32[N,10] = Softmax(h) {axis = -1} "node name"
//     a, b = Split(x, _) {num_outputs = 2}     # `_` is an omitted input or output
//     z = If(c) {then_branch = graph () captures (h) -> (t) { t = Neg(h) }, else_branch = ...}
//     update s = s2
//   }
//
// Attributes: 1, 1.0, "text", [1, 2], [1.0], ["a"], ints[] floats[] strings[] for empty lists,
// f32[2] {1, 2} for tensors. Names that are not letters, digits, '_' and '.' stand in quotes; a
// capture that has another name inside is written `outer as inner`. A node whose name is not given
// is named as its first output. seed(n) draws from [-1, 1), integers from -8 to 8 (unsigned 0 to
// 15).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "graph/graph.h"
#include "graph/op_def.h"

namespace plumb {

struct TextOptions {
  bool types = true;               // print inferred types of node outputs
  std::int64_t max_elements = 16;  // longer constants are printed as a digest and cannot be parsed
  bool full_constants = false;     // print every element, so that the text parses back equal
};

std::string ToText(const Graph& graph, const TextOptions& options = {});

struct ParseOptions {
  // false: neither inferred nor verified, for patterns; `$name` may stand for an attribute then and
  // becomes the string "$name".
  bool infer = true;
  // Of what `zeros` and `seed(n)` stand for in a text, all together: a short text must not fill the
  // memory.
  std::int64_t max_generated_bytes = std::int64_t{1} << 30;
};

// Parses, infers and verifies. Errors say line and column.
StatusOr<Graph> ParseGraph(std::string_view text, const OpTable& ops,
                           const ParseOptions& options = {});

// "3", "N" or "2*N+1" as Dim::ToString writes them; nullopt for other text, such as "past + 1".
std::optional<Dim> ParseDim(std::string_view text, SymbolTable& symbols);

}  // namespace plumb
