// Convolution of stride 1 with large kernels by Fourier transforms of overlapping tiles (overlap
// and save): weights are transformed when they are packed, tiles of the image while it runs.
#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "kernels/conv/conv_algorithm.h"
#include "kernels/conv/fft_plan.h"
#include "kernels/gemm/tile_choice.h"
#include "kernels/gemm/tile_set.h"

namespace plumb::kernels {
namespace {

// Parameters of an Algorithm of this kind.
constexpr std::size_t kChoice = 0;  // row of gemm.def
constexpr std::size_t kForm = 1;    // of kFftSizes

constexpr std::int64_t kLeastKernel = 9;

const TileChoice& ChoiceOf(const Algorithm& algorithm) {
  const auto choices = TileChoices();
  const auto row = static_cast<std::size_t>(algorithm.parameters[kChoice]);
  PLUMB_CHECK(row < choices.size(), "no tile ", row);
  return choices[row];
}
int FormOf(const Algorithm& algorithm) { return algorithm.parameters[kForm]; }

std::int64_t CeilDiv(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
std::int64_t RoundUp16(std::int64_t floats) { return CeilDiv(floats, 16) * 16; }

bool IsDepthwise(const ConvProblem& p) {
  return p.in_channels == p.group && p.out_channels == p.group;
}

// Transformed weights may take so many times the memory of the weights, or this much.
bool IsSmall(const ConvProblem& p, std::int64_t packed_bytes) {
  constexpr std::int64_t kTimes = 13, kBytes = 8 << 20;
  const std::int64_t weights = p.kernel[1] * p.kernel[2] * (p.in_channels / p.group) *
                               p.out_channels * std::int64_t{sizeof(float)};
  return packed_bytes <= std::max(kBytes, kTimes * weights);
}

// A kernel takes at most three quarters of a tile.
bool CanRun(const ConvProblem& p, const FftSize& size) {
  const std::array<std::int64_t, 3> ones{1, 1, 1};
  const auto [least, most] = std::minmax(p.kernel[1], p.kernel[2]);
  return least >= kLeastKernel && 4 * most <= 3 * size.size && p.kernel[0] == 1 &&
         p.stride == ones && p.dilation == ones && p.pad_begin[0] == 0 && !p.transposed &&
         p.in_channels > 0 && p.out_channels > 0 && p.dst.channel == 1 &&
         (!p.epilogue.has_residual || p.residual.channel == 1);
}

std::int64_t BiasFloats(const ConvProblem& p) {
  return p.epilogue.has_bias ? RoundUp16(p.out_channels) : 0;
}

std::int64_t PackedBytes(const ConvProblem& p, const Algorithm& algorithm) {
  const TileChoice& choice = ChoiceOf(algorithm);
  const std::int64_t pairs = FftPairs(kFftSizes[FormOf(algorithm)].size);
  const std::int64_t lanes = TileSetFor(choice.isa).lanes;
  const Panels panels = PanelsFor(choice, p.out_channels / p.group);
  const std::int64_t kernels =
      IsDepthwise(p) ? CeilDiv(p.in_channels, lanes) * pairs * 2 * lanes
                     : pairs * p.group * RoundUp16(panels.floats(2 * (p.in_channels / p.group)));
  return (BiasFloats(p) + kernels) * std::int64_t{sizeof(float)};
}

bool Takes(const ConvProblem& p, const Algorithm& algorithm) {
  return CanRun(p, kFftSizes[static_cast<std::size_t>(algorithm.parameters[kForm])]);
}

void List(const ConvProblem& p, const Target& target, std::vector<Algorithm>* algorithms) {
  const auto choices = TileChoices();
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (choices[i].isa > target.isa) continue;
    // One entry for each instruction set where there is no matrix product.
    if (IsDepthwise(p) && i > 0 && choices[i].isa == choices[i - 1].isa) continue;
    for (int form = 0; form < kFftSizeCount; ++form) {
      if (!CanRun(p, kFftSizes[form])) continue;
      Algorithm algorithm;
      algorithm.parameters[kChoice] = static_cast<std::int16_t>(i);
      algorithm.parameters[kForm] = static_cast<std::int16_t>(form);
      if (IsSmall(p, PackedBytes(p, algorithm))) algorithms->push_back(algorithm);
    }
  }
}

// The cut of a layer; nothing that weights are packed by depends on sizes of the image.
FftParams ParamsFor(const ConvProblem& p, const Algorithm& algorithm, const Target& target) {
  const TileChoice& choice = ChoiceOf(algorithm);
  const TileSet& set = TileSetFor(choice.isa);
  FftParams params{};
  params.problem = p;
  params.bounds = BoundsOf(p.epilogue);
  params.isa = choice.isa;
  params.form = FormOf(algorithm);
  params.max_rows = set.max_rows[choice.vectors];
  params.depthwise = IsDepthwise(p);
  params.panels = PanelsFor(choice, p.out_channels / p.group);
  const std::int64_t size = params.size();
  params.out_rows = size - p.kernel[1] + 1;
  params.out_columns = size - p.kernel[2] + 1;
  params.tile_rows = CeilDiv(p.out_size[1], params.out_rows);
  params.tile_columns = CeilDiv(p.out_size[2], params.out_columns);
  // Neighbouring rows and planes must not fall on the same sets of the first-level cache.
  const auto padded = [](std::int64_t floats) { return floats % 128 == 0 ? floats + 16 : floats; };
  params.in_part = RoundUp16(p.in_channels);
  params.in_row = padded(3 * params.in_part);
  params.out_part = RoundUp16(p.out_channels);
  params.out_row = padded(2 * params.out_part);
  const std::int64_t pair_bytes =
      FftPairs(params.size()) * 2 * (params.in_row + params.out_row) * std::int64_t{sizeof(float)};
  const std::int64_t pairs = std::max<std::int64_t>(1, CeilDiv(params.tiles(), 2));
  const std::int64_t most = std::clamp<std::int64_t>(
      std::max(target.l2_bytes, target.l3_bytes / 4) / pair_bytes, 8, kFftBlockPairs);
  params.block = CeilDiv(pairs, CeilDiv(pairs, most));
  params.in_plane = padded(2 * params.block * params.in_row);
  params.out_plane = padded(2 * params.block * params.out_row);
  params.kernel_group = RoundUp16(params.panels.floats(2 * (p.in_channels / p.group)));
  params.kernel_plane = p.group * params.kernel_group;
  return params;
}

// Share of the peak that the multiply-adds of the definition reach: they are fewer here, so it may
// be above 1. Counted in vectors of multiply-adds, two to a cycle.
double Efficiency(const ConvProblem& p, const Algorithm& algorithm, const Target& target) {
  const auto number = [](std::int64_t x) { return static_cast<double>(x); };
  // For each vector of a complex tile there and back, and for each that is loaded, stored or put
  // into a plane.
  constexpr double kTransform[] = {36, 44, 56};
  constexpr double kMove = 6, kMultiply = 12;
  constexpr double kCacheBytesPerOperation = 8;
  const FftParams params = ParamsFor(p, algorithm, target);
  const TileChoice& choice = ChoiceOf(algorithm);
  const double lanes = TileSetFor(choice.isa).lanes;
  const double pixels = number(params.size()) * number(params.size());
  const double pairs = std::ceil(std::max(1.0, number(params.tiles())) / 2);
  const double in = std::ceil(number(p.in_channels) / lanes);
  const double out = std::ceil(number(p.out_channels) / lanes);
  const double transform = kTransform[params.form] / 2;
  double spent = pairs * pixels * (transform * (in + out) + 2 * kMove * (in + out));
  if (params.depthwise) {
    spent += pairs * pixels * kMultiply * in;
  } else {
    const std::int64_t channels = p.in_channels / p.group, columns = p.out_channels / p.group;
    const double planes = number(FftPairs(params.size()));
    const double rows = 4 * pairs;
    const double products = planes * rows * 2 * number(channels * p.out_channels) / lanes;
    spent += products / TileEfficiency(choice, target, 4 * params.block, columns, 2 * channels);
    const double blocks = std::ceil(pairs / number(params.block));
    const double moved = sizeof(float) * planes *
                         (blocks * number(p.group * params.kernel_group) +
                          2 * 2 * pairs * number(params.in_row + params.out_row));
    spent += moved / kCacheBytesPerOperation + 2 * kMove * pairs * pixels * (in + out);
  }
  const double width = lanes / std::max(1, target.vector_floats());
  const double nominal = number(p.kernel[1] * p.kernel[2]) * number(p.in_channels / p.group) *
                         number(p.out_channels) * number(p.batch * p.out_size[0]) *
                         number(p.out_size[1] * p.out_size[2]) / lanes;
  return nominal / spent * std::min(1.0, width);
}

// The transforms of some kernels that lie `stride` floats apart, a vector at most, as the products
// want them: conjugate, for a correlation, and scaled for the inverse that follows.
class KernelTransform {
 public:
  KernelTransform(const ConvProblem& p, const Algorithm& algorithm)
      : table_(FftTableFor(ChoiceOf(algorithm).isa)),
        form_(FormOf(algorithm)),
        rows_(p.kernel[1]),
        columns_(p.kernel[2]),
        tile_(static_cast<std::size_t>(FftFloats(size(), table_.lanes))) {}

