// The instructions of element-wise programs (eltwise.h). Free of the standard library, for sources
// of one instruction set.
#pragma once

#include <stdint.h>

namespace plumb::kernels {

// Types: F float32 and float64; I the eight integer types; B bool. float16 and bfloat16 are only
// converted from and to.
// clang-format off
enum class EltOp : uint8_t {
  kConstant,  // F I B: every element is alpha
  kCast,      // any number or bool to any; float to integer truncates and saturates, NaN gives 0
  // Between fp32 and 8-bit integers: alpha is the scale, beta the zero point.
  kQuantize,    // saturate(round(a / alpha) + beta), halves to even; NaN gives beta
  kDequantize,  // (a - beta) * alpha
  // unary, F I
  kAbs, kNeg, kSign,
  // unary, F
  kExp, kLog, kSqrt, kRsqrt, kReciprocal, kFloor, kCeil, kRound, kSin, kCos, kTan, kAsin, kAcos,
  kAtan, kSinh, kCosh, kTanh, kAsinh, kAcosh, kAtanh, kErf, kSigmoid, kSoftplus, kSoftsign, kRelu,
  kLeakyRelu,        // alpha: slope
  kElu,              // alpha
  kSelu,             // alpha, beta = gamma
  kCelu,             // alpha
  kHardSigmoid,      // alpha, beta: clip(alpha x + beta, 0, 1)
  kHardSwish,        // x clip(x / 6 + 1/2, 0, 1)
  kSilu,             // x sigmoid(x)
  kGelu,             // x (1 + erf(x / sqrt 2)) / 2
  kGeluTanh,         // x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2
  kMish,             // x tanh(softplus(x))
  kThresholdedRelu,  // x where x > alpha, else 0
  kClip,             // alpha <= x <= beta; F and I
  kIsNan, kIsInf,    // to bool; alpha, beta != 0: look for -inf, +inf
  // unary
  kNot,         // B
  kBitwiseNot,  // I
  // binary, F I; bool operands only where B is said
  kAdd, kSub, kMul, kDiv, kMin, kMax,
  kPow,    // the exponent has the type of the base
  kPrelu,  // a where a >= 0, else a * b
  kMod,    // sign of the divisor
  kFmod,   // sign of the dividend
  kBitAnd, kBitOr, kBitXor, kShiftLeft, kShiftRight,  // I
  kEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual,  // F I to bool; kEqual also B
  kAnd, kOr, kXor,                                         // B
  kWhere,  // a is bool, b and c of `type`: a ? b : c; F I B float16 bfloat16
  // what constant exponents become; F
  kCube, kPowHalf,
  kCopy,  // any type
};
// clang-format on

}  // namespace plumb::kernels
