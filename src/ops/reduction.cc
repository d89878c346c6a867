#include "ops/reduction.h"

#include <limits>
#include <optional>
#include <utility>

#include "ops/cost.h"
#include "ops/lower.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// bit i: axis i is reduced.
StatusOr<std::uint32_t> ReducedAxes(const std::vector<std::int64_t>& axes, bool noop_when_empty,
                                    int rank) {
  if (axes.empty()) return noop_when_empty ? 0u : (1u << rank) - 1;
  std::uint32_t reduced = 0;
  for (const std::int64_t axis : axes) {
    PLUMB_ASSIGN_OR_RETURN(const int at, NormalizeAxis(axis, rank));
    if ((reduced >> at & 1) != 0) return InvalidArgument("axis ", axis, " is given twice");
    reduced |= 1u << at;
  }
  return reduced;
}

bool KeepsDims(const AttrMap& attrs) { return attrs.Int("keepdims", 1) != 0; }
bool NoopWhenEmpty(const AttrMap& attrs) { return attrs.Int("noop_with_empty_axes", 0) != 0; }

bool IsReduced(std::uint32_t reduced, int axis) { return (reduced >> axis & 1) != 0; }

}  // namespace

// --- schema -----------------------------------------------------------------------------------
OpDef ReductionSchema(const ReductionRule& rule) {
  OpDef op;
  op.name = rule.name;
  op.doc = rule.doc;
  op.inputs = {{"data", rule.types}, {"axes", "i64", Arity::kOptional}};
  op.outputs = {{"reduced", "T"}};
  op.attrs = {{"keepdims", AttrType::kInt}, {"noop_with_empty_axes", AttrType::kInt}};
  op.differentiability = Differentiability::kYes;
  op.cost = [](const ConcreteNode& node) { return CostPerInput(node, 1); };
  return op;
}

Status UpgradeReduction(UpgradeContext& context, const ReductionRule& rule) {
  if (context.opset() >= rule.axes_input_since || !context.attrs.Has("axes")) return OkStatus();
  const std::vector<std::int64_t> axes = context.attrs.Ints("axes");
  context.attrs.Erase("axes");
  if (!axes.empty()) context.inputs.push_back(context.IntsConstant(axes));
  return context.builder().status();
}

// --- shape inference --------------------------------------------------------------------------
Status InferReduction(InferContext& context) {
  const bool keep = KeepsDims(context.attrs());
  const DType dtype = context.dtype(0);
  std::optional<std::vector<std::int64_t>> axes;
  if (context.has_input(1)) {
    axes = context.ints(1);
  } else {
    axes.emplace();
  }
  std::optional<DimVector> dims;
  if (context.has_dims(0)) {
    const DimVector& x = context.dims(0);
    const auto rank = static_cast<int>(x.size());
    if (axes) {
      PLUMB_ASSIGN_OR_RETURN(const std::uint32_t reduced,
                             ReducedAxes(*axes, NoopWhenEmpty(context.attrs()), rank));
      dims.emplace();
      for (int axis = 0; axis < rank; ++axis) {
        if (!IsReduced(reduced, axis)) dims->push_back(x[static_cast<std::size_t>(axis)]);
        if (IsReduced(reduced, axis) && keep) dims->push_back(Dim(1));
      }
    } else if (keep) {
      dims.emplace();
      for (int axis = 0; axis < rank; ++axis) dims->push_back(context.FreshDim());
    }
  } else if (axes && axes->empty() && !keep && !NoopWhenEmpty(context.attrs())) {
    dims.emplace();
  }
  context.SetOutput(0, dtype, std::move(dims));
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
namespace {

struct Split {
  Shape kept, reduced;  // sizes of the two kinds of axes
  Strides kept_strides, reduced_strides;
  Shape output;
};

Split SplitAxes(const Shape& shape, std::uint32_t reduced, bool keep) {
  const Strides strides = RowMajorStrides(shape);
  Split split;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const bool is_reduced = IsReduced(reduced, axis);
    (is_reduced ? split.reduced : split.kept).Append(shape[axis]);
    (is_reduced ? split.reduced_strides : split.kept_strides).Append(strides[axis]);
    if (!is_reduced || keep) split.output.Append(is_reduced ? 1 : shape[axis]);
  }
  return split;
}

template <typename T>
void ReduceLoop(const ReductionRule& rule, const Split& split, const T* src, T* dst) {
  std::vector<double> reals;
  std::vector<Wide> integers;
  const bool exact = !kIsReal<T> && rule.integer != nullptr;
  ForEachOffset<1>(split.kept, {split.kept_strides}, [&](const auto& at) {
    reals.clear();
    integers.clear();
    ForEachOffset<1>(split.reduced, {split.reduced_strides}, [&](const auto& inner) {
      const T value = src[at[0] + inner[0]];
      if constexpr (!kIsReal<T>) {
        if (exact) integers.push_back(static_cast<Wide>(value));
      }
      if (!exact) reals.push_back(AsDouble(value));
    });
    if (exact) {
      // The extremes of nothing are the type's own.
      if constexpr (!kIsReal<T>) {
        if (integers.empty() && rule.kind == kernels::ReduceKind::kMax) {
          *dst++ = std::numeric_limits<T>::lowest();
        } else if (integers.empty() && rule.kind == kernels::ReduceKind::kMin) {
          *dst++ = std::numeric_limits<T>::max();
        } else {
          *dst++ = Wrap<T>(rule.integer(integers));
        }
      }
    } else {
      *dst++ = FromDouble<T>(rule.real(reals));
    }
  });
}

}  // namespace

