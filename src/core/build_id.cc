#include "core/build_id.h"

#include <link.h>

#include <cstdint>
#include <cstring>
#include <string_view>

#include "absl/strings/escaping.h"

namespace plumb {
namespace {

// The build id among the notes of one segment; empty: not there.
std::string FindInNotes(std::string_view notes) {
  const auto padded = [](std::size_t bytes) { return (bytes + 3) / 4 * 4; };
  ElfW(Nhdr) note;
  while (notes.size() >= sizeof(note)) {
    std::memcpy(&note, notes.data(), sizeof(note));
    notes.remove_prefix(sizeof(note));
    const std::size_t name = padded(note.n_namesz), all = name + padded(note.n_descsz);
    if (all > notes.size()) return "";
    if (note.n_type == NT_GNU_BUILD_ID && notes.substr(0, note.n_namesz) == std::string("GNU", 4)) {
      const std::string_view id = notes.substr(name, note.n_descsz);
      return absl::BytesToHexString({id.data(), id.size()});
    }
    notes.remove_prefix(all);
  }
  return "";
}

// Ends the iteration at the object that this function is part of.
int Visit(dl_phdr_info* object, std::size_t, void* result) {
  const auto here = reinterpret_cast<std::uintptr_t>(&Visit);
  bool holds_us = false;
  std::string id;
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = object->dlpi_phdr[i];
    const std::uintptr_t begin = object->dlpi_addr + header.p_vaddr;
    if (header.p_type == PT_LOAD) {
      holds_us = holds_us || (here >= begin && here - begin < header.p_memsz);
    } else if (header.p_type == PT_NOTE && id.empty()) {
      id = FindInNotes({reinterpret_cast<const char*>(begin), header.p_memsz});
    }
  }
  if (holds_us) *static_cast<std::string*>(result) = id;
  return holds_us ? 1 : 0;
}

}  // namespace

const std::string& BuildId() {
  static const std::string id = [] {
    std::string found;
    dl_iterate_phdr(&Visit, &found);
    return found;
  }();
  return id;
}

}  // namespace plumb
