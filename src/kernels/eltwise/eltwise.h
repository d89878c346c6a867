// Element-wise programs: a chain of unary, binary, selecting and converting instructions that runs
// over broadcast inputs in one pass. Intermediate values live in tiles of the first-level cache.
//
// Values are numbered in single-assignment form: 0 ... inputs-1 are the inputs, instruction k
// defines value inputs + k. A program is compiled once (types are checked, tiles are assigned,
// functions are chosen) and bound to shapes as often as wanted.
//
// Formulas are those of ONNX. Integers wrap; division and modulo by zero give 0. min, max and clip
// keep NaN. fp32 exp, log, tanh, erf, sigmoid, softplus and the exponential units are within 1e-6
// relative error of results above 1e-37; gelu and hard_swish add up terms of opposite sign, so that
// their error is absolute (2e-6 for inputs of a few units) and results far in the negative tail
// have no correct digits. Sine, cosine, the inverse and hyperbolic functions and powers use the C
// library. The bits do not depend on tile size or thread count.
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
#include "kernels/eltwise/elt_op.h"
#include "kernels/kernel.h"

namespace plumb::kernels {

struct EltInstruction {
  EltOp op = EltOp::kConstant;
  DType type = DType::kFloat32;      // of operands, b and c of kWhere, result of kConstant
  DType to = DType::kUndefined;      // of the result of kCast
  std::uint8_t a = 0, b = 0, c = 0;  // value numbers
  double alpha = 0, beta = 0;
};

inline constexpr int kMaxEltOperands = 12;  // inputs and outputs together
inline constexpr int kMaxEltInstructions = 32;
inline constexpr int kMaxEltRank = 6;  // after dimensions have been merged

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
