#include "kernels/dot/dot_depthwise.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "kernels/conv/conv_phase.h"
#include "kernels/dot/dot_layout.h"
#include "kernels/dot/dot_rows.h"
#include "kernels/dot/dot_set.h"
#include "kernels/dot/dot_writer.h"

namespace plumb::kernels {
namespace {

constexpr std::int64_t kDepthwiseTaps = 128;
static_assert(kDepthwiseTaps * 255 * 255 < 1 << 24);
constexpr std::int64_t kTileRows = 16;  // pixels whose taps are found at once

std::int64_t Taps(const ConvProblem& p) { return p.kernel[0] * p.kernel[1] * p.kernel[2]; }
// Kinds of constants before the weights: scales and offsets, or the bias, or none.
std::int64_t ConstantKinds(const DotProblem& problem) {
  if (problem.integers()) return 2;
  return problem.geometry.epilogue.has_bias ? 1 : 0;
}

DotDepthwise::Type TypeOf(DType type) {
  switch (type) {
    case DType::kInt8: return DotDepthwise::kI8;
    case DType::kUInt8: return DotDepthwise::kU8;
    default: return DotDepthwise::kBF16;
  }
}

DotDepthwiseFn FunctionFor(Isa isa) { return DotFunctionsFor(isa).depthwise; }

}  // namespace

bool TakesDepthwiseDot(const DotProblem& problem) {
  const ConvProblem& p = problem.geometry;
  return !p.transposed && p.group > 1 && p.group == p.in_channels && p.group == p.out_channels &&
         p.src.channel == 1 && Taps(p) <= kDepthwiseTaps && problem.src != DType::kFloat32;
}

std::int64_t PackedDepthwiseDotBytes(const DotProblem& problem) {
  return (ConstantKinds(problem) + Taps(problem.geometry)) *
         PaddedColumns(problem.geometry.out_channels) * 4;
}

void PackDepthwiseDot(const DotProblem& problem, const DotWeights& weights, char* packed) {
  const ConvProblem& p = problem.geometry;
  const std::int64_t padded = PaddedColumns(p.out_channels);
  const std::int64_t taps = Taps(p);
  auto* constants = reinterpret_cast<float*>(packed);
  float* to = constants + ConstantKinds(problem) * padded;
  for (std::int64_t c = 0; c < p.out_channels; ++c) {
    if (problem.integers()) {
      constants[c] = weights.scales != nullptr ? weights.scales[c] : 1.0f;
      const std::int32_t bias = weights.integer_bias != nullptr ? weights.integer_bias[c] : 0;
      std::memcpy(constants + padded + c, &bias, sizeof(bias));
    } else if (p.epilogue.has_bias) {
      constants[c] = weights.bias[c];
    }
    for (std::int64_t t = 0; t < taps; ++t) {
      const std::int64_t i = c * taps + t;
      to[t * padded + c] = problem.integers() ? static_cast<float>(weights.LessZero(c, i))
                                              : static_cast<float>(BFloat16(weights.values[i]));
    }
  }
}

void RunDepthwiseDot(const DotProblem& problem, Isa isa, const Call& call) {
  const ConvProblem& p = problem.geometry;
  const std::int64_t padded = PaddedColumns(p.out_channels);
  const std::int64_t taps = Taps(p);
  const std::int64_t element = StorageBytes(problem.src, 1);
  const ConvPhase phase = PhaseAt(p, 0);
  const std::int64_t rows = p.batch * phase.outputs();
  const char* packed = static_cast<const char*>(call.operands[1]);
  const float* weights = reinterpret_cast<const float*>(packed) + ConstantKinds(problem) * padded;
  const DotDepthwiseFn run = FunctionFor(isa);
  DotRows image{};
  image.phase = phase;
  image.in_size = p.in_size;
  image.batch_stride = p.src.batch * element;
  for (std::size_t d = 0; d < 3; ++d) image.strides[d] = p.src.spatial[d] * element;
  image.src = static_cast<const char*>(call.operands[0]);
  // Blocks of outputs with all their channels: the pixels that they share stay near.
  const std::int64_t block = std::clamp<std::int64_t>(
      (64 << 10) / std::max<std::int64_t>(1, p.in_channels * element), kTileRows, kDotBlockRows);
  call.pool->ParallelFor((rows + block - 1) / block, [&](std::int64_t task) {
    const std::int64_t begin = task * block;
    const std::int64_t count = std::min(block, rows - begin);
    DotWriter writer(problem, isa, packed, p.out_channels, padded);
    writer.Place(phase, begin, count, static_cast<char*>(call.operands[3]),
                 p.epilogue.has_residual ? static_cast<char*>(call.operands[2]) : nullptr);
    const char* pixels[kTileRows * kDepthwiseTaps];
    alignas(64) float sums[kTileRows * kDotColumns];
    for (std::int64_t row = 0; row < count; row += kTileRows) {
      DotDepthwise d{};
      d.pixels = pixels;
      d.rows = std::min(kTileRows, count - row);
      d.taps = taps;
      d.weight_step = padded;
      d.sums = sums;
      d.type = TypeOf(problem.src);
      d.zero = static_cast<float>(problem.src_zero);
      FindTaps(image, begin + row, d.rows, pixels);
      for (std::int64_t channel = 0; channel < p.out_channels; channel += kDotColumns) {
        d.weights = weights + channel;
        d.channel = channel;
        d.columns = std::min<std::int64_t>(kDotColumns, p.out_channels - channel);
        run(d);
        writer.Write(row, d.rows, channel, d.columns, sums);
      }
    }
  });
}

}  // namespace plumb::kernels
