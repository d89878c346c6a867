// What a model is compiled for. Only HostTarget() looks at the processor or at PLUMB_ISA.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/status.h"

namespace plumb {

// Ordered: a higher one includes those below it. avx2 means AVX2, FMA and F16C; avx512 means
// F, BW, CD, DQ, VL on top. Narrow-type extensions are flags of their own in Target.
enum class Isa : std::uint8_t { kScalar = 0, kAvx2 = 1, kAvx512 = 2 };

std::string_view IsaName(Isa isa);  // "scalar", "avx2", "avx512"

struct Target {
  Isa isa = Isa::kScalar;
  bool avx_vnni = false;
  bool avx512_vnni = false;
  bool avx512_bf16 = false;
  bool amx_bf16 = false;
  bool amx_int8 = false;

  std::int64_t l1_bytes = 32 << 10;   // data, per core
  std::int64_t l2_bytes = 512 << 10;  // per core
  std::int64_t l3_bytes = 8 << 20;    // per last-level domain
  int cores = 1;                      // usable by this process: affinity and cgroup quota
  std::string processor;              // name as the system gives it

  int vector_floats() const;  // fp32 lanes of a register: 1, 8, 16
};

// This machine, lowered to PLUMB_ISA=scalar|avx2|avx512|amx|neon where that is set. Errors: an
// unknown name, or a feature set that the machine lacks (both name what is available).
StatusOr<Target> HostTarget();

// The instruction sets that this machine can run, lowest first (PLUMB_ISA is not looked at).
std::vector<Isa> AvailableIsas();

// The host, lowered to `isa`; PLUMB_CHECKs that it is available. For tests that loop over sets.
Target TargetFor(Isa isa);

}  // namespace plumb
