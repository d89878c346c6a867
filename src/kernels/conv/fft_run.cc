#include <algorithm>
#include <limits>

#include "kernels/conv/fft_plan.h"
#include "kernels/gemm/tile_set.h"

namespace plumb::kernels {
namespace {

std::int64_t CeilDiv(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

class FftRun {
 public:
  FftRun(const FftParams& params, const Call& call)
      : p_(params),
        problem_(params.problem),
        table_(FftTableFor(params.isa)),
        set_(TileSetFor(params.isa)),
        pool_(*call.pool),
        pairs_(FftPairs(params.size())),
        src_(static_cast<const float*>(call.operands[0])),
        residual_(problem_.epilogue.has_residual ? static_cast<const float*>(call.operands[2])
                                                 : nullptr),
        dst_(static_cast<float*>(call.operands[3])),
        tiles_(static_cast<float*>(call.workspace)),
        in_(tiles_ + kFftSlots * FftFloats(params.size(), table_.lanes)),
        out_(in_ + pairs_ * params.in_plane) {
    const float* packed = static_cast<const float*>(call.operands[1]);
    bias_ = problem_.epilogue.has_bias ? packed : nullptr;
    kernels_ = packed + (bias_ != nullptr ? CeilDiv(problem_.out_channels, 16) * 16 : 0);
  }

  void Run() {
    const std::int64_t total = CeilDiv(p_.tiles(), 2);
    if (p_.depthwise) return RunDepthwise(total);
    const std::int64_t ins = CeilDiv(problem_.in_channels, table_.lanes);
    const std::int64_t outs = CeilDiv(problem_.out_channels, table_.lanes);
    for (std::int64_t begin = 0; begin < total; begin += p_.block) {
      const std::int64_t count = std::min(p_.block, total - begin);
      WithTiles(count * ins, [&](std::int64_t task, float* tile) {
        TransformPair(begin, task / ins, task % ins * table_.lanes, tile);
      });
      pool_.ParallelFor(pairs_, [&](std::int64_t plane) { Multiply(plane, count); });
      WithTiles(count * outs, [&](std::int64_t task, float* tile) {
        FinishPair(begin, task / outs, task % outs * table_.lanes, tile);
      });
    }
  }

 private:
  // Calls fn(task, complex tile of its own). Tasks are shared out by their number among the slots.
  template <typename Fn>
  void WithTiles(std::int64_t tasks, const Fn& fn) {
    const std::int64_t slots = std::min<std::int64_t>({kFftSlots, tasks, pool_.threads()});
    pool_.ParallelFor(slots, [&](std::int64_t slot) {
      float* tile = tiles_ + slot * FftFloats(p_.size(), table_.lanes);
      for (std::int64_t task = slot; task < tasks; task += slots) fn(task, tile);
    });
  }

  int Channels(std::int64_t first, std::int64_t channels) const {
    return static_cast<int>(std::min<std::int64_t>(table_.lanes, channels - first));
  }

  // Where tile `index` of all images lies.
  struct Place {
    std::int64_t image, depth, y, x;
  };
  Place PlaceOf(std::int64_t index) const {
    const std::int64_t column = index % p_.tile_columns;
    index /= p_.tile_columns;
    const std::int64_t row = index % p_.tile_rows;
    index /= p_.tile_rows;
    return {index / problem_.out_size[0], index % problem_.out_size[0], row * p_.out_rows,
            column * p_.out_columns};
  }
  // Outputs of the tile that lie inside the image.
  std::int64_t Rows(const Place& place) const {
    return std::min(p_.out_rows, problem_.out_size[1] - place.y);
  }
  std::int64_t Columns(const Place& place) const {
    return std::min(p_.out_columns, problem_.out_size[2] - place.x);
  }
  static std::int64_t OffsetOf(const ImageStrides& strides, const Place& place) {
    return place.image * strides.batch + place.depth * strides.spatial[0] +
           place.y * strides.spatial[1] + place.x * strides.spatial[2];
  }

  void LoadPair(std::int64_t pair, std::int64_t channel, float* tile) {
    for (int part = 0; part < 2; ++part) {
      const std::int64_t index = 2 * pair + part;
      FftLoad load{};
      load.size = p_.size();
      load.tile = tile;
      load.imaginary = part == 1;
      if (index < p_.tiles()) {
        const Place place = PlaceOf(index);
        load.src = src_ + place.image * problem_.src.batch + place.depth * problem_.src.spatial[0] +
                   channel * problem_.src.channel;
        load.row = problem_.src.spatial[1];
        load.pixel = problem_.src.spatial[2];
        load.channel = problem_.src.channel;
        load.top = place.y - problem_.pad_begin[1];
        load.left = place.x - problem_.pad_begin[2];
        // What no output of the tile sees stays outside. An end pad of the depth may lie behind the
        // image.
        const std::int64_t bottom = load.top + Rows(place) + problem_.kernel[1] - 1;
        const std::int64_t right = load.left + Columns(place) + problem_.kernel[2] - 1;
        const bool in_depth = place.depth < problem_.in_size[0];
        load.height = in_depth ? std::min(problem_.in_size[1], bottom) : 0;
        load.width = std::min(problem_.in_size[2], right);
        load.channels = Channels(channel, problem_.in_channels);
      }
      table_.load(load);
    }
  }

  void StorePair(std::int64_t pair, std::int64_t channel, const float* tile) {
    for (int part = 0; part < 2; ++part) {
      const std::int64_t index = 2 * pair + part;
      if (index >= p_.tiles()) return;
      const Place place = PlaceOf(index);
      FftStore store{};
      store.tile = tile;
      store.size = p_.size();
      store.imaginary = part == 1;
      store.rows = Rows(place);
      store.columns = Columns(place);
      store.dst = dst_ + OffsetOf(problem_.dst, place) + channel;
      store.dst_row = problem_.dst.spatial[1];
      store.dst_pixel = problem_.dst.spatial[2];
      if (residual_ != nullptr) {
        store.residual = residual_ + OffsetOf(problem_.residual, place) + channel;
        store.residual_row = problem_.residual.spatial[1];
        store.residual_pixel = problem_.residual.spatial[2];
      }
      store.bias = bias_ != nullptr ? bias_ + channel : nullptr;
      store.channels = Channels(channel, problem_.out_channels);
      store.low = p_.bounds.low;
      store.high = p_.bounds.high;
      table_.store(store);
      if (!p_.bounds.bounded) Activate(store);
    }
  }

  void Activate(const FftStore& store) {
    float* pixels[kMaxFftSize];
    for (std::int64_t y = 0; y < store.rows; ++y) {
      for (std::int64_t x = 0; x < store.columns; ++x) {
        pixels[x] = store.dst + y * store.dst_row + x * store.dst_pixel;
      }
      set_.activate(problem_.epilogue, pixels, store.columns, 0, store.channels);
    }
  }

  void RunDepthwise(std::int64_t total) {
    const std::int64_t blocks = CeilDiv(problem_.in_channels, table_.lanes);
    WithTiles(total * blocks, [&](std::int64_t task, float* tile) {
      const std::int64_t block = task / total, pair = task % total;
      LoadPair(pair, block * table_.lanes, tile);
      table_.forward(p_.form, tile);
      table_.multiply(p_.form, tile, kernels_ + block * pairs_ * 2 * table_.lanes);
      table_.inverse(p_.form, tile);
      StorePair(pair, block * table_.lanes, tile);
    });
  }

  // Pair `i` of the block to rows 2i and 2i + 1 of every plane.
  void TransformPair(std::int64_t begin, std::int64_t i, std::int64_t channel, float* tile) {
    LoadPair(begin + i, channel, tile);
    table_.forward(p_.form, tile);
    table_.scatter({tile, p_.form, in_ + 2 * i * p_.in_row + channel, p_.in_plane, p_.in_row,
                    p_.in_part, Channels(channel, problem_.in_channels)});
  }

  void FinishPair(std::int64_t begin, std::int64_t i, std::int64_t channel, float* tile) {
    table_.gather({tile, p_.form, out_ + 2 * i * p_.out_row + channel, p_.out_plane, p_.out_row,
                   p_.out_part, Channels(channel, problem_.out_channels)});
    table_.inverse(p_.form, tile);
    StorePair(begin + i, channel, tile);
  }

  // One plane: the complex product of rows and kernels. Each row becomes two, of real numbers:
  //   re = x.re w.re - x.im w.im      im = x.im w.re + x.re w.im
  void Multiply(std::int64_t plane, std::int64_t count) {
    const std::int64_t channels = problem_.in_channels / problem_.group;
    const std::int64_t columns = problem_.out_channels / problem_.group;
    for (std::int64_t group = 0; group < problem_.group; ++group) {
      MultiplyGroup(in_ + plane * p_.in_plane + group * channels,
                    out_ + plane * p_.out_plane + group * columns,
                    kernels_ + plane * p_.kernel_plane + group * p_.kernel_group, channels,
                    4 * count);
    }
  }

  void MultiplyGroup(const float* in, float* out, const float* kernels, std::int64_t channels,
                     std::int64_t rows) {
    const float* a_rows[8 * kFftBlockPairs];
    float* c_rows[4 * kFftBlockPairs];
    const std::int64_t tiles = CeilDiv(rows, p_.max_rows);
    for (std::int64_t t = 0; t < tiles; ++t) {
      const std::int64_t first = rows * t / tiles, count = rows * (t + 1) / tiles - first;
      const float** table = a_rows + 2 * first;  // [re, im of the kernel][row]
      for (std::int64_t r = 0; r < count; ++r) {
        const std::int64_t row = first + r;
        const float* x = in + row / 2 * p_.in_row;
        const bool imaginary = row % 2 == 1;
        table[r] = imaginary ? x + p_.in_part : x;
        table[count + r] = imaginary ? x : x + 2 * p_.in_part;
        c_rows[row] = out + row / 2 * p_.out_row + (imaginary ? p_.out_part : 0);
      }
    }
    Tile tile{};
    tile.taps = 2;
    tile.run = channels;
    tile.a_step = 1;
    tile.low = -std::numeric_limits<float>::infinity();
    tile.high = std::numeric_limits<float>::infinity();
    for (std::int64_t panel = 0; panel < p_.panels.count(); ++panel) {
      tile.b = kernels + p_.panels.offset(panel, 2 * channels);
      tile.column = p_.panels.first_column(panel);
      tile.columns = p_.panels.columns_of(panel);
      for (std::int64_t t = 0; t < tiles; ++t) {
        const std::int64_t first = rows * t / tiles, count = rows * (t + 1) / tiles - first;
        tile.a_rows = a_rows + 2 * first;
        tile.c_rows = c_rows + first;
        set_.tile[p_.panels.vectors_of(panel)][count](tile);
      }
    }
  }

  const FftParams& p_;
  const ConvProblem& problem_;
  const FftTable& table_;
  const TileSet& set_;
  ThreadPool& pool_;
  const std::int64_t pairs_;
  const float* src_;
  const float* residual_;
  float* dst_;
  float* tiles_;  // [slot] of complex tiles
  float* in_;     // [plane][row][re, im, -im][channel]
  float* out_;    // [plane][row][re, im][channel]
  const float* bias_;
  const float* kernels_;
};

}  // namespace

void RunFft(const void* params, const Call& call) noexcept {
  FftRun(*static_cast<const FftParams*>(params), call).Run();
}

}  // namespace plumb::kernels
