#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "kernels/conv/conv_algorithm.h"
#include "kernels/conv/implicit_gemm_source.h"
#include "kernels/gemm/tile_choice.h"

namespace plumb::kernels {
namespace {

// Parameters of an Algorithm of this kind.
constexpr std::size_t kChoice = 0;  // row of gemm.def
constexpr std::size_t kOrder = 1;   // KOrder

struct ConvParams {
  ConvProblem problem;
  LoopShape shape;  // of phase 0; the others differ in rows and taps
  KOrder order;
  std::int64_t products_limit;
  std::int64_t cache_bytes;  // of A in a block of tiles
};

const TileChoice& ChoiceOf(const Algorithm& algorithm) {
  const auto choices = TileChoices();
  const auto row = static_cast<std::size_t>(algorithm.parameters[kChoice]);
  PLUMB_CHECK(row < choices.size(), "no tile ", row);
  return choices[row];
}
KOrder OrderOf(const Algorithm& algorithm) {
  return static_cast<KOrder>(algorithm.parameters[kOrder]);
}

std::int64_t RoundUp16(std::int64_t floats) { return (floats + 15) / 16 * 16; }

// The packed buffer: for each group its bias, then the panels of each phase.
struct PackedLayout {
  Panels panels;
  std::int64_t bias_floats;

  PackedLayout(const ConvProblem& p, const Algorithm& algorithm)
      : PackedLayout(p, PanelsFor(ChoiceOf(algorithm), p.out_channels / p.group)) {}
  PackedLayout(const ConvProblem& p, const Panels& columns)
      : panels(columns),
        bias_floats(p.epilogue.has_bias ? RoundUp16(panels.padded_columns()) : 0) {}

