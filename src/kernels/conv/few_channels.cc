#include "kernels/conv/few_channels.h"

#include <algorithm>

#include "core/check.h"
#include "kernels/conv/conv_algorithm.h"
#include "kernels/conv/image_rows.h"
#include "kernels/gemm/panels.h"
#include "kernels/gemm/tile_set.h"

namespace plumb::kernels {
namespace {

constexpr std::int64_t kMostChannels = 7;
constexpr std::int64_t kMaxLines = 128;
constexpr std::int64_t kScratch = 16 << 10;  // floats of the windows of a tile at an edge

const LineTable* TableOf(Isa isa) {
  return isa == Isa::kAvx512 ? &kLinesAvx512 : isa == Isa::kAvx2 ? &kLinesAvx2 : nullptr;
}
Isa IsaOf(const Algorithm& algorithm) { return static_cast<Isa>(algorithm.parameters[0]); }

// The packed buffer: the bias, then the panels, each [channel][kernel row][tap][width].
Panels PanelsOf(const ConvProblem& p, const LineTable& table) {
  const bool one = p.out_channels <= table.lanes;
  return {p.out_channels, table.lanes, one ? 1 : kMaxLineVectors};
}
std::int64_t BiasFloats(const ConvProblem& p, const Panels& panels) {
  return p.epilogue.has_bias ? (panels.padded_columns() + 15) / 16 * 16 : 0;
}
std::int64_t KernelRowCount(const ConvProblem& p) { return p.kernel[0] * p.kernel[1]; }
std::int64_t Products(const ConvProblem& p) {
  return p.in_channels * KernelRowCount(p) * p.kernel[2];
}

struct LineParams {
  ConvProblem problem;
  Isa isa;
  const LineTable* table;
  ActivationBounds bounds;
  Panels panels;
  int inner;  // index of the loop for what lies inside the image
  int edge;   // and for windows copied from the edges, whose columns are contiguous
};

int StepIndex(std::int64_t step) {
  const auto* found = std::find(std::begin(kLineSteps) + 1, std::end(kLineSteps), step);
  return found == std::end(kLineSteps) ? 0 : static_cast<int>(found - std::begin(kLineSteps));
}

// One output row: where its lines begin, and their weights within a panel.
struct Lines {
  const float* src[kMaxLines];       // input column 0
  std::int64_t products[kMaxLines];  // products before the line's first
  std::int64_t count = 0;

  Lines(const ConvProblem& p, const OutputRow& row) {
    KernelRows rows;
    FindKernelRows(p, row.image, row.depth, row.height, &rows);
    for (std::int64_t c = 0; c < p.in_channels; ++c) {
      for (std::int64_t r = 0; r < rows.count; ++r) {
        src[count] = rows.src[r] + c * p.src.channel;
        products[count++] = (c * KernelRowCount(p) + rows.index[r]) * p.kernel[2];
      }
    }
  }
};

// Runs the tiles of one panel along one output row.
class PanelRow {
 public:
  PanelRow(const LineParams& params, const Lines& lines, const OutputRow& row, const float* packed,
           std::int64_t panel)
      : params_(params), p_(params.problem), lines_(lines), row_(row) {
    const Panels& panels = params.panels;
    vectors_ = panels.vectors_of(panel);
    const std::int64_t width = std::int64_t{vectors_} * panels.lanes;
    const float* b = packed + BiasFloats(p_, panels) + panels.offset(panel, Products(p_));
    for (std::int64_t l = 0; l < lines.count; ++l) weights_[l] = b + lines.products[l] * width;
    sums_ = {from_, weights_, lines.count, p_.kernel[2], 0, 0};
    tile_.c_rows = c_rows_;
    tile_.bias = p_.epilogue.has_bias ? packed + panels.first_column(panel) : nullptr;
    tile_.column = panels.first_column(panel);
    tile_.columns = panels.columns_of(panel);
    tile_.low = params.bounds.low;
    tile_.high = params.bounds.high;
  }

  // The last tile of the row moves back so that it is whole; what it computes twice is the same.
  void Run() {
    const int* rows = params_.table->rows[vectors_ - 1];
    const std::int64_t width = p_.out_size[2];
    int size = 0;
    while (rows[size] > width) ++size;
    for (std::int64_t x = 0; x < width; x += rows[size]) {
      RunTile(std::min(x, width - rows[size]), rows[size], size);
    }
  }

 private:
  void RunTile(std::int64_t x, int rows, int size) {
    const std::int64_t begin = x * p_.stride[2] - p_.pad_begin[2];
    const std::int64_t columns =
        (rows - 1) * p_.stride[2] + (p_.kernel[2] - 1) * p_.dilation[2] + 1;
    const bool inside = begin >= 0 && begin + columns <= p_.in_size[2];
    const std::int64_t pixel = p_.src.spatial[2];
    if (inside) {
      for (std::int64_t l = 0; l < lines_.count; ++l) from_[l] = lines_.src[l] + begin * pixel;
    } else {
      CopyWindows(begin, columns);
    }
    sums_.step = p_.stride[2] * (inside ? pixel : 1);
    sums_.tap_step = p_.dilation[2] * (inside ? pixel : 1);
    for (int r = 0; r < rows; ++r) c_rows_[r] = row_.dst + (x + r) * p_.dst.spatial[2];
    params_.table->fn[inside ? params_.inner : params_.edge][vectors_ - 1][size](sums_, tile_);
    if (params_.bounds.bounded) return;
    TileSetFor(params_.isa).activate(p_.epilogue, c_rows_, rows, tile_.column, tile_.columns);
  }

