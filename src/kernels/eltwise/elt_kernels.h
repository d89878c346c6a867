// Tile functions behind element-wise programs: contiguous elements in, contiguous elements out.
// Free of the standard library, for sources of one instruction set.
#pragma once

#include <stdint.h>

#include "kernels/eltwise/elt_op.h"

namespace plumb::kernels {

enum class EltType : uint8_t {
  kF32,
  kF64,
  kF16,
  kBF16,
  kI8,
  kI16,
  kI32,
  kI64,
  kU8,
  kU16,
  kU32,
  kU64,
  kBool
};
inline constexpr int kEltTypes = 13;

// dst[i] = op(a[i], b[i], c[i]) for i < n; dst may equal an operand of the same element size.
struct EltArgs {
  void* dst;
  const void* a;
  const void* b;
  const void* c;
  int64_t n;
  double alpha, beta;
};
using EltFn = void (*)(const EltArgs& args);

// fp32 by vectors; null where the operation has no vector form.
EltFn FindEltF32Scalar(EltOp op);
EltFn FindEltF32Avx2(EltOp op);
EltFn FindEltF32Avx512(EltOp op);

// Arithmetic, comparison and selection by loops that the compiler vectorises. The first takes every
// type; the others those that profit (8-byte and 4-byte numbers, bool), null otherwise.
EltFn FindEltTypedScalar(EltOp op, EltType type);
EltFn FindEltTypedAvx2(EltOp op, EltType type);
EltFn FindEltTypedAvx512(EltOp op, EltType type);

// Conversions. The first takes every pair, the others the frequent ones from and to fp32.
EltFn FindEltCast(EltType from, EltType to);
EltFn FindEltCastAvx2(EltType from, EltType to);
EltFn FindEltCastAvx512(EltType from, EltType to);

// kQuantize to and kDequantize from `small`; null where that is no 8-bit integer.
EltFn FindEltQuantizeScalar(EltOp op, EltType small);
EltFn FindEltQuantizeAvx2(EltOp op, EltType small);
EltFn FindEltQuantizeAvx512(EltOp op, EltType small);

// Functions of the C library for fp32 and fp64, among them every unary F operation for fp64.
EltFn FindEltLibm(EltOp op, EltType type);

}  // namespace plumb::kernels
