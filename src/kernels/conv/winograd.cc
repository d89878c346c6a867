// Winograd's convolution for kernels of stride 1: tiles of the image and weights are transformed,
// multiplied as one matrix product for each element of a transformed tile, and the products
// transformed back.
//
// Weights are transformed at every run: kept so, they would take 2 to 7 times the memory, and
// reading that costs more than transforming what is read anyway.
#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "kernels/conv/conv_algorithm.h"
#include "kernels/conv/winograd_plan.h"
#include "kernels/gemm/tile_choice.h"

namespace plumb::kernels {
namespace {

// Parameters of an Algorithm of this kind.
constexpr std::size_t kChoice = 0;  // row of gemm.def
constexpr std::size_t kForm = 1;    // of kWinogradForms

const TileChoice& ChoiceOf(const Algorithm& algorithm) {
  const auto choices = TileChoices();
  const auto row = static_cast<std::size_t>(algorithm.parameters[kChoice]);
  PLUMB_CHECK(row < choices.size(), "no tile ", row);
  return choices[row];
}
int FormOf(const Algorithm& algorithm) { return algorithm.parameters[kForm]; }

std::int64_t CeilDiv(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
std::int64_t RoundUp16(std::int64_t floats) { return CeilDiv(floats, 16) * 16; }

// Axis 1, the height, or 2, the width.
WinogradAxis AxisFor(const ConvProblem& p, const WinogradForm& form, std::size_t axis) {
  const bool transformed = form.square || p.kernel[axis] > 1;
  if (!transformed) return {1, 1, 1, p.out_size[axis]};
  const std::int64_t dilation = p.dilation[axis];
  return {form.inputs, form.outputs(), dilation,
          dilation * CeilDiv(CeilDiv(p.out_size[axis], dilation), form.outputs())};
}
std::int64_t TileCount(const ConvProblem& p, const WinogradForm& form) {
  return p.batch * p.out_size[0] * AxisFor(p, form, 1).tiles * AxisFor(p, form, 2).tiles;
}

// Tiles in a block: their transforms stay in the second-level cache, unless that makes too little
// of the weights, all of which pass by once for every block.
std::int64_t BlockTiles(const ConvProblem& p, const WinogradForm& form, const Target& target) {
  constexpr std::int64_t kLeast = 48;
  const std::int64_t bytes =
      form.planes() * (p.in_channels + p.out_channels) * std::int64_t{sizeof(float)};
  const std::int64_t most = std::max<std::int64_t>(1, TileCount(p, form));
  const std::int64_t wanted = std::max(kLeast, target.l2_bytes / bytes);
  return CeilDiv(most, CeilDiv(most, wanted));
}

// The cut of a layer; see WinogradParams.
struct Cut {
  bool weights_pass;
  std::int64_t block, panels, channels;
};

Cut CutFor(const ConvProblem& p, const Panels& panels, const WinogradForm& form,
           const Target& target) {
  const std::int64_t planes = form.planes(), floats = sizeof(float);
  const std::int64_t weights = planes * p.in_channels * panels.padded_columns() * floats;
  Cut cut{false, BlockTiles(p, form, target), std::max<std::int64_t>(1, panels.count()),
          std::max<std::int64_t>(1, p.in_channels)};
  if (weights <= std::max(target.l2_bytes, target.l3_bytes / 4)) return cut;
  cut.weights_pass = true;
  // The products of a group take half of the second-level cache, its weights a third.
  const std::int64_t row = planes * panels.width() * floats;
  const std::int64_t most = std::max<std::int64_t>(1, TileCount(p, form));
  const std::int64_t tiles = std::clamp<std::int64_t>(target.l2_bytes / 2 / row, 32, 256);
  cut.block = CeilDiv(most, CeilDiv(most, tiles));
  cut.panels = std::clamp<std::int64_t>(target.l2_bytes / 2 / (row * cut.block), 1,
                                        std::max<std::int64_t>(1, cut.panels / 8));
  const std::int64_t channels =
      std::max<std::int64_t>(16, target.l2_bytes / 3 / (row * cut.panels));
  const std::int64_t chunks = CeilDiv(cut.channels, channels);
  cut.channels = RoundUp16(CeilDiv(cut.channels, chunks));
  return cut;
}

bool CanRun(const ConvProblem& p, const WinogradForm& form) {
  constexpr std::int64_t kFewChannels = 8;
  const std::array<std::int64_t, 3> ones{1, 1, 1};
  const bool fits = form.square ? p.kernel[1] == form.taps && p.kernel[2] == form.taps
                                : std::max(p.kernel[1], p.kernel[2]) == form.taps &&
                                      std::min(p.kernel[1], p.kernel[2]) == 1;
  return fits && p.kernel[0] == 1 && !p.transposed && p.group == 1 && p.stride == ones &&
         p.dilation[0] == 1 && p.pad_begin[0] == 0 && p.in_channels >= kFewChannels &&
         p.in_channels <= kWinogradChannels && p.out_channels >= kFewChannels &&
         p.src.channel == 1 && p.dst.channel == 1 &&
         (!p.epilogue.has_residual || p.residual.channel == 1);
}

bool Takes(const ConvProblem& p, const Algorithm& algorithm) {
  return CanRun(p, kWinogradForms[FormOf(algorithm)]);
}

// Share of the peak that the multiply-adds of the definition reach: they are fewer here, so it may
// be above 1. Counted in cycles of one core.
double Efficiency(const ConvProblem& p, const Algorithm& algorithm, const Target& target) {
  const WinogradForm& form = kWinogradForms[FormOf(algorithm)];
  // For each vector of a plane; lines do in one step what squares do in two smaller ones.
  const double input_cycles = form.square ? 2.5 : 4;
  constexpr double kOutputCycles = 2.5, kWeightCycles = 3.5;
  constexpr double kPointerCycles = 4;  // for each plane of a tile, into the image and out of it
  constexpr double kCacheBytesPerCycle = 16;
  const TileChoice& choice = ChoiceOf(algorithm);
  const double lanes = TileSetFor(choice.isa).lanes;
  const double planes = static_cast<double>(form.planes());
  const double tiles = static_cast<double>(std::max<std::int64_t>(1, TileCount(p, form)));
  const double in = static_cast<double>(p.in_channels), out = static_cast<double>(p.out_channels);
  const double l2 = static_cast<double>(target.l2_bytes);

  const Cut cut = CutFor(p, PanelsFor(choice, p.out_channels), form, target);
  const double products = planes * tiles * in * out / (2 * lanes) /
                          TileEfficiency(choice, target, cut.block, p.out_channels, cut.channels);
  const double in_vectors = std::ceil(in / lanes), out_vectors = std::ceil(out / lanes);
  const double transforms =
      tiles * planes * (input_cycles * in_vectors + kOutputCycles * out_vectors + kPointerCycles);
  const double weight_bytes = planes * in * out * sizeof(float);
  const double passes = std::ceil(tiles / static_cast<double>(cut.block));
  const double transform = kWeightCycles * planes * in * out_vectors;
  const double weights =
      cut.weights_pass
          ? transform * passes
          : transform + (weight_bytes > l2 / 2 ? weight_bytes * passes / kCacheBytesPerCycle : 0);
  const double block_bytes = planes * (in + out) * sizeof(float) * static_cast<double>(cut.block);
  const double spill =
      !cut.weights_pass && block_bytes > l2 ? 2 * block_bytes * passes / kCacheBytesPerCycle : 0;
  const double nominal = form.kernel() * in * out * static_cast<double>(p.batch * p.out_size[0]) *
                         static_cast<double>(p.out_size[1] * p.out_size[2]) / (2 * lanes);
  return nominal / (products + transforms + weights + spill);
}

void List(const ConvProblem& p, const Target& target, std::vector<Algorithm>* algorithms) {
  const auto choices = TileChoices();
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (choices[i].isa > target.isa) continue;
    for (int form = 0; form < kWinogradFormCount; ++form) {
      if (!CanRun(p, kWinogradForms[form])) continue;
      Algorithm algorithm;
      algorithm.parameters[kChoice] = static_cast<std::int16_t>(i);
      algorithm.parameters[kForm] = static_cast<std::int16_t>(form);
      algorithms->push_back(algorithm);
    }
  }
}

std::int64_t PackedBytes(const ConvProblem& p, const Algorithm& algorithm) {
  const Panels panels = PanelsFor(ChoiceOf(algorithm), p.out_channels);
  const std::int64_t bias = p.epilogue.has_bias ? RoundUp16(panels.padded_columns()) : 0;
  return (bias + kWinogradForms[FormOf(algorithm)].kernel() * panels.floats(p.in_channels)) *
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
  // Weights are [out_channels][in_channels][kernel]: products in the order of the panels already.
  const std::int64_t products = p.in_channels * kWinogradForms[FormOf(algorithm)].kernel();
  for (std::int64_t panel = 0; panel < panels.count(); ++panel) {
    PackPanel(panels, panel, products, weights, 1, products, 1.0f,
              to + panels.offset(panel, products));
  }
}

BoundKernel Bind(const ConvProblem& p, const Algorithm& algorithm, const Target& target) {
  const WinogradForm& form = kWinogradForms[FormOf(algorithm)];
  const TileChoice& choice = ChoiceOf(algorithm);
  WinogradParams params{};
  params.problem = p;
  params.form = FormOf(algorithm);
  params.height = AxisFor(p, form, 1);
  params.width = AxisFor(p, form, 2);
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
  const Cut cut = CutFor(p, shape.panels, form, target);
  params.weights_pass = cut.weights_pass;
  params.block = cut.block;
  params.panels = cut.panels;
  params.channels = cut.channels;
  const std::int64_t columns =
      std::min(shape.panels.padded_columns(), params.panels * shape.panels.width());
  const std::int64_t planes = form.planes();
  // Neighbouring rows and planes must not fall on the same sets of the first-level cache.
  const auto padded = [](std::int64_t floats) { return floats % 128 == 0 ? floats + 16 : floats; };
  params.in_row = padded(RoundUp16(params.channels));
  params.in_plane = padded(params.block * params.in_row);
  params.in_chunk = planes * params.in_plane;
  params.out_row = padded(RoundUp16(columns));
  params.out_plane = padded(params.block * params.out_row);
  params.out_group = planes * params.out_plane;
  params.weights_plane = padded(RoundUp16(columns * params.channels));
  params.weights_group = planes * params.weights_plane;
  BoundKernel kernel;
  kernel.run = RunWinograd;
  // Threads have blocks of their own where there are tiles enough for all of them.
  const std::int64_t cores = std::max(1, target.cores);
  const bool enough = params.tiles() >= cores * kWinogradLaneTiles;
  params.lanes = enough && !params.weights_pass ? cores : 1;
  kernel.workspace_bytes =
      std::int64_t{sizeof(float)} *
      (params.lanes * (params.chunks() * params.in_chunk + params.groups() * params.out_group) +
       params.groups() * params.weights_group);
  kernel.params.Set(params);
  return kernel;
}

std::string Describe(const Algorithm& algorithm) {
  const WinogradForm& form = kWinogradForms[FormOf(algorithm)];
  return absl::StrCat("F(", form.outputs(), ",", form.taps, ") ", form.square ? "" : "line ",
                      TileChoiceName(ChoiceOf(algorithm)));
}

}  // namespace

const WinogradTable& WinogradTableFor(Isa isa) {
  switch (isa) {
    case Isa::kAvx512: return kWinogradAvx512;
    case Isa::kAvx2: return kWinogradAvx2;
    case Isa::kScalar: break;
  }
  return kWinogradScalar;
}

const ConvAlgorithm kWinograd = {Takes, List, Efficiency, PackedBytes, Pack, Bind, Describe};

}  // namespace plumb::kernels