  // `columns` input columns from `begin` on of every line, with zeros outside the image.
  void CopyWindows(std::int64_t begin, std::int64_t columns) {
    const std::int64_t first = std::clamp<std::int64_t>(-begin, 0, columns);
    const std::int64_t last = std::clamp<std::int64_t>(p_.in_size[2] - begin, first, columns);
    float* to = scratch_;
    for (std::int64_t l = 0; l < lines_.count; ++l, to += columns) {
      std::fill(to, to + first, 0.0f);
      for (std::int64_t i = first; i < last; ++i) {
        to[i] = lines_.src[l][(begin + i) * p_.src.spatial[2]];
      }
      std::fill(to + last, to + columns, 0.0f);
      from_[l] = to;
    }
  }

  const LineParams& params_;
  const ConvProblem& p_;
  const Lines& lines_;
  const OutputRow& row_;
  int vectors_;
  LineSums sums_;
  Tile tile_{};
  const float* from_[kMaxLines];
  const float* weights_[kMaxLines];
  float* c_rows_[kMaxTileRows];
  alignas(64) float scratch_[kScratch];
};

void RunFewChannels(const void* opaque, const Call& call) noexcept {
  const LineParams& params = *static_cast<const LineParams*>(opaque);
  const float* packed = static_cast<const float*>(call.operands[1]);
  ForEachOutputRow(params.problem, call, [&](const OutputRow& row) {
    const Lines lines(params.problem, row);
    for (std::int64_t panel = 0; panel < params.panels.count(); ++panel) {
      PanelRow(params, lines, row, packed, panel).Run();
    }
  });
}

bool Fits(const ConvProblem& p) {
  if (p.transposed || p.group != 1 || p.in_channels == 0 || p.out_channels == 0 ||
      p.in_channels > kMostChannels || p.dst.channel != 1 || p.epilogue.has_residual) {
    return false;
  }
  const std::int64_t lines = p.in_channels * KernelRowCount(p);
  const std::int64_t columns =
      (kMaxTileRows - 1) * p.stride[2] + (p.kernel[2] - 1) * p.dilation[2] + 1;
  return lines <= kMaxLines && columns <= kScratch / lines;
}

bool Takes(const ConvProblem& p, const Algorithm&) { return Fits(p); }

void List(const ConvProblem& p, const Target& target, std::vector<Algorithm>* algorithms) {
  if (!Fits(p)) return;
  for (Isa isa : {Isa::kAvx512, Isa::kAvx2}) {
    if (isa > target.isa) continue;
    Algorithm algorithm;
    algorithm.parameters[0] = static_cast<std::int16_t>(isa);
    algorithms->push_back(algorithm);
  }
}

// In multiply-adds of a vector, two a cycle as are loads: a tile's products, what begins each line
// of the kernel, and the tile's start and end. Tiles do not go beyond a line of outputs: whole
// ones, then halves, then single outputs.
double Efficiency(const ConvProblem& p, const Algorithm& algorithm, const Target& target) {
  const LineTable& table = *TableOf(IsaOf(algorithm));
  const Panels panels = PanelsOf(p, table);
  const double products = static_cast<double>(Products(p));
  const double lines = products / static_cast<double>(p.kernel[2]);
  double cost = 0;
  std::int64_t left = p.out_size[2];
  for (const int rows : table.rows[panels.vectors - 1]) {
    const double tile = rows * panels.vectors;
    const double step = std::max(tile, static_cast<double>(rows + panels.vectors));
    const double count = static_cast<double>(left / rows);
    cost += count * (products * step + lines * 5 + 6 * tile + 20);
    left %= rows;
  }
  const double useful = products * static_cast<double>(p.out_size[2] * panels.vectors);
  const double used =
      static_cast<double>(p.out_channels) / static_cast<double>(panels.count() * panels.width());
  const double width = static_cast<double>(table.lanes) / std::max(1, target.vector_floats());
  return useful / cost * used * std::min(1.0, width);
}

std::int64_t PackedBytes(const ConvProblem& p, const Algorithm& algorithm) {
  const Panels panels = PanelsOf(p, *TableOf(IsaOf(algorithm)));
  return (BiasFloats(p, panels) + panels.floats(Products(p))) * std::int64_t{sizeof(float)};
}

void Pack(const ConvProblem& p, const Algorithm& algorithm, const float* weights, const float* bias,
          void* packed) {
  const Panels panels = PanelsOf(p, *TableOf(IsaOf(algorithm)));
  float* to = static_cast<float*>(packed);
  if (bias != nullptr) {
    std::fill(std::copy(bias, bias + p.out_channels, to), to + BiasFloats(p, panels), 0.0f);
  }
  to += BiasFloats(p, panels);
  // Weights are [out_channels][channel][kernel row][tap]: the order of the products already.
  const std::int64_t products = Products(p);
  for (std::int64_t panel = 0; panel < panels.count(); ++panel) {
    PackPanel(panels, panel, products, weights, 1, products, 1.0f,
              to + panels.offset(panel, products));
  }
}

BoundKernel Bind(const ConvProblem& p, const Algorithm& algorithm, const Target&) {
  LineParams params{};
  params.problem = p;
  params.isa = IsaOf(algorithm);
  params.table = TableOf(params.isa);
  params.bounds = BoundsOf(p.epilogue);
  params.panels = PanelsOf(p, *params.table);
  params.inner = StepIndex(p.stride[2] * p.src.spatial[2]);
  params.edge = StepIndex(p.stride[2]);
  BoundKernel kernel;
  kernel.run = RunFewChannels;
  kernel.params.Set(params);
  return kernel;
}

std::string Describe(const Algorithm& algorithm) { return Str(IsaName(IsaOf(algorithm))); }

}  // namespace

const ConvAlgorithm kFewChannels = {Takes, List, Efficiency, PackedBytes, Pack, Bind, Describe};

}  // namespace plumb::kernels
