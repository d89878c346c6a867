// Runs the pieces of a plan.
#include "kernels/copy/copy.h"

#include <algorithm>
#include <cstring>

#include "kernels/copy/transpose.h"

namespace plumb::kernels {
namespace {

using Kind = CopyPiece::Kind;

struct CopyParams {
  const CopyPlan* plan;
  bool avx2;
};

// An index over the first dimensions of a piece and the byte offsets it stands for.
struct Position {
  std::int64_t index[kMaxRank];
  std::int64_t src, dst;
};

Position PositionAt(const CopyPiece& piece, int dims, std::int64_t flat) {
  Position at{};
  at.src = piece.src_offset;
  at.dst = piece.dst_offset;
  for (int d = dims - 1; d >= 0; --d) {
    at.index[d] = flat % piece.sizes[d];
    flat /= piece.sizes[d];
    at.src += at.index[d] * piece.src_strides[d];
    at.dst += at.index[d] * piece.dst_strides[d];
  }
  return at;
}

// Steps over the first `dims` dimensions in row-major order.
void Advance(const CopyPiece& piece, int dims, Position* at) {
  for (int d = dims - 1; d >= 0; --d) {
    at->src += piece.src_strides[d];
    at->dst += piece.dst_strides[d];
    if (++at->index[d] < piece.sizes[d]) return;
    at->src -= piece.sizes[d] * piece.src_strides[d];
    at->dst -= piece.sizes[d] * piece.dst_strides[d];
    at->index[d] = 0;
  }
}

template <std::size_t kBytes>
void CopyRunsOf(const std::byte* src, std::int64_t src_stride, std::byte* dst,
                std::int64_t dst_stride, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    std::memcpy(dst, src, kBytes);
    src += src_stride;
    dst += dst_stride;
  }
}

// n runs of `bytes`; the frequent short lengths are moves of constant size.
void CopyRuns(std::int64_t bytes, const std::byte* src, std::int64_t src_stride, std::byte* dst,
              std::int64_t dst_stride, std::int64_t n) {
  switch (bytes) {
    case 1: return CopyRunsOf<1>(src, src_stride, dst, dst_stride, n);
    case 2: return CopyRunsOf<2>(src, src_stride, dst, dst_stride, n);
    case 4: return CopyRunsOf<4>(src, src_stride, dst, dst_stride, n);
    case 8: return CopyRunsOf<8>(src, src_stride, dst, dst_stride, n);
    case 12: return CopyRunsOf<12>(src, src_stride, dst, dst_stride, n);
    case 16: return CopyRunsOf<16>(src, src_stride, dst, dst_stride, n);
    case 32: return CopyRunsOf<32>(src, src_stride, dst, dst_stride, n);
    case 64: return CopyRunsOf<64>(src, src_stride, dst, dst_stride, n);
    case 128: return CopyRunsOf<128>(src, src_stride, dst, dst_stride, n);
    default: break;
  }
  for (std::int64_t i = 0; i < n; ++i) {
    std::memcpy(dst + i * dst_stride, src + i * src_stride, static_cast<std::size_t>(bytes));
  }
}

void DoRuns(const CopyPiece& piece, const std::byte* src, std::byte* dst, std::int64_t begin,
            std::int64_t end) {
  const int last = piece.rank - 1;
  while (begin < end) {
    const Position at = PositionAt(piece, piece.rank, begin);
    const std::int64_t n = std::min(end - begin, piece.sizes[last] - at.index[last]);
    CopyRuns(piece.run_bytes, src + at.src, piece.src_strides[last], dst + at.dst,
             piece.dst_strides[last], n);
    begin += n;
  }
}

template <typename T>
void FillRow(T value, std::byte* dst, std::int64_t stride, std::int64_t n) {
  if (stride == sizeof(T)) {
    std::fill_n(reinterpret_cast<T*>(dst), n, value);
    return;
  }
  for (std::int64_t i = 0; i < n; ++i) std::memcpy(dst + i * stride, &value, sizeof(T));
}

// Rows that repeat one element: of the source, or of `fill`.
template <typename T>
void DoRows(const CopyPiece& piece, const std::byte* src, std::byte* dst, std::uint64_t fill,
            std::int64_t begin, std::int64_t end) {
  const int last = piece.rank - 1;
  Position at = PositionAt(piece, last, begin);
  for (std::int64_t unit = begin; unit < end; ++unit) {
    T value = static_cast<T>(fill);
    if (piece.kind == Kind::kBroadcast) std::memcpy(&value, src + at.src, sizeof(T));
    FillRow(value, dst + at.dst, piece.dst_strides[last], piece.sizes[last]);
    Advance(piece, last, &at);
  }
}

template <typename T>
void TransposeOf(const std::byte* src, std::int64_t src_column, std::byte* dst,
                 std::int64_t dst_row, std::int64_t rows, std::int64_t columns) {
  constexpr std::int64_t kBlock = 16;
  for (std::int64_t first = 0; first < columns; first += kBlock) {
    const std::int64_t end = std::min(columns, first + kBlock);
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t c = first; c < end; ++c) {
        std::memcpy(dst + r * dst_row + c * std::int64_t{sizeof(T)},
                    src + r * std::int64_t{sizeof(T)} + c * src_column, sizeof(T));
      }
    }
  }
}

