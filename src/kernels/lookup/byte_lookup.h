// dst[i] = table[src[i]] of bytes: any function of one 8-bit element to another, such as from the
// steps of one quantisation to those of another.
//
// Signed elements are looked up by their bits. Fast where the innermost stride is 1 on both sides,
// right for any strides. dst may be src where their strides are the same. Operands: src, dst.
#pragma once

#include <array>
#include <cstdint>

#include "core/shape.h"
#include "kernels/kernel.h"

namespace plumb::kernels {

using ByteTable = std::array<std::uint8_t, 256>;

struct ByteLookupProblem {
  Shape sizes;
  Strides src, dst;  // of the same rank
};

BoundKernel BindByteLookup(const ByteLookupProblem& problem, const ByteTable& table,
                           const Target& target);

}  // namespace plumb::kernels
