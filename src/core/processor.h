// What CPUID and the kernel say about this processor. Only target.cc reads it.
#pragma once

#include <cstdint>
#include <string>

namespace plumb {

// Features count only when the operating system saves their registers too.
struct Processor {
  bool avx2 = false;    // with FMA, F16C and BMI2
  bool avx512 = false;  // F, BW, CD, DQ, VL, and avx2 above
  bool avx_vnni = false;
  bool avx512_vnni = false;
  bool avx512_bf16 = false;
  bool amx_bf16 = false;  // with permission for the tile registers
  bool amx_int8 = false;

  // Zero where unknown.
  std::int64_t l1_bytes = 0;  // data
  std::int64_t l2_bytes = 0;
  std::int64_t l3_bytes = 0;
  std::string name;
};

// Asked once, then remembered.
const Processor& ThisProcessor();

}  // namespace plumb
