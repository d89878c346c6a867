#include "engine/library/compile_library.h"

#include <stdlib.h>

#include <cctype>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "core/file_io.h"
#include "engine/library/library_parts.h"
#include "engine/library/source_text.h"
#include "engine/library/toolchain.h"

namespace plumb::engine {
namespace {

namespace fs = std::filesystem;

// A folder that is gone at the end, with what is in it.
class TemporaryFolder {
 public:
  static StatusOr<TemporaryFolder> In(const std::string& folder) {
    TemporaryFolder made;
    made.path_ = folder + "/.plumb-XXXXXX";
    if (mkdtemp(made.path_.data()) == nullptr) {
      const std::string reason = std::generic_category().message(errno);
      made.path_.clear();
      return Unavailable("cannot write to '", folder, "': ", reason);
    }
    return made;
  }
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  TemporaryFolder() = default;
  std::string path_;
};

std::string WeightBytes(const LibraryParts& parts) {
  std::string bytes(static_cast<std::size_t>(parts.weights_bytes), '\0');
  for (const LibraryConstant& constant : parts.constants) {
    bytes.replace(static_cast<std::size_t>(constant.offset),
                  static_cast<std::size_t>(constant.bytes), static_cast<const char*>(constant.from),
                  static_cast<std::size_t>(constant.bytes));
  }
  return bytes;
}

Status WriteTexts(const LibraryParts& parts, const std::string& folder) {
  const std::string stem = folder + "/" + parts.name;
  PLUMB_RETURN_IF_ERROR(WriteFileAtomically(stem + ".weights", WeightBytes(parts)));
  PLUMB_RETURN_IF_ERROR(WriteFileAtomically(stem + ".h", HeaderText(parts)));
  PLUMB_RETURN_IF_ERROR(WriteFileAtomically(stem + ".cc", SourceText(parts)));
  PLUMB_RETURN_IF_ERROR(WriteFileAtomically(folder + "/main.c", ExampleText(parts)));
  return WriteFileAtomically(folder + "/README.md", ReadmeText(parts));
}

std::vector<std::string> FilesOf(const LibraryParts& parts) {
  return {parts.name + ".weights",
          parts.name + ".h",
          parts.name + ".cc",
          "main.c",
          "README.md",
          "main",
          "lib" + parts.name + ".so"};
}

// Files are replaced only where an earlier library lies: its example is there.
Status CheckFolder(const LibraryParts& parts, const std::string& folder) {
  constexpr std::int64_t kExampleBytes = 1 << 20;
  const StatusOr<std::string> example = ReadFile(folder + "/main.c", kExampleBytes);
  if (example.ok() && example->starts_with("/* Runs ") &&
      example->find(" once on inputs of zero bytes") != std::string::npos) {
    return OkStatus();
  }
  for (const std::string& file : FilesOf(parts)) {
    std::error_code error;
    if (fs::exists(fs::symlink_status(fs::path(folder) / file, error))) {
      return absl::AlreadyExistsError(absl::StrCat(
          "'", folder, "/", file, "' is there already and would be replaced: expected ",
          "an empty folder, or one with an earlier library"));
    }
  }
  return OkStatus();
}

Status MoveFiles(const LibraryParts& parts, const std::string& from, const std::string& to) {
  for (const std::string& file : FilesOf(parts)) {
    std::error_code error;
    fs::rename(fs::path(from) / file, fs::path(to) / file, error);
    if (error) {
      return Unavailable("cannot write '", to, "/", file, "': ", error.message());
    }
  }
  return OkStatus();
}

Status WriteLibrary(const LibraryParts& parts, const Toolchain& toolchain,
                    const std::string& folder) {
  PLUMB_RETURN_IF_ERROR(CheckFolder(parts, folder));
  PLUMB_RETURN_IF_ERROR(MakeDirectories(folder));
  PLUMB_ASSIGN_OR_RETURN(const TemporaryFolder made, TemporaryFolder::In(folder));
  PLUMB_RETURN_IF_ERROR(WriteTexts(parts, made.path()));
  PLUMB_RETURN_IF_ERROR(BuildLibrary(toolchain, parts, made.path()));
  return MoveFiles(parts, made.path(), folder);
}

}  // namespace

std::string LibraryName(std::string_view text) {
  std::string name;
  for (char c : text) {
    const bool word = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (word) {
      name += c;
    } else if (!name.empty() && name.back() != '_') {
      name += '_';
    }
  }
  while (!name.empty() && name.back() == '_') name.pop_back();
  if (name.empty()) return "model";
  return std::isdigit(static_cast<unsigned char>(name[0])) != 0 ? "model_" + name : name;
}

StatusOr<LibraryFiles> CompileLibrary(Session& session, std::span<const Shape> input_shapes,
                                      const LibraryOptions& options) {
  PLUMB_ASSIGN_OR_RETURN(const Toolchain toolchain, FindToolchain(options.compiler));
  PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<const Segment> segment,
                         session.FirstSegment(input_shapes));
  PLUMB_ASSIGN_OR_RETURN(const LibraryParts parts,
                         PartsOf(session.model(), std::move(segment), options.name));
  std::error_code error;
  const bool existed = fs::exists(options.folder, error);
  const Status status = WriteLibrary(parts, toolchain, options.folder);
  if (!status.ok()) {
    if (!existed) fs::remove(options.folder, error);  // where it is empty
    return status;
  }
  return LibraryFiles{options.folder + "/lib" + parts.name + ".so", options.folder + "/main"};
}

}  // namespace plumb::engine
