#include "kernels/dot/dot_quads.h"

#include <algorithm>

#include "core/check.h"
#include "kernels/conv/conv_phase.h"
#include "kernels/dot/dot_functions.h"
#include "kernels/dot/dot_layout.h"
#include "kernels/dot/dot_writer.h"

namespace plumb::kernels {
namespace {

constexpr std::int64_t kTileRows = 16;  // outputs that are summed up before they are written
constexpr std::int64_t kStripBytes = 24 << 10;  // of quads: they stay in the first-level cache
constexpr std::int64_t kMostQuadBytes = 160 << 10;

std::int64_t CeilDiv(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }
std::int64_t Groups(const ConvProblem& p) { return CeilDiv(p.kernel[1], 4); }
// Weights of 32 channels: [group of four rows][column][channel][row].
std::int64_t BlockBytes(const ConvProblem& p) { return Groups(p) * p.kernel[2] * kDotColumns * 4; }
// Columns of quads that `outputs` neighbours see.
std::int64_t ColumnsOf(const PhaseAxis& across, std::int64_t outputs) {
  return (outputs - 1) * across.in_step + (across.taps - 1) * across.in_tap_step + 1;
}
std::int64_t QuadBytes(const ConvPhase& phase, std::int64_t outputs) {
  return CeilDiv(phase.axis[1].taps, 4) * ColumnsOf(phase.axis[2], outputs) * kQuadBytes;
}

// Strips of the output rows [begin, end) of the image, one after the other.
class QuadRun {
 public:
  QuadRun(const DotProblem& problem, const DotSet& set, const Call& call)
      : problem_(problem),
        p_(problem.geometry),
        phase_(PhaseAt(problem.geometry, 0)),
        call_(call),
        packed_(static_cast<const char*>(call.operands[1])),
        weights_(packed_ + 8 * PaddedColumns(p_.out_channels)),
        writer_(problem, set.isa, packed_, p_.out_channels, PaddedColumns(p_.out_channels)),
        flip_(static_cast<std::uint8_t>(set.offset)),
        fill_(static_cast<std::uint8_t>(problem.src_zero)) {
    strip_ = phase_.axis[2].outputs;
    while (strip_ > 1 && QuadBytes(phase_, strip_) > kStripBytes) strip_ = (strip_ + 1) / 2;
  }

  void Run(std::int64_t begin, std::int64_t end) {
    const std::int64_t width = phase_.axis[2].outputs;
    for (std::int64_t line = begin; line < end; ++line) {
      for (std::int64_t x = 0; x < width; x += strip_) {
        RunStrip(line, x, std::min(strip_, width - x));
      }
    }
  }

 private:
  void RunStrip(std::int64_t line, std::int64_t x, std::int64_t outputs) {
    const PhaseAxis& across = phase_.axis[2];
    writer_.Place(phase_, line * across.outputs + x, outputs, static_cast<char*>(call_.operands[3]),
                  p_.epilogue.has_residual ? static_cast<char*>(call_.operands[2]) : nullptr);
    for (std::int64_t channel = 0; channel < p_.out_channels; channel += kQuadChannels) {
      const std::int64_t channels = std::min(kQuadChannels, p_.out_channels - channel);
      Interleave(line, x, outputs, channel, channels);
      for (std::int64_t first = 0; first < channels; first += kDotColumns) {
        SumUp(outputs, channel + first, std::min<std::int64_t>(kDotColumns, channels - first),
              first);
      }
    }
  }

  // First pixel of an input row, null where that is outside.
  const char* RowAt(std::int64_t line, std::int64_t tap) const {
    const PhaseAxis& down = phase_.axis[1];
    const PhaseAxis& deep = phase_.axis[0];
    const std::int64_t y =
        down.in_begin + line % down.outputs * down.in_step + tap * down.in_tap_step;
    line /= down.outputs;
    const std::int64_t z = deep.in_begin + line % deep.outputs * deep.in_step;
    if (tap >= down.taps || y < 0 || y >= p_.in_size[1] || z < 0 || z >= p_.in_size[0]) {
      return nullptr;
    }
    return static_cast<const char*>(call_.operands[0]) + line / deep.outputs * p_.src.batch +
           z * p_.src.spatial[0] + y * p_.src.spatial[1];
  }

  void Interleave(std::int64_t line, std::int64_t x, std::int64_t outputs, std::int64_t channel,
                  std::int64_t channels) {
    const PhaseAxis& across = phase_.axis[2];
    const std::int64_t first = across.in_begin + x * across.in_step;
    DotQuads quads{};
    quads.columns = ColumnsOf(across, outputs);
    quads.begin = std::clamp<std::int64_t>(-first, 0, quads.columns);
    quads.end = std::clamp(p_.in_size[2] - first, quads.begin, quads.columns);
    quads.step = p_.src.spatial[2];
    quads.channels = channels;
    quads.fill = fill_;
    quads.flip = flip_;
    quads.to = quads_;
    for (std::int64_t group = 0; group < Groups(p_); ++group) {
      for (int i = 0; i < 4; ++i) {
        const char* row = RowAt(line, group * 4 + i);
        quads.rows[i] =
            row != nullptr ? row + (first + quads.begin) * quads.step + channel : nullptr;
      }
      DotQuadsAvx512Vnni(quads);
      quads.to += quads.columns * kQuadBytes;
    }
  }

