#include "engine/library/source_text.h"

#include <cxxabi.h>

#include <cctype>
#include <cstdlib>
#include <set>

#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace plumb::engine {
namespace {

// What kernels call of the rest of the library, for one thread and without memory of its own.
constexpr char kRuntime[] = R"(
namespace plumb {

enum class DType : std::uint8_t;

template <typename Signature>
class FunctionRef;
template <typename... Args>
class FunctionRef<void(Args...)> {
 public:
  void operator()(Args... args) const { call_(object_, args...); }

 private:
  void* object_;
  void (*call_)(void*, Args...);
};

// A pool of the calling thread alone.
class ThreadPool {
 public:
  int threads() const;
  void ParallelFor(std::int64_t tasks, FunctionRef<void(std::int64_t)> fn, int max_threads);
  void ParallelForRanges(std::int64_t tasks, FunctionRef<void(std::int64_t, std::int64_t, int)> fn,
                         int max_threads);
};
HIDDEN int ThreadPool::threads() const { return 1; }
HIDDEN void ThreadPool::ParallelFor(std::int64_t tasks, FunctionRef<void(std::int64_t)> fn, int) {
  for (std::int64_t task = 0; task < tasks; ++task) fn(task);
}
HIDDEN void ThreadPool::ParallelForRanges(std::int64_t tasks,
                                          FunctionRef<void(std::int64_t, std::int64_t, int)> fn,
                                          int) {
  if (tasks > 0) fn(0, tasks, 0);
}

// Of element types that kernels know; in bits of one element.
HIDDEN std::int64_t StorageBytes(DType type, std::int64_t elements) {
  static const std::int16_t kBits[] = {$dtype_bits};
  return (elements * kBits[(int)type] + 7) / 8;
}

namespace kernels {

struct Call {
  void* const* operands;
  void* workspace;
  ThreadPool* pool;
};

}  // namespace kernels
}  // namespace plumb

// Tables of the kernels' functions name this handler of exceptions; none is thrown in a run.
extern "C" HIDDEN void __gxx_personality_v0() { __builtin_trap(); }

namespace {

union Word {
  std::uint64_t bits;
  const void* address;
};

inline void* At(const void* base, std::int64_t offset) {
  return const_cast<char*>(static_cast<const char*>(base)) + offset;
}

}  // namespace
)";

constexpr char kSupported[] = R"(
namespace {

struct CpuBit {
  unsigned leaf, subleaf;
  int reg, bit;  // register: 0 is eax
};
constexpr CpuBit kNeeded[] = {$bits};
constexpr std::uint64_t kSavedStates = $states;  // of XCR0

bool DetectSupport() {
  unsigned regs[4];
  if (!__get_cpuid(1, &regs[0], &regs[1], &regs[2], &regs[3])) return false;
  if ((regs[2] >> 27 & 1) == 0) return false;  // xgetbv
  std::uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if (((std::uint64_t{high} << 32 | low) & kSavedStates) != kSavedStates) return false;
  for (const CpuBit& need : kNeeded) {
    if (!__get_cpuid_count(need.leaf, need.subleaf, &regs[0], &regs[1], &regs[2], &regs[3])) {
      return false;
    }
    if ((regs[need.reg] >> need.bit & 1) == 0) return false;
  }
  return $amx;
}

}  // namespace

extern "C" int $name_supported(void) {
  static int known;  // 0: not asked yet, 1: no, 2: yes
  int state = __atomic_load_n(&known, __ATOMIC_RELAXED);
  if (state == 0) {
    state = DetectSupport() ? 2 : 1;
    __atomic_store_n(&known, state, __ATOMIC_RELAXED);
  }
  return state == 2;
}
)";

// Linux hands out the tile registers only to processes that ask (ARCH_REQ_XCOMP_PERM).
constexpr char kAskForTiles[] = "syscall(SYS_arch_prctl, 0x1023, 18) == 0";

constexpr char kSupportedAnywhere[] = R"(
extern "C" int $name_supported(void) { return 1; }
)";

std::string SupportedText(const LibraryParts& parts) {
  if (parts.needs.bits.empty()) {
    return absl::StrReplaceAll(kSupportedAnywhere, {{"$name", parts.name}});
  }
  std::string bits;
  for (const CpuBit& bit : parts.needs.bits) {
    absl::StrAppendFormat(&bits, "\n    {%u, %u, %d, %d},  // %s", bit.leaf, bit.subleaf,
                          bit.reg - 'a', bit.bit, bit.name);
  }
  return absl::StrReplaceAll(kSupported,
                             {{"$bits", bits + "\n"},
                              {"$states", absl::StrFormat("0x%x", parts.needs.saved_states)},
                              {"$amx", parts.needs.amx ? kAskForTiles : "true"},
                              {"$name", parts.name}});
}

