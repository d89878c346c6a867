// How Winograd's convolution is cut for the caches: what winograd.cc decides and winograd_run.cc
// does.
#pragma once

#include "core/target.h"
#include "kernels/conv/conv.h"
#include "kernels/conv/image_rows.h"
#include "kernels/conv/winograd.h"
#include "kernels/gemm/tile_loop.h"

namespace plumb::kernels {

inline constexpr std::int64_t kWinogradChannels = 4096;  // input channels at most
inline constexpr std::int64_t kWinogradLaneTiles = 48;   // of a thread that works by itself

// Height or width cut into tiles of `outputs` outputs that see `inputs` inputs, one of either where
// the form does not transform this axis. With a dilation the outputs of a tile, and its inputs, are
// that far apart.
struct WinogradAxis {
  int inputs;
  int outputs;
  std::int64_t dilation;
  std::int64_t tiles;

  // Output 0 of a tile; neighbours lie together.
  std::int64_t Begin(std::int64_t tile) const {
    return tile / dilation * outputs * dilation + tile % dilation;
  }
};

// Two ways through one layer, both with bounded memory:
//   tiles pass     all weights are transformed once, blocks of tiles pass by them: each thread has
//                  blocks of its own, or all share out the planes of one where tiles are few;
//   weights pass   a block of tiles is held; each group of output channels transforms its weights,
//                  some input channels at a time, in the second-level cache and uses them there.
struct WinogradParams {
  ConvProblem problem;
  LoopShape shape;  // of the product of one plane
  ActivationBounds bounds;
  int form;  // of kWinogradForms
  bool weights_pass;
  WinogradAxis height, width;
  std::int64_t block;     // tiles at a time
  std::int64_t lanes;     // threads that have blocks of their own, where no more run
  std::int64_t panels;    // of a group
  std::int64_t channels;  // input channels transformed together
  // Floats between neighbours: planes are [row] of tiles within a chunk of channels, and [row] of
  // tiles within a group of panels.
  std::int64_t in_row, in_plane, in_chunk;
  std::int64_t out_row, out_plane, out_group;
  std::int64_t weights_plane, weights_group;

  std::int64_t chunks() const { return (problem.in_channels + channels - 1) / channels; }
  std::int64_t groups() const { return (shape.panels.count() + panels - 1) / panels; }
  std::int64_t tiles() const {
    return problem.batch * problem.out_size[0] * height.tiles * width.tiles;
  }
};

const WinogradTable& WinogradTableFor(Isa isa);

void RunWinograd(const void* params, const Call& call) noexcept;

}  // namespace plumb::kernels