  // `first`: of the channels within the quads.
  void SumUp(std::int64_t outputs, std::int64_t channel, std::int64_t channels,
             std::int64_t first) {
    const PhaseAxis& across = phase_.axis[2];
    alignas(64) float sums[kTileRows * kDotColumns];
    DotQuadSums out{};
    out.row_step = across.in_step * kQuadBytes;
    out.groups = Groups(p_);
    out.group_step = ColumnsOf(across, outputs) * kQuadBytes;
    out.taps = across.taps;
    out.tap_step = across.in_tap_step * kQuadBytes;
    out.weights = weights_ + channel / kDotColumns * BlockBytes(p_);
    out.sums = sums;
    for (std::int64_t row = 0; row < outputs; row += kTileRows) {
      out.quads = quads_ + first * 4 + row * out.row_step;
      out.rows = std::min(kTileRows, outputs - row);
      DotQuadSumsAvx512Vnni(out);
      writer_.Write(row, out.rows, channel, channels, sums);
    }
  }

  const DotProblem& problem_;
  const ConvProblem& p_;
  const ConvPhase phase_;
  const Call& call_;
  const char* packed_;
  const char* weights_;
  DotWriter writer_;
  std::uint8_t flip_;
  std::uint8_t fill_;
  std::int64_t strip_;  // outputs
  alignas(64) char quads_[kMostQuadBytes];
};

}  // namespace

bool TakesQuads(const DotProblem& problem, const DotSet& set) {
  const ConvProblem& p = problem.geometry;
  const bool bytes = set.element == DotElement::kI8 || set.element == DotElement::kU8;
  if (!bytes || set.tiles_in_thread() || p.transposed || p.group < 2) return false;
  return p.group == p.in_channels && p.group == p.out_channels && p.kernel[0] == 1 &&
         p.src.channel == 1 && QuadBytes(PhaseAt(p, 0), 1) <= kMostQuadBytes;
}

std::int64_t PackedQuadBytes(const DotProblem& problem) {
  const ConvProblem& p = problem.geometry;
  return 8 * PaddedColumns(p.out_channels) +
         PaddedColumns(p.out_channels) / kDotColumns * BlockBytes(p);
}

void PackQuads(const DotProblem& problem, const DotSet& set, const DotWeights& weights,
               char* packed) {
  const ConvProblem& p = problem.geometry;
  const std::int64_t padded = PaddedColumns(p.out_channels);
  const std::int64_t height = p.kernel[1], width = p.kernel[2];
  auto* scales = reinterpret_cast<float*>(packed);
  auto* offsets = reinterpret_cast<std::int32_t*>(packed) + padded;
  for (std::int64_t c = 0; c < p.out_channels; ++c) {
    auto* to =
        reinterpret_cast<std::int8_t*>(packed + 8 * padded + c / kDotColumns * BlockBytes(p)) +
        c % kDotColumns * 4;
    std::int64_t sum = 0;
    for (std::int64_t y = 0; y < height; ++y) {
      for (std::int64_t x = 0; x < width; ++x) {
        const std::int32_t value = weights.LessZero(c, (c * height + y) * width + x);
        PLUMB_CHECK(value >= -128 && value <= 127, "weight ", value);
        to[(y / 4 * width + x) * kDotColumns * 4 + y % 4] = static_cast<std::int8_t>(value);
        sum += value;
      }
    }
    // Padding holds the zero point too, so every output has the products of the whole kernel.
    std::int64_t offset = -(std::int64_t{problem.src_zero} + set.offset) * sum;
    if (weights.integer_bias != nullptr) offset += weights.integer_bias[c];
    scales[c] = weights.scales != nullptr ? weights.scales[c] : 1.0f;
    offsets[c] = static_cast<std::int32_t>(static_cast<std::uint32_t>(offset));
  }
}

void RunQuads(const DotProblem& problem, const DotSet& set, const Call& call) {
  const ConvPhase phase = PhaseAt(problem.geometry, 0);
  const std::int64_t lines = problem.geometry.batch * phase.axis[0].outputs * phase.axis[1].outputs;
  if (phase.axis[2].outputs == 0) return;
  call.pool->ParallelForRanges(lines, [&](std::int64_t begin, std::int64_t end, int) {
    QuadRun(problem, set, call).Run(begin, end);
  });
}

}  // namespace plumb::kernels
