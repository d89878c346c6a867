#include "engine/library/toolchain.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <system_error>

#include "absl/strings/str_split.h"
#include "core/child_process.h"
#include "core/file_io.h"
#include "engine/library/source_text.h"

namespace plumb::engine {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRooms[] = {"kernels", "core"};
// What kernels call of core as they run. Other objects would come for what is called only before,
// and bring the C++ library.
constexpr char kCoreObject[] = "half.cc.o";

// Where a room's archive lies, from the folder of the program.
std::vector<fs::path> PlacesOf(const std::string& room, const fs::path& program) {
  const std::string file = "libplumb_" + room + ".a";
  return {program / "src" / room / file, program.parent_path() / PLUMB_INSTALL_LIBDIR / file};
}

std::string FirstLines(const std::string& text) {
  std::string lines = text.substr(0, 500);
  std::replace(lines.begin(), lines.end(), '\n', ' ');
  return lines.empty() ? "it said nothing" : lines;
}

Status RunTool(const std::vector<std::string>& command, const std::string& folder) {
  const StatusOr<ProcessEnd> end = RunProcess(command, folder);
  if (!end.ok()) {
    return NotFound(end.status().message(),
                    "; the package g++ brings a compiler and binutils, the variable CXX names "
                    "another compiler");
  }
  if (end->success) return OkStatus();
  return Unavailable("'", command[0], "' failed: ", FirstLines(end->messages));
}

// Copies of the archives without static initialisers, which come with headers of the C++ library;
// kernels have none. Returns their names in `folder`.
StatusOr<std::vector<std::string>> CopyArchives(const Toolchain& toolchain,
                                                const std::string& folder) {
  std::vector<std::string> copies;
  for (const std::string& archive : toolchain.archives) {
    copies.push_back(fs::path(archive).filename().string());
    PLUMB_RETURN_IF_ERROR(
        RunTool({"objcopy", "--remove-section=.init_array", archive, copies.back()}, folder));
  }
  return copies;
}

// Takes the objects whose own symbols are needed out of their archive and gives these symbols names
// that the linker finds. Returns the objects.
StatusOr<std::vector<std::string>> ObjectsWithOwnSymbols(const std::string& archive,
                                                         const MemoryImage& image,
                                                         const std::string& folder) {
  std::map<std::string, std::vector<std::string>> renames;  // by source
  for (const LinkSymbol& symbol : image.symbols()) {
    if (symbol.file.empty()) continue;
    std::vector<std::string>& options = renames[symbol.file];
    options.insert(options.end(), {"--redefine-sym", symbol.name + "=" + LinkName(symbol),
                                   "--globalize-symbol", LinkName(symbol)});
  }
  if (renames.empty()) return std::vector<std::string>();
  std::vector<std::string> extract = {"ar", "x", archive};
  for (const auto& [source, options] : renames) extract.push_back(source + ".o");
  PLUMB_RETURN_IF_ERROR(RunTool(extract, folder));
  for (const auto& [source, options] : renames) {
    std::vector<std::string> command = {"objcopy"};
    command.insert(command.end(), options.begin(), options.end());
    command.push_back(source + ".o");
    PLUMB_RETURN_IF_ERROR(RunTool(command, folder));
  }
  return std::vector<std::string>(extract.begin() + 3, extract.end());
}

}  // namespace

StatusOr<Toolchain> FindToolchain(const std::string& compiler) {
  Toolchain toolchain;
  std::error_code error;
  toolchain.compiler = absl::StrSplit(compiler, ' ', absl::SkipEmpty());
  if (toolchain.compiler.empty()) {
    return InvalidArgument("no compiler: expected the name of one for C++");
  }
  // Tools run in a folder of their own.
  std::string& command = toolchain.compiler[0];
  if (command.find('/') != std::string::npos) command = fs::absolute(command, error).string();
  const fs::path program = fs::read_symlink("/proc/self/exe", error).parent_path();
  for (const char* room : kRooms) {
    const std::vector<fs::path> places = PlacesOf(room, program);
    const auto found = std::find_if(places.begin(), places.end(),
                                    [&](const fs::path& path) { return fs::exists(path, error); });
    if (found == places.end()) {
      return NotFound("the static library of the kernels is missing: looked for '",
                      places[0].string(), "' and '", places[1].string(),
                      "'; build plumb, or install it with cmake --install");
    }
    toolchain.archives.push_back(found->string());
  }
  return toolchain;
}

Status BuildLibrary(const Toolchain& toolchain, const LibraryParts& parts,
                    const std::string& folder) {
  const std::string& name = parts.name;
  const std::string library = "lib" + name + ".so";
  PLUMB_RETURN_IF_ERROR(WriteFileAtomically(folder + "/exports", ExportsText(parts)));
  const auto with_compiler = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), toolchain.compiler.begin(), toolchain.compiler.end());
    return arguments;
  };
  PLUMB_RETURN_IF_ERROR(RunTool(with_compiler({"-std=c++20", "-O1", "-fPIC", "-fno-exceptions",
                                               "-c", name + ".cc", "-o", name + ".o"}),
                                folder));
  PLUMB_ASSIGN_OR_RETURN(const std::vector<std::string> archives, CopyArchives(toolchain, folder));
  PLUMB_ASSIGN_OR_RETURN(const std::vector<std::string> objects,
                         ObjectsWithOwnSymbols(archives[0], parts.image, folder));
  PLUMB_RETURN_IF_ERROR(RunTool({"ar", "x", archives[1], kCoreObject}, folder));
  // Only what is reached from the exported functions stays; what the C library lacks is an error.
  std::vector<std::string> link = {"-shared",
                                   "-nostdlib",
                                   "-s",
                                   "-Wl,--gc-sections",
                                   "-Wl,-z,defs",
                                   "-Wl,--version-script=exports",
                                   "-Wl,-soname," + library,
                                   "-o",
                                   library,
                                   name + ".o"};
  link.insert(link.end(), objects.begin(), objects.end());
  link.insert(link.end(), {kCoreObject, archives[0]});
  link.insert(link.end(), {"-Wl,--as-needed", "-lm", "-lc", "-lgcc"});
  PLUMB_RETURN_IF_ERROR(RunTool(with_compiler(link), folder));
  return RunTool(with_compiler({"-x", "c", "-O1", "main.c", "-x", "none", library,
                                "-Wl,-rpath,$ORIGIN", "-o", "main"}),
                 folder);
}

}  // namespace plumb::engine
