// The texts of a compiled library: C++ that calls kernels one after the other, a header for C, an
// example and a page that says how to use them.
#pragma once

#include <string>

#include "engine/library/library_parts.h"

namespace plumb::engine {

// NAME.cc; reads NAME.weights from the folder that it is compiled in.
std::string SourceText(const LibraryParts& parts);
std::string HeaderText(const LibraryParts& parts);   // NAME.h
std::string ExampleText(const LibraryParts& parts);  // main.c
std::string ReadmeText(const LibraryParts& parts);   // README.md

// The linker's version script: what the header declares is seen, nothing else.
std::string ExportsText(const LibraryParts& parts);

// What the linker calls a symbol of the image: a name of the archives, or the one that a source's
// own symbol is given on the way.
std::string LinkName(const LinkSymbol& symbol);

std::string UpperCase(std::string_view name);

}  // namespace plumb::engine