  int size() const { return kFftSizes[form_].size; }

  // Calls fn(pair of frequencies, kernel, real, imaginary part).
  template <typename Fn>
  void Run(const float* weights, std::int64_t stride, std::int64_t kernels, const Fn& fn) {
    FftLoad load{};
    load.size = size();
    load.tile = tile_.data();
    load.imaginary = true;
    table_.load(load);
    load.imaginary = false;
    load.src = weights;
    load.row = load.width = columns_;
    load.pixel = 1;
    load.channel = stride;
    load.height = rows_;
    load.channels = static_cast<int>(kernels);
    table_.load(load);
    table_.forward(form_, tile_.data());
    const FftSize& form = kFftSizes[form_];
    const float scale = 1.0f / static_cast<float>(form.size * form.size);
    std::int64_t index = 0;
    for (int i = 0; i < form.size; ++i) {
      const int negative = FftNegative(form, i);
      for (int j = negative < i ? form.size : 0; j < form.size; ++j) {
        if (negative == i && FftNegative(form, j) < j) continue;
        const float* at = tile_.data() + (i * FftPitch(form.size) + j) * 2 * table_.lanes;
        for (std::int64_t k = 0; k < kernels; ++k) {
          fn(index, k, at[k] * scale, -at[table_.lanes + k] * scale);
        }
        ++index;
      }
    }
  }

