// Compiled execution: writes a library for one model, one set of input shapes and one target, made
// of generated source and only the kernels that it calls.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/session.h"

namespace plumb::engine {

struct LibraryOptions {
  std::string folder;            // made when it is missing
  std::string name;              // an identifier of C (LibraryName makes one)
  std::string compiler = "c++";  // of C++, found by the search path
};

struct LibraryFiles {
  std::string library;  // folder/libNAME.so
  std::string example;  // folder/main, which runs it once
};

// "resnet50-v1.7" becomes "resnet50_v1_7"; "model" where nothing is left.
std::string LibraryName(std::string_view text);

// Writes NAME.h, NAME.cc, NAME.weights, libNAME.so, main.c, main and README.md: they are made in a
// folder beside and moved in at the end, in place of an earlier library. Errors: a file
// of one of these names that is not such a library's; they name the input that leaves
// a size open, the node that cannot be compiled, the folder that cannot be written, the tool that
// is missing or failed.
StatusOr<LibraryFiles> CompileLibrary(Session& session, std::span<const Shape> input_shapes,
                                      const LibraryOptions& options);

}  // namespace plumb::engine
