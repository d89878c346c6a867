#include "engine/library/loaded_library.h"

#include <dlfcn.h>

namespace plumb::engine {

StatusOr<std::unique_ptr<LoadedLibrary>> LoadedLibrary::Load(const std::string& path,
                                                             const std::string& name) {
  std::unique_ptr<LoadedLibrary> library(new LoadedLibrary);
  const std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  library->handle_ = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library->handle_ == nullptr) return Unavailable("'", path, "' cannot be loaded: ", dlerror());
  const auto find = [&](const char* function) {
    return dlsym(library->handle_, (name + function).c_str());
  };
  library->run_ = reinterpret_cast<decltype(library->run_)>(find("_run"));
  library->error_ = reinterpret_cast<decltype(library->error_)>(find("_error"));
  const auto supported = reinterpret_cast<int (*)()>(find("_supported"));
  const auto bytes = reinterpret_cast<std::size_t (*)()>(find("_workspace_bytes"));
  if (library->run_ == nullptr || library->error_ == nullptr || supported == nullptr ||
      bytes == nullptr) {
    return InvalidArgument("'", path, "' is no library of model '", name, "'");
  }
  if (supported() == 0) return Unimplemented("'", path, "': ", library->error_(1));
  PLUMB_RETURN_IF_ERROR(library->workspace_.Reserve(static_cast<std::int64_t>(bytes())));
  return library;
}

LoadedLibrary::~LoadedLibrary() {
  if (handle_ != nullptr) dlclose(handle_);
}

Status LoadedLibrary::Run(std::span<const void* const> inputs, std::span<void* const> outputs) {
  const int status = run_(inputs.data(), outputs.data(), workspace_.data());
  return status == 0 ? OkStatus() : InvalidArgument("the compiled library: ", error_(status));
}

}  // namespace plumb::engine
