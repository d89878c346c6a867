#include "ops/pool_lower.h"

#include <algorithm>
#include <utility>

#include "ops/pooling.h"

namespace plumb::ops {
namespace {

using kernels::PoolKind;
using kernels::PoolProblem;

bool Takes(PoolKind kind, DType type) {
  if (type == DType::kFloat32 || type == DType::kFloat64 || type == DType::kBFloat16) return true;
  return kind == PoolKind::kMax && (type == DType::kInt8 || type == DType::kUInt8);
}

void AddPool(LowerContext& context, PoolProblem problem, const Pool& pool) {
  const Operand& x = context.input(0);
  const Operand& y = context.output(0);
  problem.dtype = x.dtype;
  problem.batch = x.shape[0];
  problem.channels = x.shape[1];
  double taps = 1;
  for (int axis = 0; axis < pool.window.rank; ++axis) {
    const int slot = 3 - pool.window.rank + axis;
    problem.in_sizes[slot] = pool.large[axis];
    problem.out_sizes[slot] = pool.small[axis];
    problem.kernel[slot] = pool.window.kernel[axis];
    problem.stride[slot] = pool.window.stride[axis];
    problem.dilation[slot] = pool.window.dilation[axis];
    problem.pad_begin[slot] = pool.window.pad_begin[axis];
    problem.pad_end[slot] = pool.window.pad_end[axis];
    problem.in_spatial[slot] = x.strides[axis + 2];
    problem.out_spatial[slot] = y.strides[axis + 2];
    taps *= static_cast<double>(std::min(pool.window.kernel[axis], pool.large[axis]));
  }
  problem.in_batch = x.strides[0];
  problem.in_channel = x.strides[1];
  problem.out_batch = y.strides[0];
  problem.out_channel = y.strides[1];
  KernelChoice choice;
  choice.algorithm.id = 0;
  choice.name = "pool";
  choice.estimate.ops = taps * static_cast<double>(NumElements(y.shape));
  choice.estimate.bytes = static_cast<double>(StorageBytes(x.dtype, NumElements(x.shape)) +
                                              StorageBytes(y.dtype, NumElements(y.shape)));
  choice.kernel = BindPool(problem, context.target());
  choice.operands = {{OperandRef::kInput, 0}, {OperandRef::kOutput, 0}};
  if (problem.indices) choice.operands.push_back({OperandRef::kOutput, 1});
  context.Add(std::move(choice));
}

}  // namespace

Status LowerPool(LowerContext& context, PoolKind kind) {
  const Operand& x = context.input(0);
  if (!Takes(kind, x.dtype) || x.shape.rank() > 5) return OkStatus();
  PLUMB_ASSIGN_OR_RETURN(const Pool pool, MakePool(context.attrs(), x.shape));
  PoolProblem problem;
  problem.kind = kind;
  problem.count_include_pad = context.attrs().Int("count_include_pad", 0) != 0;
  problem.indices = context.num_outputs() > 1 && context.output(1).present;
  if (problem.indices && context.output(1).strides != context.output(0).strides) return OkStatus();
  problem.column_major_indices = context.attrs().Int("storage_order", 0) != 0;
  problem.p = static_cast<int>(context.attrs().Int("p", 2));
  AddPool(context, problem, pool);
  return OkStatus();
}

Status LowerGlobalPool(LowerContext& context, PoolKind kind) {
  const Operand& x = context.input(0);
  const int rank = x.shape.rank() - 2;
  if (!Takes(kind, x.dtype) || rank < 1 || rank > 3) return OkStatus();
  if (NumElements(x.shape) == 0) return OkStatus();
  Pool pool;
  pool.window.rank = rank;
  pool.large = pool.window.kernel = SpatialOf(x.shape);
  pool.window.stride = pool.window.dilation = pool.small = Dims(rank, 1);
  pool.window.pad_begin = pool.window.pad_end = Dims(rank, 0);
  PoolProblem problem;
  problem.kind = kind;
  problem.p = static_cast<int>(context.attrs().Int("p", 2));
  AddPool(context, problem, pool);
  return OkStatus();
}

}  // namespace plumb::ops
