// Rows of a convolution's virtual matrix A, one output pixel each, as pointers into the image.
#pragma once

#include <cstdint>

#include "kernels/conv/conv_phase.h"
#include "kernels/gemm/tile_loop.h"

namespace plumb::kernels {

// How the products of a sum are ordered into taps and runs, and with them the packed weights.
//   kChannels     taps (depth, height, width), runs over channels
//   kPlanar       taps (channel, depth, height), runs over width: images stored channel by channel
//   kInterleaved  taps (depth, height), runs over width and channel: few channels, channels last
enum class KOrder : std::int16_t { kChannels = 0, kPlanar = 1, kInterleaved = 2 };

// Taps and products of each in a phase.
struct KShape {
  std::int64_t taps;
  std::int64_t run;
};
KShape KShapeOf(const ConvPhase& phase, KOrder order, std::int64_t channels);

// One group of one phase. Pointers are at the group's first channel; padding reads a row of zeros.
struct ConvSource {
  ConvPhase phase;
  KOrder order;
  bool copies;            // copy what is outside the image or not `a_step` apart
  std::int64_t channels;  // of the group
  std::array<std::int64_t, 3> in_size;
  ImageStrides src_strides;
  ImageStrides dst_strides;
  ImageStrides residual_strides;
  const float* src;
  float* dst;
  const float* residual;

  TileSource FillA(std::int64_t row, int rows, const Chunk& chunk, const float** table,
                   float* scratch) const;
  void FillC(std::int64_t row, int rows, float** c, const float** residual_rows) const;
  void LoadResidual(std::int64_t row, int rows, std::int64_t column, std::int64_t columns,
                    float* stage) const;
  void StoreC(std::int64_t row, int rows, std::int64_t column, std::int64_t columns,
              const float* stage) const;

 private:
  TileSource FillChannels(std::int64_t row, int rows, const Chunk& chunk, const float** table,
                          float* scratch) const;
  TileSource FillWindows(std::int64_t row, int rows, const Chunk& chunk, const float** table,
                         float* scratch) const;
};

// Whether runs of that many products over padding fit the row of zeros without a copy.
bool ZeroRowHolds(std::int64_t run, std::int64_t step);

}  // namespace plumb::kernels
