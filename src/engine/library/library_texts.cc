#include "absl/strings/str_replace.h"
#include "engine/library/source_text.h"

namespace plumb::engine {
namespace {

using Replacements = std::vector<std::pair<std::string, std::string>>;

Replacements NamesOf(const LibraryParts& parts) {
  return {{"$name", parts.name},
          {"$NAME", UpperCase(parts.name)},
          {"$model", parts.model},
          {"$needs", parts.needs.Names()},
          {"$workspace", absl::StrCat(parts.workspace_bytes)},
          {"$inputs", absl::StrCat(parts.inputs.size())},
          {"$outputs", absl::StrCat(parts.outputs.size())}};
}

std::string Filled(const char* text, const LibraryParts& parts, Replacements more = {}) {
  Replacements all = NamesOf(parts);
  all.insert(all.end(), more.begin(), more.end());
  return absl::StrReplaceAll(text, all);
}

constexpr char kHeader[] =
    R"(/* $name: model '$model', compiled by plumb. Fixed shapes, one thread, no allocation.
 *
 * Needs a processor with $needs.
 * Tensors are dense and row-major, aligned for their element type. */
#ifndef $NAME_H_
#define $NAME_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define $NAME_INPUTS $inputs
$sizes_in#define $NAME_OUTPUTS $outputs
$sizes_out#define $NAME_WORKSPACE_BYTES $workspace

enum {
  $NAME_OK = 0,
  $NAME_UNSUPPORTED = 1,  /* the processor lacks a feature, or the system withholds it */
  $NAME_BAD_ARGUMENT = 2, /* a null pointer, or a workspace that is not aligned to 64 bytes */
  $NAME_BAD_INDEX = 3     /* an input holds an index outside of its axis; outputs are unspecified */
};

/* 1 when this machine can run the library, else 0. */
int $name_supported(void);

/* Bytes of memory that a run works in. */
size_t $name_workspace_bytes(void);

/* Reads $NAME_INPUTS inputs and writes $NAME_OUTPUTS outputs, in the order above; they overlap
 * neither each other nor the workspace. The workspace is aligned to 64 bytes; what it holds before
 * and after means nothing. Calls with workspaces of their own may run at the same time. */
int $name_run(const void* const* inputs, void* const* outputs, void* workspace);

/* What a status of $name_run means; a constant string. */
const char* $name_error(int status);

#ifdef __cplusplus
}
#endif

#endif /* $NAME_H_ */
)";

std::string Sizes(const LibraryParts& parts, const char* kind,
                  const std::vector<LibraryTensor>& tensors) {
  std::string text;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const LibraryTensor& tensor = tensors[i];
    absl::StrAppend(&text, "#define ", UpperCase(parts.name), "_", kind, "_", i, "_BYTES ",
                    tensor.bytes, " /* '", tensor.name, "', ", Str(DTypeName(tensor.dtype)), " ",
                    tensor.shape.ToString(), " */\n");
  }
  return text;
}

constexpr char kExample[] =
    R"(/* Runs $name once on inputs of zero bytes and prints what the first output begins with. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "$name.h"

/* Zeroed memory aligned to 64 bytes. */
static void* buffer(size_t bytes) {
  size_t rounded = (bytes / 64 + 1) * 64;
  void* memory = aligned_alloc(64, rounded);
  if (memory == NULL) {
    fprintf(stderr, "no memory for %lu bytes\n", (unsigned long)bytes);
    exit(1);
  }
  return memset(memory, 0, rounded);
}

int main(void) {
  const void* inputs[$NAME_INPUTS + 1] = {NULL};
  void* outputs[$NAME_OUTPUTS + 1] = {NULL};
  void* workspace = buffer($name_workspace_bytes());
  int status;
$buffers
  status = $name_run(inputs, outputs, workspace);
  if (status != $NAME_OK) {
    fprintf(stderr, "$name: %s\n", $name_error(status));
    return 1;
  }
$print  return 0;
}
)";

std::string Buffers(const LibraryParts& parts, const char* kind, const char* array,
                    std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    absl::StrAppend(&text, "  ", array, "[", i, "] = buffer(", UpperCase(parts.name), "_", kind,
                    "_", i, "_BYTES);\n");
  }
  return text;
}

// Prints the first elements of an output of floats, the first bytes of another.
std::string PrintText(const LibraryParts& parts) {
  if (parts.outputs.empty()) return "";
  const LibraryTensor& output = parts.outputs[0];
  const bool floats = output.dtype == DType::kFloat32;
  const std::int64_t count = std::min<std::int64_t>(8, floats ? output.bytes / 4 : output.bytes);
  if (count == 0) return "";
  return absl::StrCat("  for (int i = 0; i < ", count, "; ++i) printf(\"", floats ? "%g" : "%d",
                      "%s\", ((const ", floats ? "float" : "unsigned char",
                      "*)outputs[0])[i], i == ", count - 1, " ? \"\\n\" : \" \");\n");
}

constexpr char kReadme[] = R"(# $name
Model `$model` as a library without an interpreter: `plumb compile` wrote it. It needs a processor
with $needs, and the C library.

| file | what it is |
|---|---|
| `$name.h`, `lib$name.so` | what a program needs: the functions, and code with weights |
| `main.c` | an example |
| `$name.cc`, `$name.weights` | what the library was compiled from, beside the kernels of plumb |

    cc main.c -L. -l$name -Wl,-rpath,'$ORIGIN' -o main && ./main

`$name.h` says what goes in and out. Memory is the caller's: a run allocates nothing, works in
$workspace bytes, and calls with workspaces of their own may run at the same time.
)";

}  // namespace

std::string HeaderText(const LibraryParts& parts) {
  return Filled(kHeader, parts,
                {{"$sizes_in", Sizes(parts, "INPUT", parts.inputs)},
                 {"$sizes_out", Sizes(parts, "OUTPUT", parts.outputs)}});
}

std::string ExampleText(const LibraryParts& parts) {
  return Filled(kExample, parts,
                {{"$buffers", Buffers(parts, "INPUT", "inputs", parts.inputs.size()) +
                                  Buffers(parts, "OUTPUT", "outputs", parts.outputs.size())},
                 {"$print", PrintText(parts)}});
}

std::string ReadmeText(const LibraryParts& parts) { return Filled(kReadme, parts); }

std::string ExportsText(const LibraryParts& parts) {
  return Filled(
      "{\n  global: $name_run; $name_workspace_bytes; $name_supported; $name_error;\n"
      "  local: *;\n};\n",
      parts);
}

}  // namespace plumb::engine
