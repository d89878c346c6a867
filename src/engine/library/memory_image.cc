#include "engine/library/memory_image.h"

#include <cstring>
#include <utility>

namespace plumb::engine {
namespace {

// Smaller numbers are sizes and strides: the program and its memory lie above.
constexpr std::uint64_t kLowestAddress = std::uint64_t{1} << 32;

}  // namespace

int MemoryImage::Add(const void* begin, std::size_t bytes) {
  if (bytes == 0) return -1;
  const auto address = reinterpret_cast<std::uint64_t>(begin);
  const int index = static_cast<int>(pieces_.size());
  const auto [place, added] = places_.try_emplace(address, bytes, index);
  if (!added && place->second.first >= bytes) return place->second.second;
  place->second.first = bytes;
  if (!added) {  // the same memory, seen in full
    pieces_[static_cast<std::size_t>(place->second.second)].words.resize((bytes + 7) / 8);
  } else {
    pieces_.emplace_back().words.resize((bytes + 7) / 8);
  }
  std::memcpy(pieces_[static_cast<std::size_t>(place->second.second)].words.data(), begin, bytes);
  return place->second.second;
}

int MemoryImage::PieceAt(std::uint64_t address) const {
  const auto after = places_.upper_bound(address);
  if (after == places_.begin()) return -1;
  const auto& [begin, piece] = *std::prev(after);
  return address - begin <= piece.first ? piece.second : -1;
}

int MemoryImage::NumberOf(const LinkSymbol& symbol) {
  for (std::size_t i = 0; i < symbols_.size(); ++i) {
    if (symbols_[i].name == symbol.name && symbols_[i].file == symbol.file) {
      return static_cast<int>(i);
    }
  }
  symbols_.push_back(symbol);
  symbols_.back().offset = 0;
  return static_cast<int>(symbols_.size()) - 1;
}

StatusOr<int> MemoryImage::SymbolAt(const ProgramSymbols& symbols, const void* address) {
  const auto found = symbols.Find(reinterpret_cast<std::uint64_t>(address));
  if (!found || found->offset != 0) return Internal("the program's file does not name a kernel");
  return NumberOf(*found);
}

void MemoryImage::Resolve(const ProgramSymbols& symbols) {
  std::vector<std::uint64_t> begins(pieces_.size());
  for (const auto& [begin, piece] : places_) {
    begins[static_cast<std::size_t>(piece.second)] = begin;
  }
  for (Piece& piece : pieces_) {
    for (std::size_t i = 0; i < piece.words.size(); ++i) {
      std::uint64_t& word = piece.words[i];
      if (word < kLowestAddress) continue;
      Pointer pointer;
      pointer.word = i;
      pointer.piece = PieceAt(word);
      if (pointer.piece >= 0) {
        pointer.offset =
            static_cast<std::int64_t>(word - begins[static_cast<std::size_t>(pointer.piece)]);
      } else if (const auto symbol = symbols.Find(word)) {
        pointer.symbol = NumberOf(*symbol);
        pointer.offset = symbol->offset;
      } else {
        continue;
      }
      word = 0;
      piece.pointers.push_back(pointer);
    }
  }
}

}  // namespace plumb::engine
