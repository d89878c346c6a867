// Reductions over any axes of a strided tensor, and the position of the extreme along one axis.
//
// Sums of fp32 are split into blocks of a fixed size whose partial sums are combined pairwise: the
// split depends on the sizes alone, never on the thread count. min and max keep NaN. An empty
// reduction gives the neutral element (0, 1, -inf or the type's lowest, +inf or the highest); the
// mean of nothing is NaN.
//
// Operands: src, dst. dst holds the elements of the kept axes; for ArgReduce it is int64.
#pragma once

#include <cstdint>

#include "core/dtype.h"
#include "core/shape.h"
#include "kernels/kernel.h"

namespace plumb::kernels {

enum class ReduceKind : std::uint8_t {
  kSum,
  kMean,
  kMax,
  kMin,
  kProd,
  kL1,
  kL2,
  kLogSum,
  kLogSumExp,
  kSumSquare
};

struct ReduceProblem {
  ReduceKind kind = ReduceKind::kSum;
  DType dtype = DType::kFloat32;  // f32 f64 i32 i64 of every kind (integers: as C++ casts the
                                  // double result of mean, l2, log...), i8 u8 bool for max and min
  Shape sizes;                    // at most 4 kept and 4 reduced dimensions are left after merging
  std::uint32_t reduced = 0;      // bit i: axis i is reduced
  Strides src_strides;
  Strides dst_strides;  // same rank; ignored at reduced axes
};
bool CanBindReduce(const ReduceProblem& problem);
BoundKernel BindReduce(const ReduceProblem& problem, const Target& target);

// Index of the largest (or smallest) element along `axis`; the first of equals, or the last with
// select_last. The first NaN wins.
struct ArgReduceProblem {
  bool smallest = false;
  bool select_last = false;
  DType dtype = DType::kFloat32;  // f32 f64 i32 i64 i8 u8
  Shape sizes;
  int axis = 0;
  Strides src_strides;
  Strides dst_strides;  // same rank; ignored at the axis
};
BoundKernel BindArgReduce(const ArgReduceProblem& problem, const Target& target);

}  // namespace plumb::kernels
