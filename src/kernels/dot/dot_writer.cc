#include "kernels/dot/dot_writer.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "kernels/dot/dot_rows.h"

namespace plumb::kernels {
namespace {

std::int64_t Bytes(DType type) { return StorageBytes(type, 1); }

bool Bounded(Activation activation) {
  return activation == Activation::kNone || activation == Activation::kRelu ||
         activation == Activation::kClip;
}

DotIntegers::Type IntegerType(DType type) {
  switch (type) {
    case DType::kInt8: return DotIntegers::kI8;
    case DType::kUInt8: return DotIntegers::kU8;
    case DType::kInt32: return DotIntegers::kI32;
    default: return DotIntegers::kF32;
  }
}

// Bounds of the result, of integers in steps of dst before its zero point.
struct Bounds {
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
};

Bounds BoundsOf(const DotProblem& problem) {
  const Epilogue& epilogue = problem.geometry.epilogue;
  Bounds bounds;
  if (epilogue.activation == Activation::kRelu) bounds.low = 0;
  if (epilogue.activation == Activation::kClip) bounds = {epilogue.alpha, epilogue.beta};
  if (problem.dst != DType::kInt8 && problem.dst != DType::kUInt8) return bounds;
  const float least = problem.dst == DType::kInt8 ? -128 : 0;
  const auto zero = static_cast<float>(problem.dst_zero);
  bounds.low = std::clamp(bounds.low, least - zero, least + 255 - zero);
  bounds.high = std::clamp(bounds.high, least - zero, least + 255 - zero);
  return bounds;
}

}  // namespace

DotWriter::DotWriter(const DotProblem& problem, Isa isa, const char* constants,
                     std::int64_t channels, std::int64_t padded)
    : problem_(problem),
      functions_(DotFunctionsFor(isa)),
      constants_(constants),
      channels_(channels),
      padded_(padded) {
  const Bounds bounds = BoundsOf(problem);
  low_ = bounds.low;
  high_ = bounds.high;
}

void DotWriter::PlaceRowsOf(const ConvPhase& phase, const ImageStrides& strides, DType type,
                            std::int64_t row, std::int64_t rows, char* base, Rows* pointers) const {
  const std::int64_t size = Bytes(type);
  PlaceRows(phase, strides.batch * size,
            {strides.spatial[0] * size, strides.spatial[1] * size, strides.spatial[2] * size}, row,
            rows, base, pointers->data());
}

void DotWriter::Place(const ConvPhase& phase, std::int64_t row, std::int64_t rows, char* dst,
                      char* residual) {
  const ConvProblem& p = problem_.geometry;
  PlaceRowsOf(phase, p.dst, problem_.dst, row, rows, dst, &dst_rows_);
  has_residual_ = residual != nullptr;
  if (!has_residual_) return;
  PlaceRowsOf(phase, p.residual, problem_.residual, row, rows, residual, &residual_rows_);
}

void DotWriter::Write(std::int64_t row, std::int64_t rows, std::int64_t column,
                      std::int64_t columns, float* sums) {
  Target dst{dst_rows_.data() + row, column * Bytes(problem_.dst)};
  Source residual{nullptr, column * Bytes(problem_.residual)};
  if (has_residual_) residual.rows = residual_rows_.data() + row;
  const bool stages = !Together(problem_.geometry.dst);
  if (stages) {
    for (std::size_t r = 0; r < stage_rows_.size(); ++r) {
      stage_rows_[r] = stage_ + static_cast<std::int64_t>(r) * kStageBytes;
    }
    dst = {stage_rows_.data(), 0};
  }
  if (has_residual_ && !Together(problem_.geometry.residual)) {
    LoadResidual(residual.rows, rows, column, columns);
    residual = {residual_stage_rows_.data(), 0};
  }
  if (problem_.integers()) {
    WriteIntegers(rows, column, columns, dst, residual, sums);
  } else {
    WriteFloats(rows, column, columns, dst, residual, sums);
  }
  if (stages) StoreStage(dst_rows_.data() + row, rows, column, columns);
}

void DotWriter::WriteFloats(std::int64_t rows, std::int64_t column, std::int64_t columns,
                            Target dst, Source residual, float* sums) const {
  const Epilogue& epilogue = problem_.geometry.epilogue;
  DotFloats out{};
  out.rows = rows;
  out.columns = columns;
  out.sums = sums;
  if (epilogue.has_bias) out.bias = reinterpret_cast<const float*>(constants_) + column;
  out.residual_rows = residual.rows;
  out.residual_offset = residual.offset;
  out.residual_bf16 = problem_.residual == DType::kBFloat16;
  out.dst_rows = dst.rows;
  out.dst_offset = dst.offset;
  out.dst_bf16 = problem_.dst == DType::kBFloat16;
  out.low = low_;
  out.high = high_;
  if (Bounded(epilogue.activation)) return functions_.floats(out);
  // Other activations work on the sums in place.
  out.dst_rows = nullptr;
  functions_.floats(out);
  std::array<float*, kDotRows> sum_rows;
  for (std::size_t r = 0; r < sum_rows.size(); ++r) {
    sum_rows[r] = sums + static_cast<std::int64_t>(r) * kDotColumns;
  }
  functions_.activate(epilogue, sum_rows.data(), rows, 0, columns);
  out.bias = nullptr;
  out.residual_rows = nullptr;
  out.dst_rows = dst.rows;
  functions_.floats(out);
}

void DotWriter::WriteIntegers(std::int64_t rows, std::int64_t column, std::int64_t columns,
                              Target dst, Source residual, const float* sums) const {
  DotIntegers out{};
  out.rows = rows;
  out.columns = columns;
  out.sums = reinterpret_cast<const std::int32_t*>(sums);
  out.scale = reinterpret_cast<const float*>(constants_) + column;
  out.offset = reinterpret_cast<const std::int32_t*>(constants_) + padded_ + column;
  out.residual_rows = residual.rows;
  out.residual_offset = residual.offset;
  out.residual = IntegerType(problem_.residual);
  out.dst_rows = dst.rows;
  out.dst_offset = dst.offset;
  out.dst = IntegerType(problem_.dst);
  out.requantizes = problem_.requantizes;
  out.inner_low = problem_.inner_low;
  out.inner_high = problem_.inner_high;
  out.inner_step = problem_.inner_step;
  out.residual_step = problem_.residual_step;
  out.residual_zero = problem_.residual_zero;
  out.dst_zero = problem_.dst_zero;
  out.low = low_;
  out.high = high_;
  functions_.integers(out);
}

// Channels that do not lie together go through a buffer, element by element.
void DotWriter::LoadResidual(const char* const* rows, std::int64_t count, std::int64_t column,
                             std::int64_t columns) {
  const std::int64_t size = Bytes(problem_.residual);
  const std::int64_t step = problem_.geometry.residual.channel * size;
  for (std::int64_t r = 0; r < count; ++r) {
    char* to = residual_stage_ + r * kStageBytes;
    residual_stage_rows_[static_cast<std::size_t>(r)] = to;
    for (std::int64_t j = 0; j < columns; ++j) {
      std::memcpy(to + j * size, rows[r] + (column + j) * step, static_cast<std::size_t>(size));
    }
  }
}

void DotWriter::StoreStage(char* const* rows, std::int64_t count, std::int64_t column,
                           std::int64_t columns) const {
  const std::int64_t size = Bytes(problem_.dst);
  const std::int64_t step = problem_.geometry.dst.channel * size;
  // Columns outermost: in a planar image the rows of the tile are what lies together.
  for (std::int64_t j = 0; j < columns; ++j) {
    for (std::int64_t r = 0; r < count; ++r) {
      std::memcpy(rows[r] + (column + j) * step, stage_ + r * kStageBytes + j * size,
                  static_cast<std::size_t>(size));
    }
  }
}

}  // namespace plumb::kernels