void DoTransposes(const CopyPiece& piece, int element_bytes, bool avx2, const std::byte* src,
                  std::byte* dst, std::int64_t begin, std::int64_t end) {
  const int row_dim = piece.rank - 2, column_dim = piece.rank - 1;
  const std::int64_t rows = piece.sizes[row_dim], columns = piece.sizes[column_dim];
  const std::int64_t blocks = (rows + CopyPiece::kTransposeRows - 1) / CopyPiece::kTransposeRows;
  Position at = PositionAt(piece, row_dim, begin / blocks);
  for (std::int64_t unit = begin; unit < end; ++unit) {
    const std::int64_t block = unit % blocks;
    if (block == 0 && unit > begin) Advance(piece, row_dim, &at);
    const std::int64_t first = block * CopyPiece::kTransposeRows;
    const std::int64_t n = std::min(CopyPiece::kTransposeRows, rows - first);
    const std::byte* from = src + at.src + first * element_bytes;
    std::byte* to = dst + at.dst + first * piece.dst_strides[row_dim];
    const std::int64_t src_column = piece.src_strides[column_dim];
    const std::int64_t dst_row = piece.dst_strides[row_dim];
    if (element_bytes == 4 && avx2) {
      Transpose32Avx2(reinterpret_cast<const char*>(from), src_column, reinterpret_cast<char*>(to),
                      dst_row, n, columns);
    } else if (element_bytes == 1) {
      TransposeOf<std::uint8_t>(from, src_column, to, dst_row, n, columns);
    } else if (element_bytes == 2) {
      TransposeOf<std::uint16_t>(from, src_column, to, dst_row, n, columns);
    } else if (element_bytes == 4) {
      TransposeOf<std::uint32_t>(from, src_column, to, dst_row, n, columns);
    } else {
      TransposeOf<std::uint64_t>(from, src_column, to, dst_row, n, columns);
    }
  }
}

void DoPiece(const CopyPlan& plan, const CopyPiece& piece, bool avx2, const Call& call,
             std::int64_t begin, std::int64_t end) {
  std::byte* dst = static_cast<std::byte*>(call.operands[plan.sources]);
  const std::byte* src = piece.kind == Kind::kFill
                             ? nullptr
                             : static_cast<const std::byte*>(call.operands[piece.source]);
  switch (piece.kind) {
    case Kind::kWholeRun: {
      const std::int64_t first = begin * CopyPiece::kRunUnit;
      const std::int64_t last = std::min(piece.run_bytes, end * CopyPiece::kRunUnit);
      std::memcpy(dst + piece.dst_offset + first, src + piece.src_offset + first,
                  static_cast<std::size_t>(last - first));
      return;
    }
    case Kind::kRun: return DoRuns(piece, src, dst, begin, end);
    case Kind::kTranspose:
      return DoTransposes(piece, plan.element_bytes, avx2, src, dst, begin, end);
    default: break;
  }
  switch (plan.element_bytes) {
    case 1: return DoRows<std::uint8_t>(piece, src, dst, plan.fill_bits, begin, end);
    case 2: return DoRows<std::uint16_t>(piece, src, dst, plan.fill_bits, begin, end);
    case 4: return DoRows<std::uint32_t>(piece, src, dst, plan.fill_bits, begin, end);
    default: return DoRows<std::uint64_t>(piece, src, dst, plan.fill_bits, begin, end);
  }
}

void RunPhase(const CopyParams& params, const Call& call, const CopyPiece* first,
              const CopyPiece* last, std::int64_t tasks) {
  if (tasks == 0) return;
  const CopyPlan& plan = *params.plan;
  call.pool->ParallelFor(tasks, [&](std::int64_t task) {
    const CopyPiece* piece = std::upper_bound(first, last, task,
                                              [](std::int64_t value, const CopyPiece& p) {
                                                return value < p.first_task;
                                              }) -
                             1;
    const std::int64_t begin = (task - piece->first_task) * piece->units_per_task;
    DoPiece(plan, *piece, params.avx2, call, begin,
            std::min(piece->units, begin + piece->units_per_task));
  });
}

void RunCopy(const void* raw, const Call& call) noexcept {
  const CopyParams& params = *static_cast<const CopyParams*>(raw);
  const CopyPiece* pieces = params.plan->pieces.data();
  const CopyPiece* copies = pieces + params.plan->fills_before;
  RunPhase(params, call, pieces, copies, params.plan->fill_tasks);
  RunPhase(params, call, copies, pieces + params.plan->pieces.size(), params.plan->copy_tasks);
}

void VisitCopyMemory(const void* raw, MemoryVisitor visit) {
  const CopyPlan* plan = static_cast<const CopyParams*>(raw)->plan;
  visit(plan, sizeof(*plan));
  visit(plan->pieces.data(), plan->pieces.size() * sizeof(CopyPiece));
}

}  // namespace

BoundKernel BindCopy(const CopyPlan* plan, const Target& target) {
  BoundKernel kernel;
  kernel.run = RunCopy;
  kernel.visit_memory = VisitCopyMemory;
  kernel.params.Set(CopyParams{plan, target.isa >= Isa::kAvx2});
  return kernel;
}

}  // namespace plumb::kernels
