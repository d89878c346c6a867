// Memory of this process as a library holds it: pieces of bytes, and words that point to another
// piece or to a symbol of the program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "engine/library/symbols.h"

namespace plumb::engine {

// An eight-byte word of a piece that is an address.
struct Pointer {
  std::size_t word = 0;  // index in the piece
  int piece = -1;        // that it points into, `offset` bytes after its begin, or
  int symbol = -1;       // the symbol that it points to, with an offset of its own
  std::int64_t offset = 0;
};

struct Piece {
  std::vector<std::uint64_t> words;  // padded with zeros; those of `pointers` are zero
  std::vector<Pointer> pointers;
};

// Not thread-safe.
class MemoryImage {
 public:
  // A piece for [begin, begin + bytes), once for the same memory; -1 when it is empty.
  int Add(const void* begin, std::size_t bytes);

  // Finds the words that are addresses of a piece or a symbol; all others are numbers. Called once,
  // after all pieces were added.
  void Resolve(const ProgramSymbols& symbols);

  // The number of the symbol at an address, for functions that are called. Errors: there is none.
  StatusOr<int> SymbolAt(const ProgramSymbols& symbols, const void* address);

  const std::vector<Piece>& pieces() const { return pieces_; }
  const std::vector<LinkSymbol>& symbols() const { return symbols_; }

 private:
  int NumberOf(const LinkSymbol& symbol);
  int PieceAt(std::uint64_t address) const;  // that the address lies in or ends; -1: none

  std::vector<Piece> pieces_;
  std::map<std::uint64_t, std::pair<std::uint64_t, int>> places_;  // begin: bytes and piece
  std::vector<LinkSymbol> symbols_;
};

}  // namespace plumb::engine
