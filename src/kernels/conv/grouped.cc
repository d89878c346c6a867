#include "kernels/conv/grouped.h"

#include <algorithm>
#include <cstring>

#include "core/check.h"
#include "kernels/conv/conv_algorithm.h"
#include "kernels/conv/image_rows.h"
#include "kernels/gemm/tile_set.h"

namespace plumb::kernels {
namespace {

// Groups and vectors of output channels. The packed buffer holds the bias, the index of each lane
// ([vector][group channel][lane], int32), then the weights
// ([vector][kernel row][group channel][kernel column][lane]).
struct GroupedShape {
  std::int64_t lanes;
  std::int64_t channels;  // input channels of a group
  std::int64_t outputs;   // output channels of a group
  std::int64_t vectors;
  std::int64_t kernel_rows;
  std::int64_t kernel_columns;
  bool has_bias;

  GroupedShape(const ConvProblem& p, const GroupedTable& table)
      : lanes(table.lanes),
        channels(p.in_channels / p.group),
        outputs(p.out_channels / p.group),
        vectors((p.out_channels + lanes - 1) / lanes),
        kernel_rows(p.kernel[0] * p.kernel[1]),
        kernel_columns(p.kernel[2]),
        has_bias(p.epilogue.has_bias) {}

  // First input channel that a vector reads, and how many lie between it and the last.
  std::int64_t FirstChannel(std::int64_t vector) const {
    return vector * lanes / outputs * channels;
  }
  std::int64_t Reach(std::int64_t vector, std::int64_t out_channels) const {
    const std::int64_t last = std::min((vector + 1) * lanes, out_channels) - 1;
    return (last / outputs + 1) * channels - FirstChannel(vector);
  }
  std::int64_t row_floats() const { return channels * kernel_columns * lanes; }
  std::int64_t bias_floats() const { return has_bias ? vectors * lanes : 0; }
  std::int64_t index_floats() const { return vectors * channels * lanes; }
  std::int64_t floats() const {
    return bias_floats() + index_floats() + vectors * kernel_rows * row_floats();
  }
};

struct GroupedParams {
  ConvProblem problem;
  Isa isa;
  const GroupedTable* table;
  ActivationBounds bounds;
  bool two;
};

const GroupedTable* TableOf(Isa isa) {
  return isa == Isa::kAvx512 ? &kGroupedAvx512 : isa == Isa::kAvx2 ? &kGroupedAvx2 : nullptr;
}

std::int64_t MaxReach(const ConvProblem& p, const GroupedShape& shape) {
  std::int64_t reach = 0;
  for (std::int64_t v = 0; v < shape.vectors; ++v) {
    reach = std::max(reach, shape.Reach(v, p.out_channels));
  }
  return reach;
}

// All vectors of one block of output columns.
void RunColumns(const GroupedParams& params, const GroupedShape& shape, const KernelRows& rows,
                const float* packed, const OutputRow& row, std::int64_t column, GroupedBlock* block,
                GroupedFn fn) {
  const ConvProblem& p = params.problem;
  const float* index = packed + shape.bias_floats();
  const float* weights = index + shape.index_floats();
  const std::int64_t begin = column * p.stride[2] - p.pad_begin[2];
  const float* src[kMaxKernelRows];
  const float* row_weights[kMaxKernelRows];
  block->src = src;
  block->weights = row_weights;
  block->inside_begin = -begin;
  block->inside_end = p.in_size[2] - begin;
  for (std::int64_t v = 0; v < shape.vectors; ++v) {
    const std::int64_t channel = shape.FirstChannel(v);
    for (std::int64_t r = 0; r < rows.count; ++r) {
      src[r] = rows.src[r] + begin * p.src.spatial[2] + channel;
      row_weights[r] = weights + (v * shape.kernel_rows + rows.index[r]) * shape.row_floats();
    }
    block->lanes_of =
        reinterpret_cast<const std::int32_t*>(index + v * shape.channels * shape.lanes);
    block->loaded = p.in_channels - channel;
    block->channels = std::min(shape.lanes, p.out_channels - v * shape.lanes);
    block->bias = shape.has_bias ? packed + v * shape.lanes : nullptr;
    block->dst = row.dst + column * p.dst.spatial[2] + v * shape.lanes;
    block->residual = row.residual != nullptr
                          ? row.residual + column * p.residual.spatial[2] + v * shape.lanes
                          : nullptr;
    fn(*block);
  }
}

void RunGroupedConv(const void* opaque, const Call& call) noexcept {
  const GroupedParams& params = *static_cast<const GroupedParams*>(opaque);
  const ConvProblem& p = params.problem;
  const GroupedShape shape(p, *params.table);
  const TileSet& set = TileSetFor(params.isa);
  const float* packed = static_cast<const float*>(call.operands[1]);
  const bool unrolled = p.kernel[2] == 3 && p.dilation[2] == 1 && p.stride[2] <= 2;
  GroupedBlock fixed{};
  fixed.taps = p.kernel[2];
  fixed.group_channels = shape.channels;
  fixed.stride = p.stride[2];
  fixed.dilation = p.dilation[2];
  fixed.src_step = p.src.spatial[2];
  fixed.residual_step = p.residual.spatial[2];
  fixed.dst_step = p.dst.spatial[2];
  fixed.low = params.bounds.low;
  fixed.high = params.bounds.high;
  ForEachOutputRow(p, call, [&](const OutputRow& row) {
    KernelRows rows;
    FindKernelRows(p, row.image, row.depth, row.height, &rows);
    GroupedBlock block = fixed;
    block.rows = rows.count;
    const std::int64_t width = p.out_size[2];
    const std::int64_t blocks = (width + kMaxGroupedColumns - 1) / kMaxGroupedColumns;
    for (std::int64_t i = 0; i < blocks; ++i) {
      const std::int64_t column = width * i / blocks;
      block.columns = width * (i + 1) / blocks - column;
      const GroupedFn fn = unrolled
                               ? params.table->three[params.two][p.stride[2] - 1][block.columns]
                               : params.table->any[params.two];
      RunColumns(params, shape, rows, packed, row, column, &block, fn);
      if (params.bounds.bounded) continue;
      float* pixels[kMaxGroupedColumns];
      for (std::int64_t j = 0; j < block.columns; ++j) {
        pixels[j] = row.dst + (column + j) * p.dst.spatial[2];
      }
      set.activate(p.epilogue, pixels, block.columns, 0, p.out_channels);
    }
  });
}

bool Fits(const ConvProblem& p, const GroupedTable& table) {
  const bool contiguous = p.src.channel == 1 && p.dst.channel == 1 &&
                          (!p.epilogue.has_residual || p.residual.channel == 1);
  if (!contiguous || p.in_channels == 0) return false;
  if (p.transposed || p.group < 2 || p.kernel[0] * p.kernel[1] > kMaxKernelRows) return false;
  const GroupedShape shape(p, table);
  // Wider groups fill the lanes of the matrix kernels.
  if (2 * shape.outputs > shape.lanes) return false;
  return MaxReach(p, shape) <= 2 * shape.lanes;
}

bool Takes(const ConvProblem& p, const Algorithm& algorithm) {
  const GroupedTable* table = TableOf(static_cast<Isa>(algorithm.parameters[0]));
  return table != nullptr && Fits(p, *table);
}

void List(const ConvProblem& p, const Target& target, std::vector<Algorithm>* algorithms) {
  for (Isa isa : {Isa::kAvx512, Isa::kAvx2}) {
    if (isa > target.isa || !Fits(p, *TableOf(isa))) continue;
    Algorithm algorithm;
    algorithm.parameters[0] = static_cast<std::int16_t>(isa);
    algorithms->push_back(algorithm);
  }
}

// A permutation for every three multiply-adds at best, for each one of them in other kernels. Where
// every channel is a group of its own there is nothing to share them among.
double Efficiency(const ConvProblem& p, const Algorithm& algorithm, const Target& target) {
  const double lanes = TableOf(static_cast<Isa>(algorithm.parameters[0]))->lanes;
  const double share = p.kernel[2] == 3 && p.dilation[2] == 1 && p.stride[2] <= 2 ? 0.55 : 0.2;
  const double own = p.in_channels == p.group && p.out_channels == p.group ? 0.6 : 1;
  return share * own * lanes / std::max(lanes, static_cast<double>(target.vector_floats()));
}

std::int64_t PackedBytes(const ConvProblem& p, const Algorithm& algorithm) {
  return GroupedShape(p, *TableOf(static_cast<Isa>(algorithm.parameters[0]))).floats() *
         std::int64_t{sizeof(float)};
}

void Pack(const ConvProblem& p, const Algorithm& algorithm, const float* weights, const float* bias,
          void* packed) {
  const GroupedShape shape(p, *TableOf(static_cast<Isa>(algorithm.parameters[0])));
  float* to = static_cast<float*>(packed);
  std::fill(to, to + shape.floats(), 0.0f);
  if (bias != nullptr) std::copy(bias, bias + p.out_channels, to);
  auto* index = reinterpret_cast<std::int32_t*>(to + shape.bias_floats());
  float* vector_weights = to + shape.bias_floats() + shape.index_floats();
  const std::int64_t kernel = shape.kernel_rows * shape.kernel_columns;
  for (std::int64_t output = 0; output < p.out_channels; ++output) {
    const std::int64_t v = output / shape.lanes;
    const std::int64_t lane = output % shape.lanes;
    const std::int64_t first = output / shape.outputs * shape.channels - shape.FirstChannel(v);
    for (std::int64_t c = 0; c < shape.channels; ++c) {
      index[(v * shape.channels + c) * shape.lanes + lane] = static_cast<std::int32_t>(first + c);
      for (std::int64_t t = 0; t < kernel; ++t) {
        const std::int64_t row = v * shape.kernel_rows + t / shape.kernel_columns;
        const std::int64_t column = c * shape.kernel_columns + t % shape.kernel_columns;
        vector_weights[row * shape.row_floats() + column * shape.lanes + lane] =
            weights[(output * shape.channels + c) * kernel + t];
      }
    }
  }
}

BoundKernel Bind(const ConvProblem& p, const Algorithm& algorithm, const Target&) {
  GroupedParams params{};
  params.problem = p;
  params.isa = static_cast<Isa>(algorithm.parameters[0]);
  params.table = TableOf(params.isa);
  params.bounds = BoundsOf(p.epilogue);
  params.two = MaxReach(p, GroupedShape(p, *params.table)) > params.table->lanes;
  BoundKernel kernel;
  kernel.run = RunGroupedConv;
  kernel.params.Set(params);
  return kernel;
}

std::string Describe(const Algorithm& algorithm) {
  return Str(IsaName(static_cast<Isa>(algorithm.parameters[0])));
}

}  // namespace

const ConvAlgorithm kGrouped = {Takes, List, Efficiency, PackedBytes, Pack, Bind, Describe};

}  // namespace plumb::kernels
