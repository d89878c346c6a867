// Winograd's convolution for 3x3 kernels of stride 1: tiles of the image are transformed a block at
// a time, multiplied with transformed weights as (m + 2)^2 matrix products, and transformed back.
#include "kernels/conv/winograd.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "kernels/conv/conv_algorithm.h"
#include "kernels/conv/image_rows.h"
#include "kernels/gemm/matrix_source.h"
#include "kernels/gemm/tile_choice.h"

namespace plumb::kernels {
namespace {

// Parameters of an Algorithm of this kind.
constexpr std::size_t kChoice = 0;  // row of gemm.def
constexpr std::size_t kSize = 1;    // m = WinogradOutputs(size)

constexpr std::int64_t kMaxChannels = 4096;
alignas(64) constexpr float kZeros[kMaxChannels + 16] = {};
static_assert(kWinogradKernels >= kMaxTileColumns);

struct WinogradParams {
  ConvProblem problem;
  LoopShape shape;  // of one product; rows are those of a whole block
  ActivationBounds bounds;
  int size;
  std::int64_t rows, columns;                         // of tiles in an image
  std::int64_t block;                                 // tiles transformed at a time
  std::int64_t in_row, in_plane, out_row, out_plane;  // floats
};

const TileChoice& ChoiceOf(const Algorithm& algorithm) {
  const auto choices = TileChoices();
  const auto row = static_cast<std::size_t>(algorithm.parameters[kChoice]);
  PLUMB_CHECK(row < choices.size(), "no tile ", row);
  return choices[row];
}
int SizeOf(const Algorithm& algorithm) { return algorithm.parameters[kSize]; }

const WinogradTable& TableFor(Isa isa) {
  switch (isa) {
    case Isa::kAvx512: return kWinogradAvx512;
    case Isa::kAvx2: return kWinogradAvx2;
    case Isa::kScalar: break;
  }
  return kWinogradScalar;
}

std::int64_t Planes(int size) { return std::int64_t{WinogradInputs(size)} * WinogradInputs(size); }
std::int64_t CeilDiv(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
std::int64_t RoundUp16(std::int64_t floats) { return CeilDiv(floats, 16) * 16; }
std::int64_t TileRows(const ConvProblem& p, int size) {
  return CeilDiv(p.out_size[1], WinogradOutputs(size));
}
std::int64_t TileColumns(const ConvProblem& p, int size) {
  return CeilDiv(p.out_size[2], WinogradOutputs(size));
}
std::int64_t TileCount(const ConvProblem& p, int size) {
  return p.batch * p.out_size[0] * TileRows(p, size) * TileColumns(p, size);
}

// Tiles in a block: their transforms stay in the second-level cache, unless that makes too little
// of the weights, all of which pass by once for every block.
std::int64_t BlockTiles(const ConvProblem& p, int size, const Target& target) {
  constexpr std::int64_t kLeast = 48;
  const std::int64_t bytes =
      Planes(size) * (p.in_channels + p.out_channels) * std::int64_t{sizeof(float)};
  const std::int64_t most = std::max<std::int64_t>(1, TileCount(p, size));
  const std::int64_t wanted = std::max(kLeast, target.l2_bytes / bytes);
  return CeilDiv(most, CeilDiv(most, wanted));
}

// Where a tile is.
struct TilePlace {
  std::int64_t image, depth, row, column;

  TilePlace(const WinogradParams& p, std::int64_t tile)
      : image(tile / (p.rows * p.columns)),
        row(tile / p.columns % p.rows),
        column(tile % p.columns) {
    depth = image % p.problem.out_size[0];
    image /= p.problem.out_size[0];
  }
};

void TransformTile(const WinogradParams& p, const float* src, const TilePlace& place, float* to) {
  const ConvProblem& problem = p.problem;
  const int outputs = WinogradOutputs(p.size), inputs = WinogradInputs(p.size);
  const float* pixels[kMaxWinogradInputs];
  const float* image = src + place.image * problem.src.batch + place.depth * problem.src.spatial[0];
  const bool in_depth = place.depth < problem.in_size[0];  // an end pad may lie behind it
  const std::int64_t y0 = place.row * outputs - problem.pad_begin[1];
  const std::int64_t x0 = place.column * outputs - problem.pad_begin[2];
  for (int i = 0; i < inputs; ++i) {
    const std::int64_t y = y0 + i;
    const bool inside = in_depth && y >= 0 && y < problem.in_size[1];
    for (int j = 0; j < inputs; ++j) {
      const std::int64_t x = x0 + j;
      pixels[i * inputs + j] = inside && x >= 0 && x < problem.in_size[2]
                                   ? image + y * problem.src.spatial[1] + x * problem.src.spatial[2]
                                   : kZeros;
    }
  }
  TableFor(p.shape.isa).input[p.size]({pixels, problem.in_channels, to, p.in_plane});
}

void StoreTile(const WinogradParams& p, const float* from, const TilePlace& place,
               const float* bias, const float* residual, float* dst) {
  const ConvProblem& problem = p.problem;
  const int outputs = WinogradOutputs(p.size);
  float* pixels[kMaxWinogradOutputs];
  const float* residuals[kMaxWinogradOutputs];
  float* inside[kMaxWinogradOutputs];
  int count = 0;
  const auto offset = [&](const ImageStrides& strides, std::int64_t y, std::int64_t x) {
    return place.image * strides.batch + place.depth * strides.spatial[0] + y * strides.spatial[1] +
           x * strides.spatial[2];
  };
  for (int i = 0; i < outputs * outputs; ++i) {
    const std::int64_t y = place.row * outputs + i / outputs;
    const std::int64_t x = place.column * outputs + i % outputs;
    pixels[i] = nullptr;
    if (y >= problem.out_size[1] || x >= problem.out_size[2]) continue;
    pixels[i] = inside[count++] = dst + offset(problem.dst, y, x);
    if (residual != nullptr) residuals[i] = residual + offset(problem.residual, y, x);
  }
  const TileSet& set = TileSetFor(p.shape.isa);
  TableFor(p.shape.isa)
      .output[p.size]({from, p.out_plane, problem.out_channels, bias, pixels,
                       residual != nullptr ? residuals : nullptr, p.bounds.low, p.bounds.high});
  if (!p.bounds.bounded) {
    set.activate(problem.epilogue, inside, count, 0, problem.out_channels);
  }
}

// The products of one plane and a part of the output channels, for `tiles` tiles.
void MultiplyPlane(const WinogradParams& p, std::int64_t tiles, std::int64_t plane,
                   std::int64_t panel_begin, std::int64_t panel_end, const float* weights,
                   const float* in, float* out) {
  LoopShape shape = p.shape;
  shape.tiles.rows = shape.tiles.segment = tiles;
  MatrixSource source{};
  source.a = in + plane * p.in_plane;
  source.a_row = p.in_row;
  source.a_col = 1;
  source.c = out + plane * p.out_plane;
  source.c_row = p.out_row;
  source.c_col = 1;
  const float* b = weights + plane * shape.panels.floats(p.problem.in_channels);
  TileLoop<MatrixSource> loop(shape, source, b, nullptr);
  loop.Run(0, shape.tiles.count(), panel_begin, panel_end);
}

void RunWinograd(const void* params, const Call& call) noexcept {
  const WinogradParams& p = *static_cast<const WinogradParams*>(params);
  const ConvProblem& problem = p.problem;
  const float* src = static_cast<const float*>(call.operands[0]);
  const float* packed = static_cast<const float*>(call.operands[1]);
  const float* bias = problem.epilogue.has_bias ? packed : nullptr;
  const float* weights =
      packed + (bias != nullptr ? RoundUp16(p.shape.panels.padded_columns()) : 0);
  const float* residual =
      problem.epilogue.has_residual ? static_cast<const float*>(call.operands[2]) : nullptr;
  float* dst = static_cast<float*>(call.operands[3]);
  float* in = static_cast<float*>(call.workspace);
  const std::int64_t planes = Planes(p.size);
  float* out = in + planes * p.in_plane;
  const std::int64_t total = TileCount(problem, p.size);
  const std::int64_t panels = p.shape.panels.count();
  const std::int64_t parts = std::min(panels, CeilDiv(4 * call.pool->threads(), planes));

  constexpr std::int64_t kTilesPerTask = 4;
  for (std::int64_t begin = 0; begin < total; begin += p.block) {
    const std::int64_t tiles = std::min(p.block, total - begin);
    const auto for_each_tile = [&](const auto& fn) {
      call.pool->ParallelFor(CeilDiv(tiles, kTilesPerTask), [&](std::int64_t task) {
        const std::int64_t end = std::min(tiles, (task + 1) * kTilesPerTask);
        for (std::int64_t t = task * kTilesPerTask; t < end; ++t) fn(t, TilePlace(p, begin + t));
      });
    };
    for_each_tile([&](std::int64_t t, const TilePlace& place) {
      TransformTile(p, src, place, in + t * p.in_row);
    });
    call.pool->ParallelFor(planes * parts, [&](std::int64_t task) {
      const std::int64_t part = task % parts;
      MultiplyPlane(p, tiles, task / parts, panels * part / parts, panels * (part + 1) / parts,
                    weights, in, out);
    });
    for_each_tile([&](std::int64_t t, const TilePlace& place) {
      StoreTile(p, out + t * p.out_row, place, bias, residual, dst);
    });
  }
}

bool CanRun(const ConvProblem& p) {
  constexpr std::int64_t kFewChannels = 8;
  const auto is = [](const std::array<std::int64_t, 3>& a, std::int64_t height_and_width) {
    return a[0] == 1 && a[1] == height_and_width && a[2] == height_and_width;
  };
  return !p.transposed && p.group == 1 && is(p.kernel, 3) && is(p.stride, 1) && is(p.dilation, 1) &&
         p.pad_begin[0] == 0 && p.in_channels >= kFewChannels && p.in_channels <= kMaxChannels &&
         p.out_channels >= kFewChannels && p.src.channel == 1 && p.dst.channel == 1 &&
         (!p.epilogue.has_residual || p.residual.channel == 1);
}

// Share of the peak that the multiply-adds of the definition reach: they are fewer here, so it may
// be above 1. Counted in cycles of one core.
double Efficiency(const ConvProblem& p, const Algorithm& algorithm, const Target& target) {
  constexpr double kInputCycles = 2.5, kOutputCycles = 2.5;  // for each vector of a plane
  constexpr double kBytesPerCycle = 5, kCacheBytesPerCycle = 16;
  const int size = SizeOf(algorithm);
  const TileChoice& choice = ChoiceOf(algorithm);
  const double lanes = TileSetFor(choice.isa).lanes;
  const double planes = static_cast<double>(Planes(size));
  const double tiles = static_cast<double>(std::max<std::int64_t>(1, TileCount(p, size)));
  const double in = static_cast<double>(p.in_channels), out = static_cast<double>(p.out_channels);
  const std::int64_t block = BlockTiles(p, size, target);
  const double l2 = static_cast<double>(target.l2_bytes);

  const double products = planes * tiles * in * out / (2 * lanes) /
                          TileEfficiency(choice, target, block, p.out_channels, p.in_channels);
  const double transforms = tiles * planes * (kInputCycles * in + kOutputCycles * out) / lanes;
  const double weight_bytes = planes * in * out * sizeof(float);
  const double passes = tiles / static_cast<double>(block);
  const double weights = weight_bytes > l2 / 2 ? weight_bytes * passes / kBytesPerCycle
                                               : weight_bytes / kBytesPerCycle;
  const double block_bytes = planes * (in + out) * sizeof(float) * static_cast<double>(block);
  const double spill = block_bytes > l2 ? 2 * block_bytes * passes / kCacheBytesPerCycle : 0;
  const double nominal = 9 * in * out * static_cast<double>(p.batch * p.out_size[0]) *
                         static_cast<double>(p.out_size[1] * p.out_size[2]) / (2 * lanes);
  return nominal / (products + transforms + weights + spill);
}

void List(const ConvProblem& p, const Target& target, std::vector<Algorithm>* algorithms) {
  if (!CanRun(p)) return;
  const auto choices = TileChoices();
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (choices[i].isa > target.isa) continue;
    for (int size = 0; size < kWinogradSizes; ++size) {
      Algorithm algorithm;
      algorithm.parameters[kChoice] = static_cast<std::int16_t>(i);
      algorithm.parameters[kSize] = static_cast<std::int16_t>(size);
      algorithms->push_back(algorithm);
    }
  }
}

std::int64_t PackedBytes(const ConvProblem& p, const Algorithm& algorithm) {
  const Panels panels = PanelsFor(ChoiceOf(algorithm), p.out_channels);
  const std::int64_t bias = p.epilogue.has_bias ? RoundUp16(panels.padded_columns()) : 0;
  return (bias + Planes(SizeOf(algorithm)) * panels.floats(p.in_channels)) *
         std::int64_t{sizeof(float)};
}

void Pack(const ConvProblem& p, const Algorithm& algorithm, const float* weights, const float* bias,
          void* packed) {
  const Panels panels = PanelsFor(ChoiceOf(algorithm), p.out_channels);
  float* to = static_cast<float*>(packed);
  if (bias != nullptr) {
    float* const end = to + RoundUp16(panels.padded_columns());
    std::fill(std::copy(bias, bias + p.out_channels, to), end, 0.0f);
    to = end;
  }
  const int size = SizeOf(algorithm);
  const std::int64_t planes = Planes(size), plane_floats = panels.floats(p.in_channels);
  float transformed[kMaxWinogradInputs * kWinogradKernels];
  for (std::int64_t panel = 0; panel < panels.count(); ++panel) {
    const std::int64_t width = std::int64_t{panels.vectors_of(panel)} * panels.lanes;
    const int columns = static_cast<int>(panels.columns_of(panel));
    for (std::int64_t c = 0; c < p.in_channels; ++c) {
      const float* kernels = weights + (panels.first_column(panel) * p.in_channels + c) * 9;
      TransformWinogradWeights(size, kernels, p.in_channels * 9, columns, transformed);
      for (std::int64_t plane = 0; plane < planes; ++plane) {
        float* row = to + plane * plane_floats + panels.offset(panel, p.in_channels) + c * width;
        const float* from = transformed + plane * columns;
        std::fill(std::copy(from, from + columns, row), row + width, 0.0f);
      }
    }
  }
}

BoundKernel Bind(const ConvProblem& p, const Algorithm& algorithm, const Target& target) {
  PLUMB_CHECK(CanRun(p));
  const TileChoice& choice = ChoiceOf(algorithm);
  WinogradParams params{};
  params.problem = p;
  params.size = SizeOf(algorithm);
  params.rows = TileRows(p, params.size);
  params.columns = TileColumns(p, params.size);
  params.block = BlockTiles(p, params.size, target);
  params.bounds = BoundsOf(p.epilogue);
  LoopShape& shape = params.shape;
  shape.isa = choice.isa;
  shape.panels = PanelsFor(choice, p.out_channels);
  shape.tiles.max_rows = TileSetFor(choice.isa).max_rows[choice.vectors];
  shape.tiles.even = true;
  shape.run = p.in_channels;
  ChooseChunks(
      std::clamp<std::int64_t>(target.l2_bytes / 4 / (shape.panels.width() * 4), 256, 3072),
      &shape);
  // Neighbouring rows and planes must not fall on the same sets of the first-level cache.
  const auto padded = [](std::int64_t floats) { return floats % 128 == 0 ? floats + 16 : floats; };
  params.in_row = padded(RoundUp16(p.in_channels));
  params.in_plane = padded(params.block * params.in_row);
  params.out_row = padded(RoundUp16(shape.panels.padded_columns()));
  params.out_plane = padded(params.block * params.out_row);
  BoundKernel kernel;
  kernel.run = RunWinograd;
  kernel.workspace_bytes =
      Planes(params.size) * (params.in_plane + params.out_plane) * std::int64_t{sizeof(float)};
  kernel.params.Set(params);
  return kernel;
}

std::string Describe(const Algorithm& algorithm) {
  const int outputs = WinogradOutputs(SizeOf(algorithm));
  return absl::StrCat("F(", outputs, ",3) ", TileChoiceName(ChoiceOf(algorithm)));
}

}  // namespace

const ConvAlgorithm kWinograd = {List, Efficiency, PackedBytes, Pack, Bind, Describe};

}  // namespace plumb::kernels
