#include <algorithm>

#include "kernels/conv/winograd_plan.h"
#include "kernels/gemm/matrix_source.h"

namespace plumb::kernels {
namespace {

alignas(64) constexpr float kZeros[kWinogradChannels + 16] = {};
constexpr std::int64_t kMostRows = 512;  // tiles of a block while weights pass

std::int64_t CeilDiv(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Where a tile is.
struct TilePlace {
  std::int64_t image, depth;
  std::int64_t y, x;  // of its first output

  TilePlace(const WinogradParams& p, std::int64_t tile)
      : image(tile / (p.height.tiles * p.width.tiles)),
        y(p.height.Begin(tile / p.width.tiles % p.height.tiles)),
        x(p.width.Begin(tile % p.width.tiles)) {
    depth = image % p.problem.out_size[0];
    image /= p.problem.out_size[0];
  }
};

// Some of the panels of output channels.
struct Group {
  std::int64_t panel_begin, panel_end;
  std::int64_t first_column, columns;

  Group(const Panels& panels, std::int64_t begin, std::int64_t end)
      : panel_begin(begin), panel_end(end), first_column(panels.first_column(begin)) {
    columns = std::min(panels.columns, panels.first_column(end)) - first_column;
  }
};

class WinogradRun {
 public:
  WinogradRun(const WinogradParams& params, const Call& call)
      : p_(params),
        problem_(params.problem),
        panels_(params.shape.panels),
        table_(WinogradTableFor(params.shape.isa)),
        pool_(*call.pool),
        planes_(kWinogradForms[params.form].planes()),
        src_(static_cast<const float*>(call.operands[0])),
        residual_(problem_.epilogue.has_residual ? static_cast<const float*>(call.operands[2])
                                                 : nullptr),
        dst_(static_cast<float*>(call.operands[3])),
        in_(static_cast<float*>(call.workspace)),
        out_(in_ + p_.lanes * p_.chunks() * p_.in_chunk),
        weights_(out_ + p_.lanes * p_.groups() * p_.out_group) {
    const float* packed = static_cast<const float*>(call.operands[1]);
    bias_ = problem_.epilogue.has_bias ? packed : nullptr;
    kernels_ = packed + (bias_ != nullptr ? CeilDiv(panels_.padded_columns(), 16) * 16 : 0);
  }

  void Run() {
    const std::int64_t total = p_.tiles();
    if (!p_.weights_pass) TransformAllWeights();
    if (!p_.weights_pass && p_.lanes >= pool_.threads()) return RunInLanes(total);
    for (std::int64_t begin = 0; begin < total; begin += p_.block) {
      const std::int64_t tiles = std::min(p_.block, total - begin);
      ForEachTile(tiles, [&](std::int64_t t) { TransformTile(TilePlace(p_, begin + t), in_, t); });
      if (p_.weights_pass) {
        pool_.ParallelFor(p_.groups(), [&](std::int64_t g) { RunGroup(begin, tiles, g); });
        continue;
      }
      MultiplyBlock(tiles);
      const Group all(panels_, 0, panels_.count());
      ForEachTile(tiles, [&](std::int64_t t) {
        StoreTile(out_ + t * p_.out_row, TilePlace(p_, begin + t), all);
      });
    }
  }

 private:
  template <typename Fn>
  void ForEachTile(std::int64_t tiles, const Fn& fn) {
    constexpr std::int64_t kTilesPerTask = 4;
    pool_.ParallelFor(CeilDiv(tiles, kTilesPerTask), [&](std::int64_t task) {
      const std::int64_t end = std::min(tiles, (task + 1) * kTilesPerTask);
      for (std::int64_t t = task * kTilesPerTask; t < end; ++t) fn(t);
    });
  }

  // Blocks of tiles from the image to the output, each by one thread in memory of its own.
  void RunInLanes(std::int64_t total) {
    constexpr std::int64_t kTilesPerTask = 16;
    const Group all(panels_, 0, panels_.count());
    const auto run = [&](std::int64_t first, std::int64_t last, int lane) {
      float* in = in_ + lane * p_.in_chunk;
      float* out = out_ + lane * p_.out_group;
      const std::int64_t end = std::min(total, last * kTilesPerTask);
      for (std::int64_t begin = first * kTilesPerTask; begin < end; begin += p_.block) {
        const std::int64_t tiles = std::min(p_.block, end - begin);
        for (std::int64_t t = 0; t < tiles; ++t) TransformTile(TilePlace(p_, begin + t), in, t);
        for (std::int64_t plane = 0; plane < planes_; ++plane) {
          Multiply(plane, tiles, in, out, 0, panels_.count());
        }
        for (std::int64_t t = 0; t < tiles; ++t) {
          StoreTile(out + t * p_.out_row, TilePlace(p_, begin + t), all);
        }
      }
    };
    pool_.ParallelForRanges(CeilDiv(total, kTilesPerTask), run, static_cast<int>(p_.lanes));
  }

  // To row t of every plane.
  void TransformTile(const TilePlace& place, float* in, std::int64_t t) {
    const float* pixels[kMaxWinogradInputs];
    const float* image =
        src_ + place.image * problem_.src.batch + place.depth * problem_.src.spatial[0];
    const bool in_depth = place.depth < problem_.in_size[0];  // an end pad may lie behind it
    const float** pixel = pixels;
    for (int i = 0; i < p_.height.inputs; ++i) {
      const std::int64_t y = place.y + i * p_.height.dilation - problem_.pad_begin[1];
      const bool inside = in_depth && y >= 0 && y < problem_.in_size[1];
      for (int j = 0; j < p_.width.inputs; ++j) {
        const std::int64_t x = place.x + j * p_.width.dilation - problem_.pad_begin[2];
        *pixel++ = inside && x >= 0 && x < problem_.in_size[2]
                       ? image + y * problem_.src.spatial[1] + x * problem_.src.spatial[2]
                       : kZeros;
      }
    }
    float* to = in + t * p_.in_row;
    for (std::int64_t c = 0; c < problem_.in_channels; c += p_.channels, to += p_.in_chunk) {
      const std::int64_t end = std::min(problem_.in_channels, c + p_.channels);
      table_.input[p_.form]({pixels, c, end, to, p_.in_plane});
    }
  }

  // `from`: a row of every plane of the group's products.
  void StoreTile(const float* from, const TilePlace& place, const Group& group) {
    float* pixels[kMaxWinogradOutputs];
    const float* residuals[kMaxWinogradOutputs];
    float* inside[kMaxWinogradOutputs];
    int count = 0;
    const auto offset = [&](const ImageStrides& strides, std::int64_t y, std::int64_t x) {
      return place.image * strides.batch + place.depth * strides.spatial[0] +
             y * strides.spatial[1] + x * strides.spatial[2] + group.first_column;
    };
    int i = 0;
    for (int row = 0; row < p_.height.outputs; ++row) {
      const std::int64_t y = place.y + row * p_.height.dilation;
      for (int column = 0; column < p_.width.outputs; ++column, ++i) {
        const std::int64_t x = place.x + column * p_.width.dilation;
        pixels[i] = nullptr;
        if (y >= problem_.out_size[1] || x >= problem_.out_size[2]) continue;
        pixels[i] = inside[count++] = dst_ + offset(problem_.dst, y, x);
        if (residual_ != nullptr) residuals[i] = residual_ + offset(problem_.residual, y, x);
      }
    }
    table_.output[p_.form](
        {from, p_.out_plane, group.columns, bias_ != nullptr ? bias_ + group.first_column : nullptr,
         pixels, residual_ != nullptr ? residuals : nullptr, p_.bounds.low, p_.bounds.high});
    if (p_.bounds.bounded) return;
    TileSetFor(p_.shape.isa).activate(problem_.epilogue, inside, count, 0, group.columns);
  }

  // The weights of a panel and some input channels, to channel 0 of the panel's place in a plane.
  void TransformWeights(std::int64_t panel, std::int64_t channel_begin, std::int64_t channel_end,
                        float* to) {
    const int vectors = panels_.vectors_of(panel);
    const std::int64_t width = std::int64_t{vectors} * panels_.lanes;
    const float* from =
        kernels_ + (panels_.offset(panel, problem_.in_channels) + channel_begin * width) *
                       kWinogradForms[p_.form].kernel();
    table_.weights[p_.form]({from, channel_end - channel_begin, vectors, to, p_.weights_plane});
  }

  void TransformAllWeights() {
    constexpr std::int64_t kChannelsPerTask = 32;
    const std::int64_t parts = CeilDiv(problem_.in_channels, kChannelsPerTask);
    pool_.ParallelFor(panels_.count() * parts, [&](std::int64_t task) {
      const std::int64_t panel = task / parts, first = task % parts * kChannelsPerTask;
      const std::int64_t width = std::int64_t{panels_.vectors_of(panel)} * panels_.lanes;
      TransformWeights(panel, first, std::min(first + kChannelsPerTask, problem_.in_channels),
                       weights_ + panels_.offset(panel, problem_.in_channels) + first * width);
    });
  }

  // All products of a block of tiles, planes and panels shared out.
  void MultiplyBlock(std::int64_t tiles) {
    const std::int64_t panels = panels_.count();
    const std::int64_t parts = std::min(panels, CeilDiv(4 * pool_.threads(), planes_));
    pool_.ParallelFor(planes_ * parts, [&](std::int64_t task) {
      const std::int64_t part = task % parts;
      Multiply(task / parts, tiles, in_, out_, panels * part / parts, panels * (part + 1) / parts);
    });
  }

  // One plane of a block of tiles by some panels.
  void Multiply(std::int64_t plane, std::int64_t tiles, const float* in, float* out,
                std::int64_t panel_begin, std::int64_t panel_end) {
    LoopShape shape = p_.shape;
    shape.tiles.rows = shape.tiles.segment = tiles;
    MatrixSource source{};
    source.a = in + plane * p_.in_plane;
    source.a_row = p_.in_row;
    source.a_col = 1;
    source.c = out + plane * p_.out_plane;
    source.c_row = p_.out_row;
    source.c_col = 1;
    TileLoop<MatrixSource> loop(shape, source, weights_ + plane * p_.weights_plane, nullptr);
    loop.Run({0, shape.tiles.count(), panel_begin, panel_end});
  }

  // Everything about one group of output channels for a held block of tiles.
  void RunGroup(std::int64_t begin, std::int64_t tiles, std::int64_t index) {
    const std::int64_t panel = index * p_.panels;
    const Group group(panels_, panel, std::min(panel + p_.panels, panels_.count()));
    float* weights = weights_ + index * p_.weights_group;
    float* out = out_ + index * p_.out_group;
    for (std::int64_t chunk = 0; chunk < p_.chunks(); ++chunk) {
      const std::int64_t first = chunk * p_.channels;
      const std::int64_t end = std::min(first + p_.channels, problem_.in_channels);
      for (std::int64_t i = group.panel_begin; i < group.panel_end; ++i) {
        TransformWeights(i, first, end,
                         weights + panels_.offset(i - group.panel_begin, p_.channels));
      }
      MultiplyGroup(group, tiles, chunk, end - first, weights, out);
    }
    for (std::int64_t t = 0; t < tiles; ++t) {
      StoreTile(out + t * p_.out_row, TilePlace(p_, begin + t), group);
    }
  }

  // Adds the products of one chunk of input channels.
  void MultiplyGroup(const Group& group, std::int64_t tiles, std::int64_t chunk,
                     std::int64_t channels, const float* weights, float* out) {
    const TileSet& set = TileSetFor(p_.shape.isa);
    const std::int64_t count = CeilDiv(tiles, p_.shape.tiles.max_rows);
    const float* a_rows[kMostRows];
    float* c_rows[kMostRows];
    Tile tile{};
    tile.a_rows = a_rows;
    tile.taps = 1;
    tile.run = channels;
    tile.a_step = 1;
    tile.accumulate = chunk > 0;
    tile.low = -std::numeric_limits<float>::infinity();
    tile.high = std::numeric_limits<float>::infinity();
    for (std::int64_t plane = 0; plane < planes_; ++plane) {
      const float* a = in_ + chunk * p_.in_chunk + plane * p_.in_plane;
      float* c = out + plane * p_.out_plane;
      for (std::int64_t t = 0; t < tiles; ++t) {
        a_rows[t] = a + t * p_.in_row;
        c_rows[t] = c + t * p_.out_row;
      }
      for (std::int64_t i = group.panel_begin; i < group.panel_end; ++i) {
        const int vectors = panels_.vectors_of(i);
        tile.b =
            weights + plane * p_.weights_plane + panels_.offset(i - group.panel_begin, p_.channels);
        tile.column = panels_.first_column(i) - group.first_column;
        tile.columns = panels_.columns_of(i);
        for (std::int64_t k = 0; k < count; ++k) {
          const std::int64_t row = tiles * k / count;
          tile.a_rows = a_rows + row;
          tile.c_rows = c_rows + row;
          set.tile[vectors][tiles * (k + 1) / count - row](tile);
        }
      }
    }
  }

  const WinogradParams& p_;
  const ConvProblem& problem_;
  const Panels& panels_;
  const WinogradTable& table_;
  ThreadPool& pool_;
  const std::int64_t planes_;
  const float* src_;
  const float* residual_;
  float* dst_;
  float* in_;       // [lane][chunk][plane][tile][channel]
  float* out_;      // [lane][group][plane][tile][column]
  float* weights_;  // [group][plane][panel][channel][column]
  const float* bias_;
  const float* kernels_;  // [panel][channel][kernel][column]
};

}  // namespace

void RunWinograd(const void* params, const Call& call) noexcept {
  WinogradRun(*static_cast<const WinogradParams*>(params), call).Run();
}

}  // namespace plumb::kernels