// "void plumb::kernels::(anonymous namespace)::Pixel<Max>(void const*)" is "Pixel".
std::string PlainName(const std::string& mangled) {
  int failed = 0;
  char* demangled = abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &failed);
  std::string text = demangled == nullptr ? mangled : demangled;
  std::free(demangled);
  text = absl::StrReplaceAll(text, {{"(anonymous namespace)", ""}});
  text = text.substr(0, text.find_first_of("(<["));
  text = text.substr(text.find_last_of(" :") + 1);  // all of it where there is neither
  return text.empty() ? "symbol" : text;
}

// Bits of an element are bytes of eight.
std::string DTypeBits() {
  std::string bits = "0";
  for (int type = 1; type <= static_cast<int>(DType::kUInt4); ++type) {
    absl::StrAppend(&bits, ", ", StorageBytes(static_cast<DType>(type), 8));
  }
  return bits;
}

class SourceWriter {
 public:
  explicit SourceWriter(const LibraryParts& parts) : parts_(parts) {
    for (std::size_t i = 0; i < parts.image.symbols().size(); ++i) {
      names_.push_back(absl::StrCat(PlainName(parts.image.symbols()[i].name), "_", i));
    }
  }

  std::string Write() {
    absl::StrAppend(&text_, "// ", parts_.name, ": ", parts_.steps.size(), " kernels of model '",
                    parts_.model, "', called in order. Written by plumb compile.\n#include \"",
                    parts_.name, ".h\"\n\n#include <cstdint>\n");
    if (!parts_.needs.bits.empty()) text_ += "#include <cpuid.h>\n";
    if (parts_.needs.amx) text_ += "#include <sys/syscall.h>\n#include <unistd.h>\n";
    text_ += "\n#define HIDDEN __attribute__((visibility(\"hidden\")))\n";
    text_ += absl::StrReplaceAll(kRuntime, {{"$dtype_bits", DTypeBits()}});
    Weights();
    Symbols();
    Pieces();
    text_ += SupportedText(parts_);
    Constants();
    RunFunction();
    return std::move(text_);
  }

 private:
  void Weights() {
    if (parts_.weights_bytes == 0) return;
    absl::StrAppend(&text_, "\n// ", parts_.weights_bytes,
                    " bytes.\nextern \"C\" HIDDEN const char ", parts_.name,
                    "_weights[];\n__asm__(\".section .rodata.", parts_.name,
                    "_weights,\\\"a\\\",@progbits\\n\"\n        \".balign 64\\n", parts_.name,
                    "_weights:\\n\"\n        \".incbin \\\"", parts_.name,
                    ".weights\\\"\\n\"\n        \".previous\\n\");\n");
  }

  // Kernels are called, tables and inner functions are only pointed to.
  void Symbols() {
    std::set<int> called, pointed;
    for (const LibraryStep& step : parts_.steps) called.insert(step.kernel);
    for (const Piece& piece : parts_.image.pieces()) {
      for (const Pointer& pointer : piece.pointers) {
        if (pointer.symbol >= 0) pointed.insert(pointer.symbol);
      }
    }
    text_ += "\n";
    for (int k : called) {
      absl::StrAppend(
          &text_, "extern \"C\" HIDDEN void ", name(k),
          "(const void* params, const plumb::kernels::Call& call) noexcept\n    __asm__(\"",
          LinkName(parts_.image.symbols()[static_cast<std::size_t>(k)]), "\");\n");
    }
    for (int k : pointed) {
      absl::StrAppend(&text_, "extern \"C\" HIDDEN const char ", name(k), "_at[]\n    __asm__(\"",
                      LinkName(parts_.image.symbols()[static_cast<std::size_t>(k)]), "\");\n");
    }
  }

