// How Winograd's convolution is cut for the caches: what winograd.cc decides and winograd_run.cc
// does.
#pragma once

#include "core/target.h"
#include "kernels/conv/conv.h"
#include "kernels/conv/image_rows.h"
#include "kernels/conv/winograd.h"
#include "kernels/gemm/tile_loop.h"

namespace plumb::kernels {

inline constexpr std::int64_t kWinogradKernel = 9;  // elements of a kernel before its transform
inline constexpr std::int64_t kWinogradChannels = 4096;  // input channels at most

inline std::int64_t WinogradPlanes(int size) {
  return std::int64_t{WinogradInputs(size)} * WinogradInputs(size);
}

// Two ways through one layer, both with bounded memory:
//   tiles pass     all weights are transformed once, blocks of tiles pass by them;
//   weights pass   a block of tiles is held; each group of output channels transforms its weights,
//                  some input channels at a time, in the second-level cache and uses them there.
struct WinogradParams {
  ConvProblem problem;
  LoopShape shape;  // of the product of one plane
  ActivationBounds bounds;
  int size;
  bool weights_pass;
  std::int64_t rows, columns;  // of tiles in an image
  std::int64_t block;          // tiles at a time
  std::int64_t panels;         // of a group
  std::int64_t channels;       // input channels transformed together
  // Floats between neighbours: planes are [row] of tiles within a chunk of channels, and [row] of
  // tiles within a group of panels.
  std::int64_t in_row, in_plane, in_chunk;
  std::int64_t out_row, out_plane, out_group;
  std::int64_t weights_plane, weights_group;

  std::int64_t chunks() const { return (problem.in_channels + channels - 1) / channels; }
  std::int64_t groups() const { return (shape.panels.count() + panels - 1) / panels; }
  std::int64_t tiles() const { return problem.batch * problem.out_size[0] * rows * columns; }
};

const WinogradTable& WinogradTableFor(Isa isa);

void RunWinograd(const void* params, const Call& call) noexcept;

}  // namespace plumb::kernels
