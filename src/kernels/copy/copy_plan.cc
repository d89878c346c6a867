// Simplifies regions into pieces, finds what a fill has to write, and cuts both into tasks.
#include <algorithm>
#include <cstdlib>

#include "core/check.h"
#include "kernels/copy/copy.h"
#include "kernels/strided/merge_dims.h"

namespace plumb::kernels {
namespace {

constexpr std::int64_t kTaskBytes = 32 << 10;  // moved by a task, about
constexpr std::size_t kMaxFillBoxes = 64;

struct Box {
  Dims begin, size;
};

std::int64_t Product(const CopyPiece& piece, int dims) {
  std::int64_t product = 1;
  for (int d = 0; d < dims; ++d) product *= piece.sizes[d];
  return product;
}

// Number of units, and how many of them a task takes.
void CutIntoTasks(CopyPiece* piece, int element_bytes, std::int64_t* next_task) {
  std::int64_t unit_bytes = piece->run_bytes;
  switch (piece->kind) {
    case CopyPiece::Kind::kWholeRun:
      piece->units = (piece->run_bytes + CopyPiece::kRunUnit - 1) / CopyPiece::kRunUnit;
      unit_bytes = CopyPiece::kRunUnit;
      break;
    case CopyPiece::Kind::kRun: piece->units = Product(*piece, piece->rank); break;
    case CopyPiece::Kind::kTranspose: {
      const std::int64_t rows = piece->sizes[piece->rank - 2];
      piece->units = Product(*piece, piece->rank - 2) *
                     ((rows + CopyPiece::kTransposeRows - 1) / CopyPiece::kTransposeRows);
      unit_bytes =
          std::min(rows, CopyPiece::kTransposeRows) * piece->sizes[piece->rank - 1] * element_bytes;
      break;
    }
    default:
      piece->units = Product(*piece, piece->rank - 1);
      unit_bytes = piece->sizes[piece->rank - 1] * element_bytes;
  }
  piece->units_per_task =
      std::max<std::int64_t>(1, kTaskBytes / std::max<std::int64_t>(1, unit_bytes));
  piece->tasks = (piece->units + piece->units_per_task - 1) / piece->units_per_task;
  piece->first_task = *next_task;
  *next_task += piece->tasks;
}

void MoveDimTo(CopyPiece* piece, int from, int to) {
  for (int d = from; d < to; ++d) {
    std::swap(piece->sizes[d], piece->sizes[d + 1]);
    std::swap(piece->src_strides[d], piece->src_strides[d + 1]);
    std::swap(piece->dst_strides[d], piece->dst_strides[d + 1]);
  }
}

// Chooses the loop for a piece whose dimensions are merged and ordered by the destination.
void ChooseKind(CopyPiece* piece, std::int64_t element_bytes) {
  const int last = piece->rank - 1;
  piece->run_bytes = element_bytes;
  if (piece->rank == 0) {
    piece->kind = CopyPiece::Kind::kWholeRun;
    return;
  }
  piece->kind = CopyPiece::Kind::kRun;
  if (piece->dst_strides[last] != element_bytes) return;
  if (piece->src_strides[last] == element_bytes) {
    piece->run_bytes = element_bytes * piece->sizes[last];
    piece->rank--;
    if (piece->rank == 0) piece->kind = CopyPiece::Kind::kWholeRun;
    return;
  }
  if (piece->src_strides[last] == 0) {
    piece->kind = CopyPiece::Kind::kBroadcast;
    return;
  }
  for (int d = last - 1; d >= 0; --d) {
    if (piece->src_strides[d] != element_bytes) continue;
    MoveDimTo(piece, d, last - 1);
    piece->kind = CopyPiece::Kind::kTranspose;
    return;
  }
}

CopyPiece PieceOf(const LoopNest& nest) {
  CopyPiece piece;
  piece.rank = static_cast<std::int8_t>(nest.rank);
  for (int d = 0; d < nest.rank; ++d) {
    piece.sizes[d] = nest.sizes[d];
    piece.src_strides[d] = nest.strides[0][d];
    piece.dst_strides[d] = nest.strides[1][d];
  }
  return piece;
}

// Fills the box of the destination.
void AddFill(const CopyProblem& problem, const Box& box, CopyPlan* plan) {
  LoopNest nest;
  nest.rank = box.size.rank();
  nest.operands = 2;
  std::int64_t offset = 0;
  for (int d = 0; d < nest.rank; ++d) {
    nest.sizes[d] = box.size[d];
    nest.strides[0][d] = 0;
    nest.strides[1][d] = problem.dst_strides[d] * problem.element_bytes;
    offset += box.begin[d] * nest.strides[1][d];
  }
  MergeDims(&nest, true, 1);
  if (nest.rank == 1 && nest.sizes[0] == 0) return;
  CopyPiece piece = PieceOf(nest);
  if (piece.rank == 0) {
    piece.rank = 1;
    piece.sizes[0] = 1;
    piece.dst_strides[0] = problem.element_bytes;
  }
  piece.kind = CopyPiece::Kind::kFill;
  piece.dst_offset = offset;
  piece.run_bytes = problem.element_bytes;
  CutIntoTasks(&piece, problem.element_bytes, &plan->fill_tasks);
  plan->bytes_moved += NumElements(box.size) * problem.element_bytes;
  plan->pieces.push_back(piece);
}

// The region's destination as a box of dst_sizes, where it is one: every dimension walks whole axes
// or a part of one axis in steps of one.
bool AsBox(const CopyProblem& problem, const Region& region, Box* box) {
  const int rank = problem.dst_sizes.rank();
  box->begin = Dims(rank, 0);
  box->size = Dims(rank, 1);
  for (int d = 0; d < region.sizes.rank(); ++d) {
    std::int64_t size = region.sizes[d], stride = region.dst_strides[d];
    while (size > 1) {
      int axis = 0;
      while (axis < rank && (problem.dst_strides[axis] != stride || problem.dst_sizes[axis] == 1 ||
                             box->size[axis] != 1)) {
        ++axis;
      }
      if (axis == rank) return false;
      const std::int64_t whole = problem.dst_sizes[axis];
      if (size > whole && size % whole != 0) return false;
      box->size[axis] = std::min(size, whole);
      stride *= whole;
      size = size > whole ? size / whole : 1;
    }
  }
  // The offset's digits in the strides, largest stride first.
  std::int64_t rest = region.dst_offset;
  Dims left = problem.dst_strides;
  for (int step = 0; step < rank; ++step) {
    int axis = -1;
    for (int a = 0; a < rank; ++a) {
      if (left[a] > 0 && problem.dst_sizes[a] > 1 && (axis < 0 || left[a] > left[axis])) axis = a;
    }
    if (axis < 0) break;
    box->begin[axis] = rest / left[axis];
    rest %= left[axis];
    if (box->begin[axis] + box->size[axis] > problem.dst_sizes[axis]) return false;
    left[axis] = 0;
  }
  return rest == 0;
}

// Replaces the boxes by what lies outside of `hole`. False where they become too many.
bool Subtract(const Box& hole, std::vector<Box>* boxes) {
  std::vector<Box> kept;
  for (Box box : *boxes) {
    bool overlaps = true;
    for (int d = 0; d < box.size.rank(); ++d) {
      overlaps = overlaps && hole.begin[d] < box.begin[d] + box.size[d] &&
                 box.begin[d] < hole.begin[d] + hole.size[d];
    }
    if (!overlaps) {
      kept.push_back(box);
      continue;
    }
    for (int d = 0; d < box.size.rank(); ++d) {
      const std::int64_t end = box.begin[d] + box.size[d];
      const std::int64_t low = std::max(box.begin[d], hole.begin[d]);
      const std::int64_t high = std::min(end, hole.begin[d] + hole.size[d]);
      Box part = box;
      part.size[d] = low - box.begin[d];
      if (part.size[d] > 0) kept.push_back(part);
      part.begin[d] = high;
      part.size[d] = end - high;
      if (part.size[d] > 0) kept.push_back(part);
      box.begin[d] = low;
      box.size[d] = high - low;
    }
  }
  *boxes = std::move(kept);
  return boxes->size() <= kMaxFillBoxes;
}

// Fills only what the regions leave, where they are boxes; otherwise everything, before the copies.
void PlanFill(const CopyProblem& problem, CopyPlan* plan) {
  Box whole{Dims(problem.dst_sizes.rank(), 0), problem.dst_sizes};
  for (std::int64_t size : problem.dst_sizes) {
    if (size == 0) return;
  }
  std::vector<Box> boxes{whole};
  bool exact = true;
  for (const Region& region : problem.regions) {
    Box hole;
    bool empty = std::find(region.sizes.begin(), region.sizes.end(), 0) != region.sizes.end();
    if (empty) continue;
    exact = AsBox(problem, region, &hole) && Subtract(hole, &boxes);
    if (!exact) break;
  }
  if (!exact) boxes.assign(1, whole);
  for (const Box& box : boxes) AddFill(problem, box, plan);
}

}  // namespace

void PlanCopy(const CopyProblem& problem, CopyPlan* plan) {
  const int bytes = problem.element_bytes;
  PLUMB_CHECK(bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8, "element of ", bytes, " bytes");
  plan->pieces.clear();
  plan->fill_tasks = plan->copy_tasks = plan->bytes_moved = 0;
  plan->element_bytes = bytes;
  plan->sources = problem.sources;
  plan->fill_bits = problem.fill_bits;
  if (problem.fill) PlanFill(problem, plan);
  plan->fills_before = plan->pieces.size();
  for (const Region& region : problem.regions) {
    PLUMB_CHECK(region.source >= 0 && region.source < problem.sources, "source ", region.source);
    LoopNest nest;
    nest.rank = region.sizes.rank();
    nest.operands = 2;
    for (int d = 0; d < nest.rank; ++d) {
      nest.sizes[d] = region.sizes[d];
      nest.strides[0][d] = region.src_strides[d] * bytes;
      nest.strides[1][d] = region.dst_strides[d] * bytes;
    }
    MergeDims(&nest, true, 1);
    if (nest.rank == 1 && nest.sizes[0] == 0) continue;
    CopyPiece piece = PieceOf(nest);
    piece.source = static_cast<std::int16_t>(region.source);
    piece.src_offset = region.src_offset * bytes;
    piece.dst_offset = region.dst_offset * bytes;
    ChooseKind(&piece, bytes);
    CutIntoTasks(&piece, bytes, &plan->copy_tasks);
    plan->bytes_moved += 2 * NumElements(region.sizes) * bytes;
    plan->pieces.push_back(piece);
  }
}

}  // namespace plumb::kernels
