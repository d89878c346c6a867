// Binds reductions. fp32 is folded along contiguous rows or over contiguous columns in chunks that
// the sizes fix; the partial results of a chunk are joined in order.
#include "kernels/reduce/reduce.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "kernels/reduce/reduce_kernels.h"
#include "kernels/reduce/reduce_nest.h"
#include "kernels/strided/merge_dims.h"

namespace plumb::kernels {
namespace {

constexpr std::int64_t kChunkElements = 128 << 10;  // that one task folds for a split result
constexpr std::int64_t kColumnBlock = 256;          // columns of a task
constexpr std::int64_t kTaskElements = 32 << 10;

enum class Walk : std::uint8_t { kRows, kColumns, kElements };

struct ReduceParams {
  ReduceKind kind;
  DType dtype;
  Walk walk;
  const FoldFns* fns;
  ReduceNest nest;
  // Pieces of the reduced elements (parts of rows, groups of rows), and chunks of pieces.
  std::int64_t inner_pieces, pieces, chunk_pieces, chunks;
  std::int64_t column_blocks;          // kColumns: blocks of the innermost kept dimension
  std::int64_t items, items_per_task;  // results (kRows) or blocks of results (kColumns)
};

std::int64_t CeilDiv(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

FoldOp FirstFold(ReduceKind kind) {
  switch (kind) {
    case ReduceKind::kMax:
    case ReduceKind::kLogSumExp: return FoldOp::kMax;
    case ReduceKind::kMin: return FoldOp::kMin;
    case ReduceKind::kProd: return FoldOp::kProd;
    case ReduceKind::kL1: return FoldOp::kAbsSum;
    case ReduceKind::kL2:
    case ReduceKind::kSumSquare: return FoldOp::kSquareSum;
    default: return FoldOp::kSum;
  }
}

float Neutral(FoldOp op) {
  if (op == FoldOp::kMax) return -INFINITY;
  if (op == FoldOp::kMin) return INFINITY;
  return op == FoldOp::kProd ? 1.0f : 0.0f;
}

// Partial results are joined in fp64: there are few of them.
struct Joined {
  FoldOp op;
  double value;
  explicit Joined(FoldOp fold) : op(fold), value(static_cast<double>(Neutral(fold))) {}
  void Add(double x) {
    if (op == FoldOp::kMax) {
      value = x > value || x != x ? x : value;
    } else if (op == FoldOp::kMin) {
      value = x < value || x != x ? x : value;
    } else if (op == FoldOp::kProd) {
      value *= x;
    } else {
      value += x;
    }
  }
};

// Folds the pieces of one chunk for one result.
float FoldRowChunk(const ReduceParams& p, FoldOp op, const float* src, float shift,
                   std::int64_t chunk) {
  const ReduceNest& nest = p.nest;
  const int inner = nest.reduced - 1;
  const std::int64_t begin = chunk * p.chunk_pieces;
  const std::int64_t end = std::min(p.pieces, begin + p.chunk_pieces);
  Joined joined(op);
  for (std::int64_t piece = begin; piece < end; ++piece) {
    const std::int64_t first = piece % p.inner_pieces * kFoldBlock;
    const std::int64_t n = std::min(kFoldBlock, nest.reduced_sizes[inner] - first);
    const float* at = src + nest.ReducedSrc(inner, piece / p.inner_pieces) + first;
    joined.Add(static_cast<double>(p.fns->row[static_cast<int>(op)](at, n, shift)));
  }
  return static_cast<float>(joined.value);
}

// The same for `columns` neighbouring results, into acc.
void FoldColumnChunk(const ReduceParams& p, FoldOp op, const float* src, const float* shift,
                     std::int64_t chunk, std::int64_t columns, float* acc) {
  const ReduceNest& nest = p.nest;
  const int inner = nest.reduced - 1;
  const std::int64_t begin = chunk * p.chunk_pieces;
  const std::int64_t end = std::min(p.pieces, begin + p.chunk_pieces);
  std::fill_n(acc, columns, Neutral(op));
  for (std::int64_t piece = begin; piece < end; ++piece) {
    const std::int64_t first = piece % p.inner_pieces * kFoldRows;
    const std::int64_t rows = std::min(kFoldRows, nest.reduced_sizes[inner] - first);
    const float* at =
        src + nest.ReducedSrc(inner, piece / p.inner_pieces) + first * nest.reduced_src[inner];
    p.fns->columns[static_cast<int>(op)](at, nest.reduced_src[inner], rows, columns, shift, acc);
  }
}

float Finish(ReduceKind kind, float folded, float top, std::int64_t elements) {
  switch (kind) {
    case ReduceKind::kMean: return folded / static_cast<float>(elements);
    case ReduceKind::kL2: return std::sqrt(folded);
    case ReduceKind::kLogSum: return std::log(folded);
    case ReduceKind::kLogSumExp: return std::log(folded) + top;
    default: return folded;
  }
}

// An infinite maximum would make the differences to it NaN.
float Shift(float top) { return std::isinf(top) ? 0.0f : top; }

struct Run {
  const ReduceParams& p;
  const float* src;
  float* dst;
  float* partials;  // [items, chunks (, columns of a block)], two of them

  // Results [first, first + columns) of the innermost kept dimension at `item`.
  struct Place {
    std::int64_t src, dst, columns;
  };
  Place PlaceOf(std::int64_t item) const {
    const ReduceNest& nest = p.nest;
    if (p.walk == Walk::kRows) {
      return {nest.KeptSrc(nest.kept, item), nest.KeptDst(nest.kept, item), 1};
    }
    const int outer = nest.kept - 1;
    const std::int64_t first = item % p.column_blocks * kColumnBlock;
    const std::int64_t rest = item / p.column_blocks;
    return {nest.KeptSrc(outer, rest) + first,
            nest.KeptDst(outer, rest) + first * nest.kept_dst[outer],
            std::min(kColumnBlock, nest.kept_sizes[outer] - first)};
  }
  std::int64_t width() const { return p.walk == Walk::kRows ? 1 : kColumnBlock; }
  float* Partial(std::int64_t item, std::int64_t chunk) const {
    return partials + (item * p.chunks + chunk) * width();
  }

  void Fold(FoldOp op, std::int64_t item, std::int64_t chunk, const float* shift,
            float* out) const {
    const Place place = PlaceOf(item);
    if (p.walk == Walk::kRows) {
      *out = FoldRowChunk(p, op, src + place.src, shift == nullptr ? 0.0f : *shift, chunk);
    } else {
      FoldColumnChunk(p, op, src + place.src, shift, chunk, place.columns, out);
    }
  }

  void JoinChunks(FoldOp op, std::int64_t item, std::int64_t columns, float* out) const {
    for (std::int64_t c = 0; c < columns; ++c) {
      Joined joined(op);
      for (std::int64_t k = 0; k < p.chunks; ++k) {
        joined.Add(static_cast<double>(Partial(item, k)[c]));
      }
      out[c] = static_cast<float>(joined.value);
    }
  }

  void Store(std::int64_t item, const float* folded, const float* top) const {
    const Place place = PlaceOf(item);
    const std::int64_t step = p.walk == Walk::kRows ? 1 : p.nest.kept_dst[p.nest.kept - 1];
    for (std::int64_t c = 0; c < place.columns; ++c) {
      dst[place.dst + c * step] =
          Finish(p.kind, folded[c], top == nullptr ? 0.0f : top[c], p.nest.elements);
    }
  }

  // A result that fits one chunk needs no partial results in memory.
  void Whole(std::int64_t item) const {
    float folded[kColumnBlock], top[kColumnBlock];
    const FoldOp op = FirstFold(p.kind);
    Fold(op, item, 0, nullptr, folded);
    if (p.kind != ReduceKind::kLogSumExp) return Store(item, folded, nullptr);
    const std::int64_t columns = PlaceOf(item).columns;
    for (std::int64_t c = 0; c < columns; ++c) top[c] = Shift(folded[c]);
    Fold(FoldOp::kExpSum, item, 0, top, folded);
    Store(item, folded, top);
  }

  void Chunked(ThreadPool* pool) const {
    const FoldOp op = FirstFold(p.kind);
    const std::int64_t tasks = p.items * p.chunks;
    float* tops = partials + tasks * width();
    pool->ParallelFor(tasks, [&](std::int64_t task) {
      Fold(op, task / p.chunks, task % p.chunks, nullptr, partials + task * width());
    });
    const bool twice = p.kind == ReduceKind::kLogSumExp;
    if (twice) {
      for (std::int64_t item = 0; item < p.items; ++item) {
        const std::int64_t columns = PlaceOf(item).columns;
        float* top = tops + item * width();
        JoinChunks(op, item, columns, top);
        for (std::int64_t c = 0; c < columns; ++c) top[c] = Shift(top[c]);
      }
      pool->ParallelFor(tasks, [&](std::int64_t task) {
        Fold(FoldOp::kExpSum, task / p.chunks, task % p.chunks, tops + task / p.chunks * width(),
             partials + task * width());
      });
    }
    float folded[kColumnBlock];
    for (std::int64_t item = 0; item < p.items; ++item) {
      JoinChunks(twice ? FoldOp::kExpSum : op, item, PlaceOf(item).columns, folded);
      Store(item, folded, twice ? tops + item * width() : nullptr);
    }
  }
};

void RunReduce(const void* raw, const Call& call) noexcept {
  const ReduceParams& p = *static_cast<const ReduceParams*>(raw);
  if (p.nest.outputs == 0) return;
  if (p.walk == Walk::kElements) {
    return RunReduceElements(p.nest, p.kind, p.dtype, call.operands[0], call.operands[1],
                             call.pool);
  }
  const Run run{p, static_cast<const float*>(call.operands[0]),
                static_cast<float*>(call.operands[1]), static_cast<float*>(call.workspace)};
  if (p.chunks > 1) return run.Chunked(call.pool);
  const std::int64_t tasks = CeilDiv(p.items, p.items_per_task);
  call.pool->ParallelFor(tasks, [&](std::int64_t task) {
    const std::int64_t end = std::min(p.items, (task + 1) * p.items_per_task);
    for (std::int64_t item = task * p.items_per_task; item < end; ++item) run.Whole(item);
  });
}

Walk ChooseWalk(const ReduceNest& nest, DType dtype) {
  if (dtype != DType::kFloat32 || nest.reduced == 0 || nest.elements == 0) return Walk::kElements;
  if (nest.reduced_src[nest.reduced - 1] == 1) return Walk::kRows;
  if (nest.kept > 0 && nest.kept_src[nest.kept - 1] == 1) return Walk::kColumns;
  return Walk::kElements;
}

}  // namespace

bool MakeReduceNest(const ReduceProblem& problem, ReduceNest* nest) {
  LoopNest kept, reduced;
  kept.operands = 2;
  reduced.operands = 1;
  for (int d = 0; d < problem.sizes.rank(); ++d) {
    const bool is_reduced = (problem.reduced >> d & 1) != 0;
    LoopNest& to = is_reduced ? reduced : kept;
    to.sizes[to.rank] = problem.sizes[d];
    to.strides[0][to.rank] = problem.src_strides[d];
    if (!is_reduced) to.strides[1][to.rank] = problem.dst_strides[d];
    ++to.rank;
  }
  MergeDims(&kept, true, 0);
  MergeDims(&reduced, true, 0);
  if (kept.rank > kMaxReduceDims || reduced.rank > kMaxReduceDims) return false;
  nest->kept = kept.rank;
  nest->reduced = reduced.rank;
  for (int d = 0; d < kept.rank; ++d) {
    nest->kept_sizes[d] = kept.sizes[d];
    nest->kept_src[d] = kept.strides[0][d];
    nest->kept_dst[d] = kept.strides[1][d];
    nest->outputs *= kept.sizes[d];
  }
  for (int d = 0; d < reduced.rank; ++d) {
    nest->reduced_sizes[d] = reduced.sizes[d];
    nest->reduced_src[d] = reduced.strides[0][d];
    nest->elements *= reduced.sizes[d];
  }
  return true;
}

bool CanBindReduce(const ReduceProblem& problem) {
  ReduceNest nest;
  return MakeReduceNest(problem, &nest);
}

BoundKernel BindReduce(const ReduceProblem& problem, const Target& target) {
  ReduceParams p{};
  PLUMB_CHECK(MakeReduceNest(problem, &p.nest), "too many dimensions: ", problem.sizes.ToString());
  p.kind = problem.kind;
  p.dtype = problem.dtype;
  p.walk = ChooseWalk(p.nest, problem.dtype);
  p.fns = target.isa == Isa::kAvx512 ? &FoldAvx512()
          : target.isa == Isa::kAvx2 ? &FoldAvx2()
                                     : &FoldScalar();
  BoundKernel kernel;
  kernel.run = RunReduce;
  if (p.walk != Walk::kElements && p.nest.outputs != 0) {
    const std::int64_t row = p.nest.reduced_sizes[p.nest.reduced - 1];
    const bool columns = p.walk == Walk::kColumns;
    const std::int64_t piece = columns ? kFoldRows : kFoldBlock;
    p.inner_pieces = CeilDiv(row, piece);
    p.pieces = p.nest.elements / row * p.inner_pieces;
    const std::int64_t wide = columns ? p.nest.kept_sizes[p.nest.kept - 1] : 1;
    p.column_blocks = columns ? CeilDiv(wide, kColumnBlock) : 1;
    p.items = columns ? p.nest.outputs / wide * p.column_blocks : p.nest.outputs;
    const std::int64_t columns_each = columns ? std::min(wide, kColumnBlock) : 1;
    const std::int64_t piece_elements = std::min(row, piece) * columns_each;
    // Few results of many elements are split; many results keep the pool busy by themselves.
    p.chunk_pieces =
        p.items >= 16 ? p.pieces : std::max<std::int64_t>(1, kChunkElements / piece_elements);
    p.chunks = CeilDiv(p.pieces, p.chunk_pieces);
    p.items_per_task = std::max<std::int64_t>(1, kTaskElements / (p.nest.elements * columns_each));
    if (p.chunks > 1) {
      kernel.workspace_bytes = p.items * (p.chunks + 1) * (columns ? kColumnBlock : 1) * 4;
    }
  }
  kernel.params.Set(p);
  return kernel;
}

}  // namespace plumb::kernels
