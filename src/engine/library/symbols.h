// The names that a linker knows functions and tables of the running program by. Kernels point to
// functions and constant tables; a library that is made of them names these to the linker.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/mapped_file.h"
#include "core/status.h"

namespace plumb::engine {

struct LinkSymbol {
  std::string name;  // mangled
  std::string file;  // base name of the source whose own symbol it is; empty: known to all objects
  std::int64_t offset = 0;  // of the address from the symbol, in bytes; 0 for functions
};

// Read from the symbol table of the program's file. Immutable; thread-safe.
class ProgramSymbols {
 public:
  // Errors: a program that is stripped, or linked to fixed addresses.
  static StatusOr<ProgramSymbols> OfThisProgram();

  // The function that begins at the address, or the table that it lies in.
  std::optional<LinkSymbol> Find(std::uint64_t address) const;

 private:
  struct Entry {
    std::uint64_t begin, end;  // addresses
    const char* name;
    const char* file;  // null: global
    bool function;
  };
  ProgramSymbols() = default;
  Status Read();

  std::shared_ptr<const MappedFile> file_;  // owns the names
  std::uint64_t base_ = 0;                  // where the file is loaded
  std::vector<Entry> entries_;              // by rising begin; globals before locals
};

}  // namespace plumb::engine
