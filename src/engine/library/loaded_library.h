// A compiled library in this process, for those that hold it against the interpreter.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/arena.h"
#include "core/status.h"

namespace plumb::engine {

// Calls run one at a time: they share a workspace.
class LoadedLibrary {
 public:
  // `name` is the library's, `path` its file. Errors: it cannot be loaded, it is of another name,
  // or this machine lacks what it needs.
  static StatusOr<std::unique_ptr<LoadedLibrary>> Load(const std::string& path,
                                                       const std::string& name);
  ~LoadedLibrary();
  LoadedLibrary(const LoadedLibrary&) = delete;
  LoadedLibrary& operator=(const LoadedLibrary&) = delete;

  // Pointers in the order of the header. Errors: what the library says of its status.
  Status Run(std::span<const void* const> inputs, std::span<void* const> outputs);

 private:
  LoadedLibrary() = default;

  void* handle_ = nullptr;
  int (*run_)(const void* const*, void* const*, void*) = nullptr;
  const char* (*error_)(int) = nullptr;
  Arena workspace_;
};

}  // namespace plumb::engine
