#include "ops/arg_extreme.h"

#include <cmath>
#include <utility>
#include <vector>

#include "kernels/reduce/reduce.h"
#include "ops/cost.h"
#include "ops/expression.h"
#include "ops/lower.h"
#include "ops/number.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

bool KeepsDims(const AttrMap& attrs) { return attrs.Int("keepdims", 1) != 0; }

Status Infer(InferContext& context) {
  if (!context.has_dims(0)) {
    context.SetOutput(0, DType::kInt64, std::nullopt);
    return OkStatus();
  }
  const DimVector& x = context.dims(0);
  PLUMB_ASSIGN_OR_RETURN(const int axis,
                         NormalizeAxis(context.attrs().Int("axis", 0), static_cast<int>(x.size())));
  DimVector dims;
  for (int i = 0; i < static_cast<int>(x.size()); ++i) {
    if (i != axis) dims.push_back(x[static_cast<std::size_t>(i)]);
    if (i == axis && KeepsDims(context.attrs())) dims.push_back(Dim(1));
  }
  context.SetOutput(0, DType::kInt64, std::move(dims));
  return OkStatus();
}

std::vector<Sample> Samples() {
  const auto attrs = [](std::int64_t axis, std::int64_t keep, std::int64_t last) {
    return Attrs({{"axis", axis}, {"keepdims", keep}, {"select_last_index", last}});
  };
  const SampleInput ties = Given(DType::kFloat32, {2, 4}, {1, 3, 3, 0, 2, 2, 2, 2});
  return {
      {"first axis", {F32({5, 17})}, {}, 1, 0},
      {"last axis", {F32({3, 33})}, attrs(-1, 0, 0), 1, 0},
      {"channels", {F32({2, 5, 3, 4})}, attrs(1, 1, 0), 1, 0},
      {"first of equals", {ties}, attrs(1, 0, 0), 1, 0},
      {"last of equals", {ties}, attrs(1, 0, 1), 1, 0},
      {"i64", {Random(DType::kInt64, {4, 6}, -9, 9)}, attrs(1, 1, 0), 1, 0},
      {"u8", {Random(DType::kUInt8, {4, 6}, 0, 9)}, attrs(0, 0, 1), 1, 0},
  };
}

}  // namespace

OpDef ArgExtremeSchema(std::string_view name, std::string_view doc) {
  OpDef op;
  op.name = name;
  op.doc = doc;
  op.inputs = {{"data", "T=number"}};
  op.outputs = {{"reduced", "i64"}};
  op.attrs = {{"axis", AttrType::kInt},
              {"keepdims", AttrType::kInt},
              {"select_last_index", AttrType::kInt}};
  op.differentiability = Differentiability::kNot;
  op.infer = Infer;
  op.cost = [](const ConcreteNode& node) { return CostPerInput(node, 1); };
  op.samples = Samples;
  return op;
}

Status ReferenceArgExtreme(ReferenceContext& context, bool smallest) {
  const Tensor& x = context.input(0);
  PLUMB_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(context.attrs().Int("axis", 0), x.rank()));
  const std::int64_t length = x.shape()[axis], step = RowMajorStrides(x.shape())[axis];
  Shape outer = x.shape(), reduced;
  outer[axis] = 1;
  for (int i = 0; i < x.rank(); ++i) {
    if (i != axis || KeepsDims(context.attrs())) reduced.Append(outer[i]);
  }
  if (length == 0 && NumElements(reduced) > 0) {
    return InvalidArgument("axis ", axis, " has no elements to choose from");
  }
  const bool last = context.attrs().Int("select_last_index", 0) != 0;
  PLUMB_ASSIGN_OR_RETURN(Tensor * y, context.Allocate(0, DType::kInt64, reduced));
  std::int64_t* dst = y->mutable_data<std::int64_t>().data();
  return VisitNumber(
      x.dtype(),
      [&]<typename T>(T) -> Status {
        const T* src = x.data<T>().data();
        const auto beats = [&](T a, T b) {
          if constexpr (kIsReal<T>) {
            const double left = AsDouble(a), right = AsDouble(b);
            if (std::isnan(right)) return false;  // the first NaN wins
            return std::isnan(left) || (smallest ? left < right : left > right) ||
                   (last && left == right);
          } else {
            return (smallest ? a < b : a > b) || (last && a == b);
          }
        };
        ForEachOffset<1>(outer, {RowMajorStrides(x.shape())}, [&](const auto& at) {
          std::int64_t best = 0;
          for (std::int64_t i = 1; i < length; ++i) {
            if (beats(src[at[0] + i * step], src[at[0] + best * step])) best = i;
          }
          *dst++ = best;
        });
        return OkStatus();
      },
      InvalidArgument("element type ", Str(DTypeName(x.dtype())), " has no order"));
}

Status LowerArgExtreme(LowerContext& context, bool smallest) {
  const Operand& x = context.input(0);
  const Operand& y = context.output(0);
  const bool taken = x.dtype == DType::kFloat32 || x.dtype == DType::kFloat64 ||
                     x.dtype == DType::kInt32 || x.dtype == DType::kInt64 ||
                     x.dtype == DType::kInt8 || x.dtype == DType::kUInt8;
  if (!taken || NumElements(x.shape) == 0) return OkStatus();
  kernels::ArgReduceProblem problem;
  PLUMB_ASSIGN_OR_RETURN(problem.axis,
                         NormalizeAxis(context.attrs().Int("axis", 0), x.shape.rank()));
  problem.smallest = smallest;
  problem.select_last = context.attrs().Int("select_last_index", 0) != 0;
  problem.dtype = x.dtype;
  problem.sizes = x.shape;
  problem.src_strides = x.strides;
  problem.dst_strides = Strides(x.shape.rank(), 0);
  int out = 0;
  for (int axis = 0; axis < x.shape.rank(); ++axis) {
    if (axis != problem.axis) {
      problem.dst_strides[axis] = y.strides[out++];
    } else if (KeepsDims(context.attrs())) {
      ++out;
    }
  }
  KernelChoice choice;
  choice.algorithm.id = 0;
  choice.name = "arg_reduce";
  choice.estimate.ops = static_cast<double>(NumElements(x.shape));
  choice.estimate.bytes = static_cast<double>(StorageBytes(x.dtype, NumElements(x.shape)));
  choice.kernel = BindArgReduce(problem, context.target());
  choice.operands = {{OperandRef::kInput, 0}, {OperandRef::kOutput, 0}};
  context.Add(std::move(choice));
  return OkStatus();
}

}  // namespace plumb::ops
