// Element-wise programs: a chain of unary, binary, selecting and converting instructions that runs
// over broadcast inputs in one pass. Intermediate values live in tiles of the first-level cache.
//
// Values are numbered in single-assignment form: 0 ... inputs-1 are the inputs, instruction k
// defines value inputs + k. A program is compiled once (types are checked, tiles are assigned,
// functions are chosen) and bound to shapes as often as wanted.
//
// Formulas are those of ONNX. Integers wrap; division and modulo by zero give 0. min, max and clip
// keep NaN. fp32 functions (exp, log, tanh, erf, sigmoid and what is made of them) are within 1e-6
// relative error; sine, cosine and the other inverse and hyperbolic functions use the C library.
// The bits do not depend on tile size or thread count.
//
// An output may be the very memory of an input with the same sizes, strides and element size.
// Operands: input 0 ... inputs-1, output 0 ... outputs-1.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/dtype.h"
#include "core/shape.h"
#include "core/status.h"
#include "kernels/kernel.h"

namespace plumb::kernels {

// Types: F float32 and float64; I the eight integer types; B bool. float16 and bfloat16 are only
// converted from and to.
enum class EltOp : std::uint8_t {
  kConstant,  // F I B: every element is alpha
  kCast,      // any number or bool to any; float to integer truncates and saturates, NaN gives 0
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
};

struct EltInstruction {
  EltOp op = EltOp::kConstant;
  DType type = DType::kFloat32;     // of operands, b and c of kWhere, result of kConstant
  DType to = DType::kUndefined;     // of the result of kCast
  std::uint8_t a = 0, b = 0, c = 0;  // value numbers
  double alpha = 0, beta = 0;
};

inline constexpr int kMaxEltOperands = 12;  // inputs and outputs together
inline constexpr int kMaxEltInstructions = 32;
inline constexpr int kMaxEltRank = 6;       // after dimensions have been merged

// A compiled program. Immutable, shared by threads; outlives the kernels bound to it.
class EltProgram {
 public:
  // `outputs` are value numbers (an input may be one: it is copied). Errors: a value used before it
  // is defined, a type that the instruction does not take, too many operands or instructions.
  static StatusOr<std::shared_ptr<const EltProgram>> Make(
      std::span<const DType> input_types, std::span<const EltInstruction> instructions,
      std::span<const int> outputs, const Target& target);
  ~EltProgram();

  int inputs() const;
  int outputs() const;
  DType input_type(int index) const;
  DType output_type(int index) const;
  double ops_per_element() const;  // rough, for the cost model: an addition is 1, an exponential 12

  struct Compiled;
  const Compiled& compiled() const { return *compiled_; }

 private:
  EltProgram();
  std::unique_ptr<Compiled> compiled_;
};

// Sizes of the outputs and, for each operand, element strides of the same rank (0: broadcast).
// Outputs have no zero stride where the size is above one. After merging, at most kMaxEltRank
// dimensions are left (CanBindEltwise says).
struct EltProblem {
  const EltProgram* program = nullptr;
  Shape sizes;
  Strides strides[kMaxEltOperands];  // inputs first, then outputs
};

bool CanBindEltwise(const EltProblem& problem);
BoundKernel BindEltwise(const EltProblem& problem, const Target& target);

}  // namespace plumb::kernels
