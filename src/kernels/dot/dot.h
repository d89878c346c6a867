// Convolutions and matrix products of narrow elements: products of bf16 or of 8-bit integers, sums
// in fp32 or int32. What one lane multiplies at once fills four bytes: two bf16 or four integers.
//
// Floating: dst = act(bias + residual + sum of bf16(src) bf16(weight)), the sum in fp32. src, dst
// and the residual are fp32 or bf16 each; fp32 is rounded to bf16 (half to even) before it is
// multiplied. The order of a sum, and with it its last bits, depends on the instruction set, never
// on tiles or threads. Denormal bf16 may count as zero.
//
// Integers: sum = bias + sum of (src - src_zero)(weight - weight_zero), exact in int32 (modulo
// 2^32) and the same on every instruction set, then
//   dst i8, u8: clamp(round(act(float(sum) scale))) + dst_zero, halves to even
//   dst fp32:   act(float(sum) scale)
//   dst i32:    sum
// With a residual (dst and residual i8 or u8), the sum takes the step that it would have had in a
// tensor of its own before the addition:
//   x = clamp(round(float(sum) scale), inner_low, inner_high)
//   dst = clamp(round(act(x inner_step + (residual - residual_zero) residual_step))) + dst_zero
// One that requantises has the same x, and x inner_step alone.
// Activations of integers are none, relu and clip; bounds of clip count steps of dst.
//
// Geometry is that of conv/conv.h: any strides, fast with channel stride 1 on both sides; padding
// adds nothing. A matrix product [m, k] [k, n] is a convolution of a 1x1 kernel over m pixels.
// Nothing is unfolded in memory but a few rows at a time. dst may equal the residual where their
// types and strides do.
//
// Operands of a call: {src, packed, residual, dst}; residual is null without has_residual.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/dtype.h"
#include "kernels/conv/conv.h"

namespace plumb::kernels {

struct DotProblem {
  ConvProblem geometry;  // its dtype is not looked at; strides count elements of their tensor
  DType src = DType::kBFloat16;
  DType dst = DType::kBFloat16;
  DType residual = DType::kBFloat16;

  // Integers only.
  bool wide_weights = false;  // weight - weight_zero leaves [-128, 127] somewhere
  std::int32_t src_zero = 0;
  std::int32_t dst_zero = 0;
  std::int32_t residual_zero = 0;
  bool requantizes = false;  // without a residual
  float inner_low = 0;
  float inner_high = 0;
  float inner_step = 1;
  float residual_step = 1;

  bool integers() const { return src == DType::kInt8 || src == DType::kUInt8; }
};

// What PackDot makes its buffer of. Layout of the weights as in PackConv.
struct DotWeights {
  const float* values = nullptr;  // floating products; rounded to bf16
  const float* bias = nullptr;    // floating, with has_bias: [out_channels]

  const void* integers = nullptr;              // i8 or u8
  DType integer_type = DType::kInt8;           // of `integers`
  const std::int32_t* zeros = nullptr;         // [out_channels] or null
  const std::int32_t* integer_bias = nullptr;  // [out_channels] or null
  const float* scales = nullptr;               // [out_channels] or null: 1

  // Integer i of a channel less the channel's zero point.
  std::int32_t LessZero(std::int64_t channel, std::int64_t i) const {
    const std::int32_t value = integer_type == DType::kInt8
                                   ? static_cast<const std::int8_t*>(integers)[i]
                                   : static_cast<const std::uint8_t*>(integers)[i];
    return value - (zeros != nullptr ? zeros[channel] : 0);
  }
};

// Algorithms that can run the problem on the target, best first, scalar last. Empty where the types
// do not go together.
void ListDot(const DotProblem& problem, const Target& target, std::vector<Algorithm>* algorithms);

Estimate EstimateDot(const DotProblem& problem, const Algorithm& algorithm, const Target& target);

// Depends on channels, group, kernel, stride, dilation, pads, types and zero points; never on
// batch, sizes or strides.
std::int64_t PackedDotBytes(const DotProblem& problem, const Algorithm& algorithm);
void PackDot(const DotProblem& problem, const Algorithm& algorithm, const DotWeights& weights,
             void* packed);

// Whether an algorithm that ListDot gave for a problem that packs alike, of other sizes or strides,
// can run this one too.
bool DotTakes(const DotProblem& problem, const Algorithm& algorithm);

// PLUMB_CHECKs DotTakes.
BoundKernel BindDot(const DotProblem& problem, const Algorithm& algorithm, const Target& target);

std::string DotAlgorithmName(const Algorithm& algorithm);  // "dot amx bf16"

}  // namespace plumb::kernels