 private:
  const FftTable& table_;
  int form_;
  std::int64_t rows_, columns_;
  std::vector<float> tile_;
};

void PackDepthwise(const ConvProblem& p, const Algorithm& algorithm, const float* weights,
                   float* to) {
  KernelTransform transform(p, algorithm);
  const std::int64_t lanes = TileSetFor(ChoiceOf(algorithm).isa).lanes;
  const std::int64_t taps = p.kernel[1] * p.kernel[2];
  for (std::int64_t first = 0; first < p.in_channels; first += lanes) {
    float* at = to + first * FftPairs(transform.size()) * 2;
    transform.Run(weights + first * taps, taps, std::min(lanes, p.in_channels - first),
                  [&](std::int64_t index, std::int64_t k, float re, float im) {
                    at[index * 2 * lanes + k] = re;
                    at[(index * 2 + 1) * lanes + k] = im;
                  });
  }
}

// In each plane and group panels of [real, imaginary part][input channel][column].
void PackDense(const ConvProblem& p, const Algorithm& algorithm, const float* weights, float* to) {
  KernelTransform transform(p, algorithm);
  const std::int64_t channels = p.in_channels / p.group, columns = p.out_channels / p.group;
  const std::int64_t taps = p.kernel[1] * p.kernel[2];
  const Panels panels = PanelsFor(ChoiceOf(algorithm), columns);
  const std::int64_t group_floats = RoundUp16(panels.floats(2 * channels));
  for (std::int64_t group = 0; group < p.group; ++group) {
    for (std::int64_t column = 0; column < columns; column += panels.lanes) {
      const std::int64_t panel = column / panels.width();
      const std::int64_t width = std::int64_t{panels.vectors_of(panel)} * panels.lanes;
      float* place =
          to + group * group_floats + panels.offset(panel, 2 * channels) + column % panels.width();
      const float* kernels = weights + (group * columns + column) * channels * taps;
      for (std::int64_t c = 0; c < channels; ++c) {
        transform.Run(kernels + c * taps, channels * taps,
                      std::min<std::int64_t>(panels.lanes, columns - column),
                      [&](std::int64_t index, std::int64_t k, float re, float im) {
                        float* at = place + index * p.group * group_floats + k;
                        at[c * width] = re;
                        at[(channels + c) * width] = im;
                      });
      }
    }
  }
}

void Pack(const ConvProblem& p, const Algorithm& algorithm, const float* weights, const float* bias,
          void* packed) {
  float* to = static_cast<float*>(packed);
  std::fill_n(to, PackedBytes(p, algorithm) / std::int64_t{sizeof(float)}, 0.0f);
  if (bias != nullptr) std::copy_n(bias, p.out_channels, to);
  to += BiasFloats(p);
  if (IsDepthwise(p)) {
    PackDepthwise(p, algorithm, weights, to);
  } else {
    PackDense(p, algorithm, weights, to);
  }
}

BoundKernel Bind(const ConvProblem& p, const Algorithm& algorithm, const Target& target) {
  const FftParams params = ParamsFor(p, algorithm, target);
  BoundKernel kernel;
  kernel.run = RunFft;
  const std::int64_t tiles = kFftSlots * FftFloats(params.size(), TileSetFor(params.isa).lanes);
  const std::int64_t planes = FftPairs(params.size()) * (params.in_plane + params.out_plane);
  kernel.workspace_bytes = (tiles + (params.depthwise ? 0 : planes)) * std::int64_t{sizeof(float)};
  kernel.params.Set(params);
  return kernel;
}

std::string Describe(const Algorithm& algorithm) {
  const int size = kFftSizes[FormOf(algorithm)].size;
  return absl::StrCat(size, "x", size, " ", TileChoiceName(ChoiceOf(algorithm)));
}

}  // namespace

const FftTable& FftTableFor(Isa isa) {
  switch (isa) {
    case Isa::kAvx512: return kFftAvx512;
    case Isa::kAvx2: return kFftAvx2;
    case Isa::kScalar: break;
  }
  return kFftScalar;
}

const ConvAlgorithm kFft = {Takes, List, Efficiency, PackedBytes, Pack, Bind, Describe};

}  // namespace plumb::kernels