Status RunReduction(ReferenceContext& context, const ReductionRule& rule) {
  const Tensor& x = context.input(0);
  std::vector<std::int64_t> axes;
  if (context.has_input(1)) {
    const Tensor& given = context.input(1);
    if (given.dtype() != DType::kInt64 || given.rank() != 1) {
      return InvalidArgument("axes are ", Str(DTypeName(given.dtype())), " of rank ", given.rank(),
                             ", expected an i64 vector");
    }
    axes = ToInt64s(given);
  }
  PLUMB_ASSIGN_OR_RETURN(const std::uint32_t reduced,
                         ReducedAxes(axes, NoopWhenEmpty(context.attrs()), x.rank()));
  // Without an axis nothing is done at all: not even the square of ReduceSumSquare.
  if (reduced == 0 && x.rank() > 0) {
    context.SetOutput(0, x);
    return OkStatus();
  }
  const Split split = SplitAxes(x.shape(), reduced, KeepsDims(context.attrs()));
  PLUMB_ASSIGN_OR_RETURN(Tensor * y, context.Allocate(0, x.dtype(), split.output));
  return VisitNumber(
      x.dtype(),
      [&]<typename T>(T) -> Status {
        ReduceLoop<T>(rule, split, x.data<T>().data(), y->mutable_data<T>().data());
        return OkStatus();
      },
      InvalidArgument("element type ", Str(DTypeName(x.dtype())), " is not taken by ",
                      Str(rule.name)));
}

// --- gradient ---------------------------------------------------------------------------------
namespace {

// y and dy with the reduced axes back in place. Without axes everything was reduced, and a scalar
// broadcasts as it is.
Expr Kept(GradientContext& context, const Expr& e) {
  if (KeepsDims(context.node().attrs) || context.input(1) == kNoValue) return e;
  return Call("Unsqueeze", {e, InputOf(context, 1)});
}

bool IsNoop(GradientContext& context) {
  if (!NoopWhenEmpty(context.node().attrs)) return false;
  const ValueId axes = context.input(1);
  if (axes == kNoValue) return true;
  const Graph& graph = context.builder().graph();
  return graph.IsConstant(axes) && graph.value(axes).constant.num_elements() == 0;
}

}  // namespace

Expr ReductionTerms::Over(std::string_view reduction, const Expr& e) const {
  AttrMap attrs = context->node().attrs;
  attrs.Set("keepdims", std::int64_t{1});
  if (context->input(1) == kNoValue) return Call(reduction, {e}, attrs);
  return Call(reduction, {e, InputOf(*context, 1)}, attrs);
}

Status ReductionGradient(GradientContext& context, const ReductionRule& rule) {
  const Expr dy = GradientOf(context), x = InputOf(context, 0), y = OutputOf(context);
  if (!dy.present()) return OkStatus();
  if (IsNoop(context)) {
    context.SetInputGradient(0, dy.id());
    return OkStatus();
  }
  ReductionTerms terms;
  terms.x = x;
  terms.y = Kept(context, y);
  terms.dy = Kept(context, dy);
  terms.context = &context;
  if (rule.kind == kernels::ReduceKind::kMean) terms.count = CountOf(x, dy) / CountOf(y, dy);
  const Expr dx = rule.gradient(terms);
  context.SetInputGradient(0, Expand(dx, ShapeOf(x)).id());
  return context.builder().status();
}

