#include "engine/library/symbols.h"

#include <elf.h>
#include <link.h>

#include <algorithm>
#include <span>

namespace plumb::engine {
namespace {

constexpr char kProgram[] = "/proc/self/exe";

// The whole table of a section, or an empty span when it does not lie in the file.
template <typename T>
std::span<const T> TableAt(const MappedFile& file, std::uint64_t offset, std::uint64_t bytes) {
  const auto size = static_cast<std::uint64_t>(file.size());
  if (offset > size || bytes > size - offset || offset % alignof(T) != 0) return {};
  return {reinterpret_cast<const T*>(file.data() + offset), bytes / sizeof(T)};
}

std::uint64_t LoadAddress() {
  std::uint64_t base = 0;
  const auto first = [](dl_phdr_info* info, std::size_t, void* result) {
    *static_cast<std::uint64_t*>(result) = info->dlpi_addr;
    return 1;  // the program comes before its libraries
  };
  dl_iterate_phdr(first, &base);
  return base;
}

}  // namespace

StatusOr<ProgramSymbols> ProgramSymbols::OfThisProgram() {
  ProgramSymbols table;
  PLUMB_ASSIGN_OR_RETURN(table.file_, MappedFile::Open(kProgram));
  table.base_ = LoadAddress();
  if (table.base_ == 0) {
    return Unimplemented(
        "this program is linked to fixed addresses, where those of its kernels cannot be told from "
        "numbers: link it as position-independent (-pie)");
  }
  PLUMB_RETURN_IF_ERROR(table.Read());
  if (table.entries_.empty()) {
    return Unimplemented(
        "this program is stripped of the symbols that name its kernels: install it without "
        "--strip");
  }
  return table;
}

Status ProgramSymbols::Read() {
  const auto header = TableAt<Elf64_Ehdr>(*file_, 0, sizeof(Elf64_Ehdr));
  if (header.empty()) return Internal("the program's file has no ELF header");
  const auto sections = TableAt<Elf64_Shdr>(*file_, header[0].e_shoff,
                                            std::uint64_t{header[0].e_shnum} * sizeof(Elf64_Shdr));
  for (const Elf64_Shdr& section : sections) {
    if (section.sh_type != SHT_SYMTAB || section.sh_link >= sections.size()) continue;
    const Elf64_Shdr& strings = sections[section.sh_link];
    const auto symbols = TableAt<Elf64_Sym>(*file_, section.sh_offset, section.sh_size);
    const auto names = TableAt<char>(*file_, strings.sh_offset, strings.sh_size);
    if (names.empty() || names.back() != '\0') continue;
    const char* source = nullptr;
    for (const Elf64_Sym& symbol : symbols) {
      if (symbol.st_name >= names.size()) continue;
      const char* name = names.data() + symbol.st_name;
      const int type = ELF64_ST_TYPE(symbol.st_info);
      if (type == STT_FILE) source = name;  // of the local symbols that follow
      if (type != STT_FUNC && type != STT_OBJECT) continue;
      if (symbol.st_shndx == SHN_UNDEF || symbol.st_size == 0) continue;
      const bool local = ELF64_ST_BIND(symbol.st_info) == STB_LOCAL;
      const std::uint64_t begin = base_ + symbol.st_value;
      entries_.push_back(
          {begin, begin + symbol.st_size, name, local ? source : nullptr, type == STT_FUNC});
    }
  }
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    if (a.begin != b.begin) return a.begin < b.begin;
    return (a.file == nullptr) > (b.file == nullptr);
  });
  return OkStatus();
}

std::optional<LinkSymbol> ProgramSymbols::Find(std::uint64_t address) const {
  auto after = std::upper_bound(entries_.begin(), entries_.end(), address,
                                [](std::uint64_t at, const Entry& e) { return at < e.begin; });
  if (after == entries_.begin()) return std::nullopt;
  const std::uint64_t begin = std::prev(after)->begin;
  const auto entry =
      std::lower_bound(entries_.begin(), after, begin,
                       [](const Entry& e, std::uint64_t at) { return e.begin < at; });
  if (address >= entry->end || (entry->function && address != begin)) return std::nullopt;
  return LinkSymbol{entry->name, entry->file == nullptr ? "" : entry->file,
                    static_cast<std::int64_t>(address - begin)};
}

}  // namespace plumb::engine