  std::int64_t PhaseFloats(const ConvProblem& p, const ConvPhase& phase) const {
    return RoundUp16(panels.floats(phase.taps() * (p.in_channels / p.group)));
  }
  // Floats before a phase within its group; PhaseOffset(PhaseCount()) is the size of a group.
  std::int64_t PhaseOffset(const ConvProblem& p, std::int64_t index) const {
    std::int64_t floats = bias_floats;
    for (std::int64_t i = 0; i < index; ++i) floats += PhaseFloats(p, PhaseAt(p, i));
    return floats;
  }
};

void FillLoopShape(const ConvProblem& p, const ConvPhase& phase, KOrder order,
                   std::int64_t products_limit, LoopShape* shape) {
  const KShape k = KShapeOf(phase, order, p.in_channels / p.group);
  shape->taps = k.taps;
  shape->run = k.taps == 0 ? 0 : k.run;
  RowTiles& tiles = shape->tiles;
  tiles.rows = p.batch * phase.outputs();
  tiles.segment = std::max<std::int64_t>(1, tiles.rows);
  tiles.even = false;
  // Tiles that stay in one row of the image leave out the taps above and below it. Not worth it
  // where that makes the tiles too small to be efficient.
  const std::int64_t width = phase.axis[2].outputs;
  const bool padded = p.pad_begin[0] > 0 || p.pad_begin[1] > 0 || p.transposed;
  const std::int64_t parts = (width + tiles.max_rows - 1) / tiles.max_rows;
  if (padded && width > 0 && width / parts * shape->panels.vectors >= 10) {
    tiles.segment = width;
    tiles.even = true;
  }
  ChooseChunks(products_limit, shape);
}

// Phase 0 has the most rows; tasks beyond the tiles of another phase find nothing to do.
TaskGrid GridOf(const ConvParams& p, int threads) {
  const ConvProblem& problem = p.problem;
  const Panels& panels = p.shape.panels;
  const std::int64_t row_bytes =
      std::max<std::int64_t>(1, problem.in_channels / problem.group * std::int64_t{sizeof(float)} *
                                    problem.stride[1] * problem.stride[2]);
  const auto rows = static_cast<double>(p.shape.tiles.rows);
  const auto columns = static_cast<double>(panels.columns);
  return TaskGrid({.products = PhaseCount(problem) * problem.group,
                   .rows = p.shape.tiles.rows,
                   .tiles = p.shape.tiles.count(),
                   .panels = panels.count(),
                   .a_bytes = rows * static_cast<double>(row_bytes),
                   .b_bytes = columns * static_cast<double>(p.shape.products()) * sizeof(float),
                   .block_tiles = p.cache_bytes / (row_bytes * p.shape.tiles.max_rows)},
                  threads);
}

void RunImplicitGemm(const void* params, const Call& call) noexcept {
  const ConvParams& p = *static_cast<const ConvParams*>(params);
  const ConvProblem& problem = p.problem;
  const Panels& panels = p.shape.panels;
  const std::int64_t channels = problem.in_channels / problem.group;
  const float* packed = static_cast<const float*>(call.operands[1]);
  const float* residual =
      problem.epilogue.has_residual ? static_cast<const float*>(call.operands[2]) : nullptr;
  const PackedLayout layout(problem, panels);
  const std::int64_t group_floats = layout.PhaseOffset(problem, PhaseCount(problem));

  const TaskGrid grid = GridOf(p, call.pool->threads());
  const auto run = [&](std::int64_t product, const TileBlock& block) {
    const std::int64_t phase_index = product / problem.group;
    const std::int64_t group = product % problem.group;
    LoopShape shape = p.shape;
    ConvSource source;
    source.phase = PhaseAt(problem, phase_index);
    if (phase_index != 0) {
      FillLoopShape(problem, source.phase, p.order, p.products_limit, &shape);
    }
    // Sums of several chunks wait in dst, where they would overwrite a residual in the same place.
    const bool chunked = shape.run_chunk < shape.run || shape.tap_chunk < shape.taps;
    if (chunked && residual == call.operands[3]) shape.staged = true;
    source.order = p.order;
    source.copies = shape.copies_rows;
    source.channels = channels;
    source.in_size = problem.in_size;
    source.src_strides = problem.src;
    source.dst_strides = problem.dst;
    source.residual_strides = problem.residual;
    const std::int64_t out_channel = group * panels.columns;
    source.src =
        static_cast<const float*>(call.operands[0]) + group * channels * problem.src.channel;
    source.dst = static_cast<float*>(call.operands[3]) + out_channel * problem.dst.channel;
    source.residual =
        residual != nullptr ? residual + out_channel * problem.residual.channel : nullptr;
    const float* bias = packed + group * group_floats;
    const float* b = bias + layout.PhaseOffset(problem, phase_index);
    TileLoop<ConvSource> loop(shape, source, b, problem.epilogue.has_bias ? bias : nullptr);
    const std::int64_t end = std::min(block.tile_end, shape.tiles.count());
    loop.Run({block.tile_begin, end, block.panel_begin, block.panel_end});
  };
  call.pool->ParallelForRanges(grid.count(), [&](std::int64_t begin, std::int64_t end, int) {
    grid.ForEachBlock(begin, end, run);
  });
}

// The orders that suit the layout of src, best first.
void ListOrders(const ConvProblem& p, std::vector<KOrder>* orders) {
  constexpr std::int64_t kFewChannels = 8;
  const bool few = !p.transposed && p.group == 1 && p.in_channels < kFewChannels;
  if (few && p.kernel[2] > 1) {
    orders->push_back(p.src.channel == 1 ? KOrder::kInterleaved : KOrder::kPlanar);
  }
  orders->push_back(KOrder::kChannels);
}

// Every row needs a pointer for each tap; finding them costs as much as some multiply-adds.
double PointerShare(const ConvProblem& p, const Algorithm& algorithm) {
  const TileChoice& choice = ChoiceOf(algorithm);
  const Panels panels = PanelsFor(choice, p.out_channels / p.group);
  const int rows = TileSetFor(choice.isa).max_rows[choice.vectors];
  const ConvPhase phase = PhaseAt(p, 0);
  const auto run =
      static_cast<double>(KShapeOf(phase, OrderOf(algorithm), p.in_channels / p.group).run);
  const double products = run * rows * choice.vectors * static_cast<double>(panels.count());
  const double pointers = 4.0 * rows + 20;
  return products / (products + pointers);
}

double Efficiency(const ConvProblem& p, const Algorithm& algorithm, const Target& target) {
  const double rows = static_cast<double>(p.batch) * static_cast<double>(p.out_size[0]) *
                      static_cast<double>(p.out_size[1]) * static_cast<double>(p.out_size[2]);
  return PointerShare(p, algorithm) *
         TileEfficiency(ChoiceOf(algorithm), target, static_cast<std::int64_t>(std::min(rows, 1e9)),
                        p.out_channels / p.group,
                        p.in_channels / p.group * p.kernel[0] * p.kernel[1] * p.kernel[2]);
}

bool Takes(const ConvProblem&, const Algorithm&) { return true; }

void List(const ConvProblem& p, const Target& target, std::vector<Algorithm>* algorithms) {
  std::vector<KOrder> orders;
  ListOrders(p, &orders);
  const auto choices = TileChoices();
  std::vector<Algorithm> found;
  for (KOrder order : orders) {
    const std::size_t first = found.size();
    for (std::size_t i = 0; i < choices.size(); ++i) {
      if (choices[i].isa > target.isa) continue;
      Algorithm algorithm;
      algorithm.parameters[kChoice] = static_cast<std::int16_t>(i);
      algorithm.parameters[kOrder] = static_cast<std::int16_t>(order);
      found.push_back(algorithm);
    }
    std::stable_sort(found.begin() + static_cast<std::ptrdiff_t>(first), found.end(),
                     [&](const Algorithm& x, const Algorithm& y) {
                       if (ChoiceOf(x).isa != ChoiceOf(y).isa) {
                         return ChoiceOf(x).isa > ChoiceOf(y).isa;
                       }
                       return Efficiency(p, x, target) > Efficiency(p, y, target) + 0.02;
                     });
  }
  std::stable_sort(found.begin(), found.end(), [&](const Algorithm& x, const Algorithm& y) {
    return ChoiceOf(x).isa > ChoiceOf(y).isa;
  });
  algorithms->insert(algorithms->end(), found.begin(), found.end());
}

std::int64_t PackedBytes(const ConvProblem& p, const Algorithm& algorithm) {
  const PackedLayout layout(p, algorithm);
  return p.group * layout.PhaseOffset(p, PhaseCount(p)) * std::int64_t{sizeof(float)};
}

// Packs the weights of one group and phase. Goes through few input channels at a time, so that the
// rows of the panel that they are spread over stay near.
void PackPhase(const ConvProblem& p, const ConvPhase& phase, KOrder order, const Panels& panels,
               std::int64_t group, const float* weights, float* to) {
  constexpr std::int64_t kChannelsAtOnce = 16;
  const std::int64_t channels = p.in_channels / p.group;
  const std::int64_t outputs = p.out_channels / p.group;
  const std::int64_t kernel = p.kernel[0] * p.kernel[1] * p.kernel[2];
  // Distances between weights of neighbouring output and input channels.
  const std::int64_t out_stride = p.transposed ? kernel : channels * kernel;
  const std::int64_t in_stride = p.transposed ? outputs * kernel : kernel;
  weights += group * channels * outputs * kernel;

  const std::int64_t taps = phase.taps();
  std::vector<std::int64_t> kernel_element(static_cast<std::size_t>(taps));
  for (std::int64_t t = 0; t < taps; ++t) {
    std::int64_t rest = t;
    std::int64_t scale = 1;
    for (std::size_t d = 3; d-- > 0;) {
      const PhaseAxis& axis = phase.axis[d];
      const std::int64_t at = axis.kernel_begin + rest % axis.taps * axis.kernel_step;
      kernel_element[static_cast<std::size_t>(t)] += at * scale;
      rest /= axis.taps;
      scale *= p.kernel[d];
    }
  }
  // Interleaved windows are taps and channels in the same order as channels are.
  const std::int64_t channel_rows = order == KOrder::kPlanar ? taps : 1;
  const std::int64_t tap_rows = order == KOrder::kPlanar ? 1 : channels;
  for (std::int64_t panel = 0; panel < panels.count(); ++panel) {
    const std::int64_t width = std::int64_t{panels.vectors_of(panel)} * panels.lanes;
    const std::int64_t columns = panels.columns_of(panel);
    const float* from = weights + panels.first_column(panel) * out_stride;
    float* rows = to + panels.offset(panel, taps * channels);
    if (columns < width) std::fill(rows, rows + taps * channels * width, 0.0f);
    for (std::int64_t begin = 0; begin < channels; begin += kChannelsAtOnce) {
      const std::int64_t end = std::min(begin + kChannelsAtOnce, channels);
      for (std::int64_t j = 0; j < columns; ++j) {
        for (std::int64_t c = begin; c < end; ++c) {
          const float* weight = from + j * out_stride + c * in_stride;
          float* row = rows + c * channel_rows * width + j;
          for (std::int64_t t = 0; t < taps; ++t, row += tap_rows * width) {
            *row = weight[kernel_element[static_cast<std::size_t>(t)]];
          }
        }
      }
    }
  }
}

void Pack(const ConvProblem& p, const Algorithm& algorithm, const float* weights, const float* bias,
          void* packed) {
  const PackedLayout layout(p, algorithm);
  const std::int64_t outputs = p.out_channels / p.group;
  const std::int64_t phases = PhaseCount(p);
  const std::int64_t group_floats = layout.PhaseOffset(p, phases);
  for (std::int64_t group = 0; group < p.group; ++group) {
    float* to = static_cast<float*>(packed) + group * group_floats;
    std::fill(to, to + layout.bias_floats, 0.0f);
    if (bias != nullptr) std::copy(bias + group * outputs, bias + (group + 1) * outputs, to);
    to += layout.bias_floats;
    for (std::int64_t i = 0; i < phases; ++i) {
      const ConvPhase phase = PhaseAt(p, i);
      PackPhase(p, phase, OrderOf(algorithm), layout.panels, group, weights, to);
      to += layout.PhaseFloats(p, phase);
    }
  }
}

BoundKernel Bind(const ConvProblem& p, const Algorithm& algorithm, const Target& target) {
  const TileChoice& choice = ChoiceOf(algorithm);
  const TileSet& set = TileSetFor(choice.isa);
  ConvParams params{};
  params.problem = p;
  params.order = OrderOf(algorithm);
  LoopShape& shape = params.shape;
  shape.isa = choice.isa;
  shape.panels = PanelsFor(choice, p.out_channels / p.group);
  shape.tiles.max_rows = set.max_rows[choice.vectors];
  shape.epilogue = p.epilogue;
  shape.staged = p.dst.channel != 1 || (p.epilogue.has_residual && p.residual.channel != 1);
  const std::int64_t channels = p.in_channels / p.group;
  const ConvPhase phase = PhaseAt(p, 0);
  if (params.order == KOrder::kChannels) {
    // Rows a multiple of a page apart fall on one set of the first-level cache.
    const bool aliases = p.src.spatial[2] * p.stride[2] % 1024 == 0 && phase.taps() == 1 &&
                         shape.panels.count() >= 4;
    shape.copies_rows = aliases || !ZeroRowHolds(channels, p.src.channel);
  } else {
    shape.copies_rows = true;
  }
  const std::int64_t panel_bytes = target.l2_bytes / 4;
  params.products_limit =
      std::clamp<std::int64_t>(panel_bytes / (shape.panels.width() * 4), 256, 3072);
  params.cache_bytes = target.l2_bytes / 3;
  FillLoopShape(p, phase, params.order, params.products_limit, &shape);
  BoundKernel kernel;
  kernel.run = RunImplicitGemm;
  kernel.params.Set(params);
  return kernel;
}

std::string Describe(const Algorithm& algorithm) {
  static constexpr const char* kOrderNames[] = {"", " planar", " interleaved"};
  return absl::StrCat(TileChoiceName(ChoiceOf(algorithm)),
                      kOrderNames[algorithm.parameters[kOrder]]);
}

}  // namespace

const ConvAlgorithm kImplicitGemm = {Takes, List, Efficiency, PackedBytes, Pack, Bind, Describe};

}  // namespace plumb::kernels
