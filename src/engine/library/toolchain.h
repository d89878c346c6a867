// The system's compiler and linker, which make a library out of generated source and the archives
// of our kernels.
#pragma once

#include <string>
#include <vector>

#include "core/status.h"
#include "engine/library/library_parts.h"

namespace plumb::engine {

struct Toolchain {
  std::vector<std::string> compiler;  // of C++, with its first arguments
  std::vector<std::string> archives;  // static libraries of the rooms that kernels are made of
};

// Finds the archives beside the running program: in the build tree, or below the prefix that it was
// installed to. Errors say what is missing and where it was looked for, or which package brings the
// compiler.
// `compiler` may have arguments: "ccache g++".
StatusOr<Toolchain> FindToolchain(const std::string& compiler);

// Compiles NAME.cc and NAME.weights of `folder` into libNAME.so there, and main.c into main; other
// files that it makes there are for itself. Errors hold what the tool that failed said first.
Status BuildLibrary(const Toolchain& toolchain, const LibraryParts& parts,
                    const std::string& folder);

}  // namespace plumb::engine