// --- lowering ---------------------------------------------------------------------------------
namespace {

bool KernelTakes(kernels::ReduceKind kind, DType type) {
  switch (type) {
    case DType::kFloat32:
    case DType::kFloat64:
    case DType::kInt32:
    case DType::kInt64: return true;
    case DType::kInt8:
    case DType::kUInt8:
    case DType::kBool:
      return kind == kernels::ReduceKind::kMax || kind == kernels::ReduceKind::kMin;
    default: return false;
  }
}

}  // namespace

Status LowerReduction(LowerContext& context, const ReductionRule& rule) {
  const Operand& x = context.input(0);
  const Operand& y = context.output(0);
  std::vector<std::int64_t> axes;
  if (context.has_input(1)) {
    const std::optional<std::vector<std::int64_t>> known = context.ints(1);
    if (!known) return OkStatus();
    axes = *known;
  }
  PLUMB_ASSIGN_OR_RETURN(const std::uint32_t reduced,
                         ReducedAxes(axes, NoopWhenEmpty(context.attrs()), x.shape.rank()));
  if (reduced == 0) return OkStatus();
  kernels::ReduceProblem problem;
  problem.kind = rule.kind;
  problem.dtype = x.dtype;
  problem.sizes = x.shape;
  problem.reduced = reduced;
  problem.src_strides = x.strides;
  problem.dst_strides = Strides(x.shape.rank(), 0);
  int out = 0;
  for (int axis = 0; axis < x.shape.rank(); ++axis) {
    if (!IsReduced(reduced, axis)) {
      problem.dst_strides[axis] = y.strides[out++];
    } else if (KeepsDims(context.attrs())) {
      ++out;
    }
  }
  if (!KernelTakes(rule.kind, x.dtype) || !CanBindReduce(problem)) return OkStatus();
  KernelChoice choice;
  choice.algorithm.id = 0;
  choice.name = "reduce";
  choice.estimate.ops = static_cast<double>(NumElements(x.shape));
  choice.estimate.bytes = static_cast<double>(StorageBytes(x.dtype, NumElements(x.shape)));
  choice.kernel = BindReduce(problem, context.target());
  choice.operands = {{OperandRef::kInput, 0}, {OperandRef::kOutput, 0}};
  context.Add(std::move(choice));
  return OkStatus();
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> ReductionSamples(const ReductionRule& rule) {
  const auto x = [&](Sizes shape) { return F32(std::move(shape), rule.low, rule.high); };
  const AttrMap drop = Attrs({{"keepdims", std::int64_t{0}}});
  const AttrMap noop = Attrs({{"noop_with_empty_axes", std::int64_t{1}}});
  std::vector<Sample> samples = {
      {"all", {x({3, 5, 4})}, {}},
      {"all dropped", {x({3, 5, 4})}, drop},
      {"last axis", {x({3, 17}), ConstantInts({-1})}, {}},
      {"first axis", {x({9, 16}), ConstantInts({0})}, drop},
      {"middle axis", {x({2, 7, 3}), ConstantInts({1})}, drop},
      {"outer axes", {x({3, 5, 4}), ConstantInts({0, 2})}, {}},
      {"spatial axes", {x({2, 3, 4, 5}), ConstantInts({2, 3})}, drop},
      {"no axes, no work", {x({3, 4})}, noop},
      {"one element", {x({1, 1}), ConstantInts({0})}, {}},
      {"long", {x({3000}), ConstantInts({0})}, {}},
      {"scalar", {x({})}, {}},
      {"f64", {Random(DType::kFloat64, {4, 6}, rule.low, rule.high), ConstantInts({1})}, {}},
      {"i32", {Random(DType::kInt32, {4, 6}, 1, 9), ConstantInts({1})}, {}, 1, 0},
      {"i64", {Random(DType::kInt64, {4, 6}, 1, 9), ConstantInts({0})}, {}, 1, 0},
  };
  samples.push_back(
      {"f16", {Random(DType::kFloat16, {3, 7}, rule.low, rule.high)}, {}, 1, 4e-3, false});
  return samples;
}

}  // namespace plumb::ops