  void Pieces() {
    text_ += "\nnamespace {\n\n// Parameters of the kernels, and the memory that they point to.\n";
    const std::vector<Piece>& pieces = parts_.image.pieces();
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      if (parts_.piece_offset[i] < 0) {
        absl::StrAppend(&text_, "extern const Word memory_", i, "[", pieces[i].words.size(),
                        "];\n");
      }
    }
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      if (parts_.piece_offset[i] < 0) OnePiece(i, pieces[i]);
    }
    text_ += "\n}  // namespace\n";
  }

  void OnePiece(std::size_t index, const Piece& piece) {
    absl::StrAppend(&text_, "alignas(64) const Word memory_", index, "[", piece.words.size(),
                    "] = {");
    std::size_t used = piece.words.size();
    auto pointer = piece.pointers.begin();
    while (used > 1 && piece.words[used - 1] == 0 &&
           (piece.pointers.empty() || piece.pointers.back().word != used - 1)) {
      --used;  // the rest is zero by itself
    }
    for (std::size_t i = 0; i < used; ++i) {
      if (i % 8 == 0) text_ += "\n   ";
      if (pointer != piece.pointers.end() && pointer->word == i) {
        absl::StrAppend(&text_, " {.address = ", Address(*pointer), "},");
        ++pointer;
      } else {
        absl::StrAppendFormat(&text_, " {0x%x},", piece.words[i]);
      }
    }
    text_ += "};\n";
  }

  std::string Address(const Pointer& pointer) const {
    std::string base;
    std::int64_t offset = pointer.offset;
    if (pointer.symbol >= 0) {
      base = absl::StrCat(name(pointer.symbol), "_at");
    } else if (parts_.piece_offset[static_cast<std::size_t>(pointer.piece)] >= 0) {
      base = parts_.name + "_weights";
      offset += parts_.piece_offset[static_cast<std::size_t>(pointer.piece)];
    } else {
      base = absl::StrCat("(const char*)memory_", pointer.piece);
    }
    return offset == 0 ? base : absl::StrCat(base, " + ", offset);
  }

  void Constants() {
    absl::StrAppend(&text_, "\nextern \"C\" size_t ", parts_.name,
                    "_workspace_bytes(void) { return ", parts_.workspace_bytes, "; }\n");
    text_ += absl::StrReplaceAll(R"(
extern "C" const char* $name_error(int status) {
  switch (status) {
    case $NAME_OK: return "no error";
    case $NAME_UNSUPPORTED: return "the processor lacks what the library needs: $needs";
    case $NAME_BAD_ARGUMENT: return "a pointer is null, or the workspace is not aligned to 64 bytes";
    case $NAME_BAD_INDEX: return "an input holds an index outside of its axis";
    default: return "unknown status";
  }
}
)",
                                 {{"$name", parts_.name},
                                  {"$NAME", UpperCase(parts_.name)},
                                  {"$needs", parts_.needs.Names()}});
  }

  void RunFunction() {
    const std::string upper = UpperCase(parts_.name);
    absl::StrAppend(&text_, "\nextern \"C\" int ", parts_.name,
                    "_run(const void* const* inputs, void* const* outputs, void* workspace) {\n"
                    "  if (!",
                    parts_.name, "_supported()) return ", upper,
                    "_UNSUPPORTED;\n"
                    "  if (workspace == nullptr || (std::uintptr_t)workspace % 64 != 0) return ",
                    upper, "_BAD_ARGUMENT;\n");
    CheckPointers("inputs", parts_.inputs);
    CheckPointers("outputs", parts_.outputs);
    text_ += "  plumb::ThreadPool pool;\n";
    if (parts_.errors_offset >= 0) {
      absl::StrAppend(&text_, "  std::int64_t* const errors = (std::int64_t*)At(workspace, ",
                      parts_.errors_offset, ");\n  *errors = 0;\n");
    }
    for (const LibraryStep& step : parts_.steps) OneStep(step);
    absl::StrAppend(&text_, "  return ", upper, "_OK;\n}\n");
  }

  void CheckPointers(const char* array, const std::vector<LibraryTensor>& tensors) {
    std::string wrong;
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      if (tensors[i].bytes == 0) continue;
      absl::StrAppend(&wrong, wrong.empty() ? "" : " || ", array, "[", i, "] == nullptr");
    }
    if (wrong.empty()) return;
    absl::StrAppend(&text_, "  if (", array, " == nullptr || ", wrong, ") return ",
                    UpperCase(parts_.name), "_BAD_ARGUMENT;\n");
  }

  void OneStep(const LibraryStep& step) {
    absl::StrAppend(&text_, "  {  // ", step.comment, "\n    void* const operands[] = {");
    for (std::size_t k = 0; k < step.operands.size(); ++k) {
      absl::StrAppend(&text_, k == 0 ? "" : ", ", Operand(step.operands[k]));
    }
    if (step.operands.empty()) text_ += "nullptr";
    absl::StrAppend(&text_, "};\n    ", name(step.kernel), "(", PieceAddress(step.params),
                    ", {operands, At(workspace, ", step.workspace_offset, "), &pool});\n");
    if (step.counts_errors) {
      absl::StrAppend(&text_, "    if (*errors != 0) return ", UpperCase(parts_.name),
                      "_BAD_INDEX;\n");
    }
    text_ += "  }\n";
  }

  std::string PieceAddress(int piece) const { return Address({0, piece, -1, 0}); }

  std::string Operand(const runtime::OperandSlot& slot) const {
    const auto at = [&](const std::string& base) {
      return absl::StrCat("At(", base, ", ", slot.offset, ")");
    };
    switch (slot.place) {
      case runtime::Place::kNull: return "nullptr";
      case runtime::Place::kArena: return at("workspace");
      case runtime::Place::kConstant: return at(parts_.name + "_weights");
      case runtime::Place::kInput: return at(absl::StrCat("inputs[", slot.index, "]"));
      case runtime::Place::kOutput: return at(absl::StrCat("outputs[", slot.index, "]"));
    }
    return "nullptr";
  }

  const std::string& name(int symbol) const { return names_[static_cast<std::size_t>(symbol)]; }

  const LibraryParts& parts_;
  std::vector<std::string> names_;  // by symbol
  std::string text_;
};

}  // namespace

std::string SourceText(const LibraryParts& parts) { return SourceWriter(parts).Write(); }

std::string LinkName(const LinkSymbol& symbol) {
  if (symbol.file.empty()) return symbol.name;
  return absl::StrCat(symbol.file.substr(0, symbol.file.find('.')), ".", symbol.name);
}

std::string UpperCase(std::string_view name) {
  std::string upper(name);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return upper;
}

}  // namespace plumb::engine
