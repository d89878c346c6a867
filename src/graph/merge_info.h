// Brings together what a file states of a value and what inference finds. Private to this room.
#pragma once

#include <utility>

#include "absl/container/inlined_vector.h"
#include "graph/graph.h"

namespace plumb {

// What statements that are there already are good for.
enum class Statements : std::uint8_t {
  kTrusted,    // kept where inference knows less; a contradiction is an error
  kNamesOnly,  // a body is inferred for several types in turn: only symbols made up earlier are
               // kept, so that inferring twice gives the same names
};

// Gives anonymous dimensions of one node symbols of the graph: the same one, the same symbol.
class SymbolNamer {
 public:
  explicit SymbolNamer(SymbolTable& symbols) : symbols_(symbols) {}
  // `stated` (may be null) is what the dimension was called before.
  Dim Name(const Dim& dim, const Dim* stated);

 private:
  SymbolTable& symbols_;
  absl::InlinedVector<std::pair<int, Dim>, 4> named_;
};

// The result has no anonymous dimension. `namer` is shared by the outputs of one node; null: its
// own.
StatusOr<ValueInfo> MergeInfo(const ValueInfo& stated, ValueInfo inferred, Statements statements,
                              SymbolTable& symbols, SymbolNamer* namer = nullptr);

}  // namespace plumb
