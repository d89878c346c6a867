// What a row of a kernel list may need of a Target beyond its instruction set, by the name that the
// list gives it.
#pragma once

#include "core/target.h"

namespace plumb::kernels::needs {

inline bool any(const Target&) { return true; }
inline bool amx_bf16(const Target& target) { return target.amx_bf16; }
inline bool amx_int8(const Target& target) { return target.amx_int8; }
inline bool avx512_bf16(const Target& target) { return target.avx512_bf16; }
inline bool avx512_vnni(const Target& target) { return target.avx512_vnni; }

}  // namespace plumb::kernels::needs
