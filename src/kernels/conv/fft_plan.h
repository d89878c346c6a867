// How convolution by Fourier transforms is cut: what fft.cc decides and fft_run.cc does.
#pragma once

#include "core/target.h"
#include "kernels/conv/conv.h"
#include "kernels/conv/fft.h"
#include "kernels/conv/image_rows.h"
#include "kernels/gemm/panels.h"

namespace plumb::kernels {

inline constexpr std::int64_t kFftBlockPairs = 32;  // of tiles that pass the weights together
inline constexpr std::int64_t kFftSlots = 16;       // complex tiles in work at once

// Two ways through one layer:
//   depthwise   a pair of tiles is transformed, multiplied and transformed back, some channels at a
//               time, without leaving the second-level cache;
//   dense       pairs of tiles are transformed into planes, one for each pair of frequencies; each
//               plane is a complex matrix product; the products are transformed back.
struct FftParams {
  ConvProblem problem;
  ActivationBounds bounds;
  Isa isa;
  int form;  // of kFftSizes
  int max_rows;
  bool depthwise;
  Panels panels;                           // of the output channels of a group
  std::int64_t tile_rows, tile_columns;    // tiles of an image
  std::int64_t out_rows, out_columns;      // outputs of a tile
  std::int64_t block;                      // pairs of tiles at a time
  std::int64_t in_part, in_row, in_plane;  // floats: part of a row, row, plane
  std::int64_t out_part, out_row, out_plane;
  std::int64_t kernel_plane, kernel_group;

  int size() const { return kFftSizes[form].size; }
  std::int64_t tiles() const {
    return problem.batch * problem.out_size[0] * tile_rows * tile_columns;
  }
};

const FftTable& FftTableFor(Isa isa);

void RunFft(const void* params, const Call& call) noexcept;

}  // namespace plumb::kernels
