#include "core/processor.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#endif

namespace plumb {
namespace {

#if defined(__x86_64__)

struct Leaf {
  std::uint32_t eax = 0;
  std::uint32_t ebx = 0;
  std::uint32_t ecx = 0;
  std::uint32_t edx = 0;
};

// All zero when the processor does not know the leaf.
Leaf Cpuid(std::uint32_t leaf, std::uint32_t subleaf = 0) {
  Leaf result;
  __get_cpuid_count(leaf, subleaf, &result.eax, &result.ebx, &result.ecx, &result.edx);
  return result;
}

bool Bit(std::uint64_t word, int bit) { return ((word >> bit) & 1) != 0; }

// XCR0: the register states that the operating system saves.
std::uint64_t SavedStates() {
  if (!Bit(Cpuid(1).ecx, 27)) return 0;  // OSXSAVE
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return std::uint64_t{high} << 32 | low;
}

// Linux hands out the 8 KiB of tile registers only to processes that ask.
bool RequestAmx() {
  constexpr int kArchRequestPermission = 0x1023;
  constexpr int kTileData = 18;
  return syscall(SYS_arch_prctl, kArchRequestPermission, kTileData) == 0;
}

void ReadFeatures(Processor& processor) {
  constexpr std::uint64_t kAvxStates = 0x6;      // XMM, YMM
  constexpr std::uint64_t kAvx512States = 0xE6;  // and opmask, both halves of ZMM
  constexpr std::uint64_t kAmxStates = 0x60000;  // tile configuration and data
  const std::uint64_t states = SavedStates();
  const Leaf basic = Cpuid(1);
  const Leaf extended = Cpuid(7);
  const Leaf more = extended.eax >= 1 ? Cpuid(7, 1) : Leaf{};
  const bool fma_f16c = Bit(basic.ecx, 12) && Bit(basic.ecx, 29);
  const bool bmi2 = Bit(extended.ebx, 8);
  processor.avx2 = (states & kAvxStates) == kAvxStates && Bit(basic.ecx, 28) &&
                   Bit(extended.ebx, 5) && fma_f16c && bmi2;
  processor.avx512 = processor.avx2 && (states & kAvx512States) == kAvx512States &&
                     Bit(extended.ebx, 16) && Bit(extended.ebx, 17) && Bit(extended.ebx, 28) &&
                     Bit(extended.ebx, 30) && Bit(extended.ebx, 31);
  processor.avx_vnni = processor.avx2 && Bit(more.eax, 4);
  processor.avx512_vnni = processor.avx512 && Bit(extended.ecx, 11);
  processor.avx512_bf16 = processor.avx512 && Bit(more.eax, 5);
  const bool tiles = Bit(extended.edx, 24) && (states & kAmxStates) == kAmxStates;
  if (processor.avx512 && tiles && RequestAmx()) {
    processor.amx_bf16 = Bit(extended.edx, 22);
    processor.amx_int8 = Bit(extended.edx, 25);
  }
}

// Leaf 4 (Intel) and 0x8000001D (AMD) describe one cache per subleaf in the same fields.
void ReadCaches(Processor& processor, std::uint32_t leaf) {
  constexpr std::uint32_t kInstructionCache = 2;
  for (std::uint32_t index = 0; index < 16; ++index) {
    const Leaf cache = Cpuid(leaf, index);
    const std::uint32_t type = cache.eax & 0x1F;
    if (type == 0) return;
    if (type == kInstructionCache) continue;
    const std::int64_t ways = (cache.ebx >> 22) + 1;
    const std::int64_t partitions = ((cache.ebx >> 12) & 0x3FF) + 1;
    const std::int64_t line = (cache.ebx & 0xFFF) + 1;
    const std::int64_t bytes = ways * partitions * line * (std::int64_t{cache.ecx} + 1);
    switch ((cache.eax >> 5) & 7) {
      case 1: processor.l1_bytes = bytes; break;
      case 2: processor.l2_bytes = bytes; break;
      case 3: processor.l3_bytes = bytes; break;
      default: break;
    }
  }
}

std::string BrandString() {
  if (Cpuid(0x80000000).eax < 0x80000004) return {};
  std::array<char, 49> text{};
  for (std::uint32_t i = 0; i < 3; ++i) {
    const Leaf part = Cpuid(0x80000002 + i);
    std::memcpy(text.data() + 16 * i, &part, sizeof(part));
  }
  std::string name(text.data());
  const std::size_t first = name.find_first_not_of(' ');
  const std::size_t last = name.find_last_not_of(' ');
  return first == std::string::npos ? std::string() : name.substr(first, last - first + 1);
}

#endif

Processor Detect() {
  Processor processor;
#if defined(__x86_64__)
  ReadFeatures(processor);
  ReadCaches(processor, 4);
  const bool amd_topology = Bit(Cpuid(0x80000001).ecx, 22);
  if (processor.l1_bytes == 0 && amd_topology) ReadCaches(processor, 0x8000001D);
  processor.name = BrandString();
#endif
  auto fill = [](std::int64_t& bytes, int name) {
    if (bytes == 0) bytes = std::max(0L, sysconf(name));
  };
  fill(processor.l1_bytes, _SC_LEVEL1_DCACHE_SIZE);
  fill(processor.l2_bytes, _SC_LEVEL2_CACHE_SIZE);
  fill(processor.l3_bytes, _SC_LEVEL3_CACHE_SIZE);
  utsname system{};
  if (processor.name.empty() && uname(&system) == 0) processor.name = system.machine;
  return processor;
}

}  // namespace

const Processor& ThisProcessor() {
  static const Processor processor = Detect();
  return processor;
}

}  // namespace plumb
