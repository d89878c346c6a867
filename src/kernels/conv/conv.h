// Convolution and transposed convolution of one to three spatial dimensions:
//   dst[n,o,q] = act(bias[o] + residual[n,o,q]
//                    + sum over c in the group of o, taps t of src[n,c,i(q,t)] weight[o,c,t])
// with i(q,t) = q * stride + t * dilation - pad_begin, terms outside the image left out; the
// transposed kind sums the terms with i * stride + t * dilation - pad_begin = q instead.
//
// Logical shapes are [batch, channels, depth, height, width] (lower ranks have leading ones); the
// strides say where things are, in elements. Fast: dst with channel stride 1 (channels last); src
// with channel stride 1, or with few channels and width stride 1 (a planar image). Any other
// strides are right but slower: pixel strides may be padded or belong to a wider buffer, a channel
// stride other than 1 absorbs a shuffle.
//
// Nothing is unfolded in memory. The sum of one output element has one order (taps outermost, then
// channels, or as the algorithm states), in fp32, fused multiply-adds where there are any, so that
// the bits do not depend on tiles and threads. NaN and infinities propagate; padding contributes
// nothing but zero terms. Only elements inside the tensors are read or written. dst may equal
// residual.
//
// Winograd's algorithms add other numbers: with e = 6e-8 and s the largest, over all outputs, of
// the sum of magnitudes of an output's products, the error is at most 6 e s for tiles of 4 inputs
// (F(2,3)), 30 e s for 6 (F(4,3), F(2,5)) and 100 e s for 8 (F(6,3), F(4,5), F(2,7)). What is not a
// number reaches every output of its tile, infinities as NaN; inputs beyond 1e36 may overflow where
// the definition does not. Fourier transforms err by at most 10 e s; two tiles are transformed as
// one, so that what is not a number reaches every output of both.
//
// Operands of a call: {src, packed, residual, dst}; residual is null without has_residual.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/dtype.h"
#include "kernels/kernel.h"

namespace plumb::kernels {

// Element strides of an image tensor; spatial is depth, height, width.
struct ImageStrides {
  std::int64_t batch = 0;
  std::int64_t channel = 0;
  std::array<std::int64_t, 3> spatial{};
};

// Strides of a packed channels-last tensor whose pixels take `pixel` elements (>= channels).
ImageStrides ChannelsLastStrides(const std::array<std::int64_t, 3>& size, std::int64_t pixel);
// Strides of a packed [batch, channels, depth, height, width] tensor.
ImageStrides PlanarStrides(const std::array<std::int64_t, 3>& size, std::int64_t channels);

struct ConvProblem {
  DType dtype = DType::kFloat32;
  bool transposed = false;
  std::int64_t batch = 0;
  std::int64_t in_channels = 0;
  std::int64_t out_channels = 0;
  std::int64_t group = 1;  // divides both channel counts
  std::array<std::int64_t, 3> in_size{1, 1, 1};
  std::array<std::int64_t, 3> out_size{1, 1, 1};  // any: end pads and output padding follow from it
  std::array<std::int64_t, 3> kernel{1, 1, 1};
  std::array<std::int64_t, 3> stride{1, 1, 1};
  std::array<std::int64_t, 3> dilation{1, 1, 1};
  std::array<std::int64_t, 3> pad_begin{0, 0, 0};  // may be negative (a crop)
  ImageStrides src;
  ImageStrides dst;
  ImageStrides residual;
  Epilogue epilogue;  // bias: fp32, out_channels values, given to PackConv
};

// Algorithms that can run the problem on the target, best guess first, the scalar one last. They
// hold for every batch, size and pixel stride, with the channel strides of the problem.
void ListConv(const ConvProblem& problem, const Target& target, std::vector<Algorithm>* algorithms);

Estimate EstimateConv(const ConvProblem& problem, const Algorithm& algorithm, const Target& target);

// Depends on channels, group, kernel, stride, dilation, pad_begin and transposed; never on batch,
// sizes or strides of the tensors.
std::int64_t PackedConvBytes(const ConvProblem& problem, const Algorithm& algorithm);

// weights: [out_channels, in_channels / group, kernel...], transposed: [in_channels,
// out_channels / group, kernel...]; bias: [out_channels] or null; packed: 64-byte aligned.
void PackConv(const ConvProblem& problem, const Algorithm& algorithm, const float* weights,
              const float* bias, void* packed);

// Whether an algorithm that ListConv gave for a problem that packs alike, of other sizes or
// strides, can run this one too.
bool ConvTakes(const ConvProblem& problem, const Algorithm& algorithm);

// PLUMB_CHECKs ConvTakes. Arithmetic only; no allocation.
BoundKernel BindConv(const ConvProblem& problem, const Algorithm& algorithm, const Target& target);

std::string ConvAlgorithmName(const Algorithm& algorithm);  // "implicit_gemm avx512 14x32"

}  // namespace plumb::kernels
