#include "kernels/conv/depthwise.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "kernels/conv/conv_algorithm.h"
#include "kernels/conv/image_rows.h"
#include "kernels/gemm/tile_set.h"

namespace plumb::kernels {
namespace {

struct DepthwiseParams {
  ConvProblem problem;
  Isa isa;
  const DepthwiseTable* table;  // null: the loop for any kernel
  DepthwiseFn any;
  ActivationBounds bounds;
};

std::int64_t PaddedChannels(const ConvProblem& p) { return (p.in_channels + 15) / 16 * 16; }

// The kernel rows of an output row with their weights.
struct WeightedRows : KernelRows {
  const float* weights[kMaxKernelRows];

  WeightedRows(const ConvProblem& p, const OutputRow& row, const float* packed) {
    FindKernelRows(p, row.image, row.depth, row.height, this);
    const std::int64_t step = p.kernel[2] * PaddedChannels(p);
    for (std::int64_t r = 0; r < count; ++r) weights[r] = packed + index[r] * step;
  }
};

// One output row whose channels are not contiguous on some side: plain loops.
void RunStridedRow(const ConvProblem& p, const DepthwiseParams& params, const WeightedRows& rows,
                   const float* bias, const float* residual, float* dst) {
  const TileSet& set = TileSetFor(params.isa);
  const std::int64_t padded = PaddedChannels(p);
  for (std::int64_t x = 0; x < p.out_size[2]; ++x) {
    const std::int64_t begin = x * p.stride[2] - p.pad_begin[2];
    for (std::int64_t c = 0; c < p.in_channels; ++c) {
      float sum = 0;
      for (std::int64_t r = 0; r < rows.count; ++r) {
        for (std::int64_t t = 0; t < p.kernel[2]; ++t) {
          const std::int64_t at = begin + t * p.dilation[2];
          if (at < 0 || at >= p.in_size[2]) continue;
          sum += rows.src[r][at * p.src.spatial[2] + c * p.src.channel] *
                 rows.weights[r][t * padded + c];
        }
      }
      if (bias != nullptr) sum += bias[c];
      if (residual != nullptr) {
        sum += residual[x * p.residual.spatial[2] + c * p.residual.channel];
      }
      // Written so that NaN stays.
      sum = sum > params.bounds.high ? params.bounds.high : sum;
      sum = sum < params.bounds.low ? params.bounds.low : sum;
      float* to = dst + x * p.dst.spatial[2] + c * p.dst.channel;
      *to = sum;
      if (!params.bounds.bounded) set.activate(p.epilogue, &to, 1, 0, 1);
    }
  }
}

void RunRow(const ConvProblem& p, const DepthwiseParams& params, const WeightedRows& rows,
            const float* bias, const float* residual, float* dst) {
  DepthwiseBlock block{};
  const float* src[kMaxKernelRows];
  block.src = src;
  block.weights = rows.weights;
  block.rows = rows.count;
  block.taps = p.kernel[2];
  block.stride = p.stride[2];
  block.dilation = p.dilation[2];
  block.src_step = p.src.spatial[2];
  block.weight_step = PaddedChannels(p);
  block.channels = p.in_channels;
  block.bias = bias;
  block.residual_step = p.residual.spatial[2];
  block.dst_step = p.dst.spatial[2];
  block.low = params.bounds.low;
  block.high = params.bounds.high;

  const std::int64_t width = p.out_size[2];
  const std::int64_t most = params.table != nullptr ? kMaxDepthwiseColumns : kMaxAnyColumns;
  const std::int64_t blocks = (width + most - 1) / most;
  const TileSet& set = TileSetFor(params.isa);
  for (std::int64_t i = 0; i < blocks; ++i) {
    const std::int64_t column = width * i / blocks;
    block.columns = width * (i + 1) / blocks - column;
    const std::int64_t begin = column * block.stride - p.pad_begin[2];
    block.inside_begin = -begin;
    block.inside_end = p.in_size[2] - begin;
    for (std::int64_t r = 0; r < rows.count; ++r) src[r] = rows.src[r] + begin * block.src_step;
    block.dst = dst + column * block.dst_step;
    block.residual = residual != nullptr ? residual + column * block.residual_step : nullptr;
    const DepthwiseFn fn =
        params.table != nullptr ? params.table->run[block.stride - 1][block.columns] : params.any;
    fn(block);
    if (!params.bounds.bounded) {
      float* pixels[kMaxDepthwiseColumns];
      for (std::int64_t j = 0; j < block.columns; ++j) pixels[j] = block.dst + j * block.dst_step;
      set.activate(p.epilogue, pixels, block.columns, 0, block.channels);
    }
  }
}

void RunDepthwiseConv(const void* opaque, const Call& call) noexcept {
  const DepthwiseParams& params = *static_cast<const DepthwiseParams*>(opaque);
  const ConvProblem& p = params.problem;
  const float* packed = static_cast<const float*>(call.operands[1]);
  const float* bias = p.epilogue.has_bias ? packed : nullptr;
  const float* weights = packed + (p.epilogue.has_bias ? PaddedChannels(p) : 0);
  const bool contiguous = p.src.channel == 1 && p.dst.channel == 1 &&
                          (!p.epilogue.has_residual || p.residual.channel == 1);
  ForEachOutputRow(p, call, [&](const OutputRow& row) {
    const WeightedRows rows(p, row, weights);
    (contiguous ? RunRow : RunStridedRow)(p, params, rows, bias, row.residual, row.dst);
  });
}

bool Fits(const ConvProblem& p) {
  return !p.transposed && p.group == p.in_channels && p.group == p.out_channels &&
         p.kernel[0] * p.kernel[1] <= kMaxKernelRows;
}
bool Takes(const ConvProblem& p, const Algorithm&) { return Fits(p); }

void List(const ConvProblem& p, const Target& target, std::vector<Algorithm>* algorithms) {
  if (!Fits(p)) return;
  for (int isa = static_cast<int>(target.isa); isa >= 0; --isa) {
    Algorithm algorithm;
    algorithm.parameters[0] = static_cast<std::int16_t>(isa);
    algorithms->push_back(algorithm);
  }
}

// Bound by loads: two of them for a multiply-add at worst, one and a half at best.
double Efficiency(const ConvProblem& p, const Algorithm& algorithm, const Target& target) {
  const int lanes = TileSetFor(static_cast<Isa>(algorithm.parameters[0])).lanes;
  const double channels = static_cast<double>(p.in_channels);
  const double padded = static_cast<double>((p.in_channels + lanes - 1) / lanes * lanes);
  return 0.5 * channels / std::max(1.0, padded) * lanes / std::max(lanes, target.vector_floats());
}

std::int64_t PackedBytes(const ConvProblem& p, const Algorithm&) {
  const std::int64_t taps = p.kernel[0] * p.kernel[1] * p.kernel[2];
  return (taps + (p.epilogue.has_bias ? 1 : 0)) * PaddedChannels(p) * std::int64_t{sizeof(float)};
}

void Pack(const ConvProblem& p, const Algorithm&, const float* weights, const float* bias,
          void* packed) {
  const std::int64_t taps = p.kernel[0] * p.kernel[1] * p.kernel[2];
  const std::int64_t padded = PaddedChannels(p);
  float* to = static_cast<float*>(packed);
  if (bias != nullptr) {
    std::fill(std::copy(bias, bias + p.in_channels, to), to + padded, 0.0f);
    to += padded;
  }
  for (std::int64_t t = 0; t < taps; ++t, to += padded) {
    for (std::int64_t c = 0; c < p.in_channels; ++c) to[c] = weights[c * taps + t];
    std::fill(to + p.in_channels, to + padded, 0.0f);
  }
}

BoundKernel Bind(const ConvProblem& p, const Algorithm& algorithm, const Target&) {
  DepthwiseParams params{};
  params.problem = p;
  params.isa = static_cast<Isa>(algorithm.parameters[0]);
  const bool unrolled = p.dilation[2] == 1 && (p.stride[2] == 1 || p.stride[2] == 2);
  if (params.isa == Isa::kAvx512) {
    params.any = DepthwiseAnyAvx512;
    if (unrolled && p.kernel[2] == 3) params.table = &kDepthwise3Avx512;
    if (unrolled && p.kernel[2] == 5) params.table = &kDepthwise5Avx512;
  } else if (params.isa == Isa::kAvx2) {
    params.any = DepthwiseAnyAvx2;
    if (unrolled && p.kernel[2] == 3) params.table = &kDepthwise3Avx2;
    if (unrolled && p.kernel[2] == 5) params.table = &kDepthwise5Avx2;
  } else {
    params.any = DepthwiseAnyScalar;
  }
  params.bounds = BoundsOf(p.epilogue);
  BoundKernel kernel;
  kernel.run = RunDepthwiseConv;
  kernel.params.Set(params);
  return kernel;
}

std::string Describe(const Algorithm& algorithm) {
  return Str(IsaName(static_cast<Isa>(algorithm.parameters[0])));
}

}  // namespace

const ConvAlgorithm kDepthwise = {Takes, List, Efficiency, PackedBytes, Pack, Bind, Describe};

}  // namespace plumb::kernels
