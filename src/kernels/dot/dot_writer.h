// Where sums go: scaled, added to, rounded and stored, a tile at a time.
#pragma once

#include <array>
#include <cstdint>

#include "kernels/conv/conv_phase.h"
#include "kernels/dot/dot.h"
#include "kernels/dot/dot_set.h"

namespace plumb::kernels {

// Rows of a block: outputs of one phase, for the channels of one group.
inline constexpr std::int64_t kDotBlockRows = 32 * kDotRows;

class DotWriter {
 public:
  // Constants of the group as DotLayout has them: `padded` values of each kind.
  DotWriter(const DotProblem& problem, Isa isa, const char* constants, std::int64_t channels,
            std::int64_t padded);

  // Finds rows [row, row + rows) of the phase; dst and residual (or null) are at the first channel
  // of the group.
  void Place(const ConvPhase& phase, std::int64_t row, std::int64_t rows, char* dst,
             char* residual);

  // Writes rows [row, row + rows) of those placed, columns [column, column + columns); sums are
  // [rows][kDotColumns] fp32 or int32, overwritten.
  void Write(std::int64_t row, std::int64_t rows, std::int64_t column, std::int64_t columns,
             float* sums);

 private:
  static constexpr std::int64_t kStageBytes = kDotColumns * 4;
  using Rows = std::array<char*, kDotBlockRows>;
  using TileRows = std::array<char*, kDotRows>;
  // Rows of a tile and the bytes from each to the tile's first column.
  struct Target {
    char* const* rows;
    std::int64_t offset;
  };
  struct Source {
    const char* const* rows;
    std::int64_t offset;
  };

  void PlaceRowsOf(const ConvPhase& phase, const ImageStrides& strides, DType type,
                   std::int64_t row, std::int64_t rows, char* base, Rows* pointers) const;
  bool Together(const ImageStrides& strides) const {
    return strides.channel == 1 || channels_ == 1;
  }
  void WriteFloats(std::int64_t rows, std::int64_t column, std::int64_t columns, Target dst,
                   Source residual, float* sums) const;
  void WriteIntegers(std::int64_t rows, std::int64_t column, std::int64_t columns, Target dst,
                     Source residual, const float* sums) const;
  void LoadResidual(const char* const* rows, std::int64_t count, std::int64_t column,
                    std::int64_t columns);
  void StoreStage(char* const* rows, std::int64_t count, std::int64_t column,
                  std::int64_t columns) const;

  const DotProblem& problem_;
  const DotFunctions& functions_;
  const char* constants_;
  std::int64_t channels_;
  std::int64_t padded_;
  bool has_residual_ = false;
  float low_;
  float high_;
  Rows dst_rows_;
  Rows residual_rows_;
  TileRows stage_rows_;
  TileRows residual_stage_rows_;
  alignas(64) char stage_[kDotRows * kStageBytes];
  alignas(64) char residual_stage_[kDotRows * kStageBytes];
};

}  // namespace plumb::kernels
