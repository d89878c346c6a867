// CumSum: y[i] = the sum of x up to i along an axis; exclusive leaves x[i] out, reverse starts at
// the end.
#include <type_traits>
#include <vector>

#include "ops/cost.h"
#include "ops/expression.h"
#include "ops/number.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "CumSum";
  op.doc =
      "y[i] = sum of x[0 ... i] along the axis; exclusive: without x[i]; reverse: from the end";
  op.since_opset = 11;
  op.inputs = {{"x", "T=number"}, {"axis", "index"}};
  op.outputs = {{"y", "T"}};
  op.attrs = {{"exclusive", AttrType::kInt}, {"reverse", AttrType::kInt}};
  op.differentiability = Differentiability::kYes;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  const std::optional<std::vector<std::int64_t>> axis = context.ints(1);
  if (axis && axis->size() != 1) {
    return InvalidArgument("axis has ", axis->size(), " elements, expected 1");
  }
  if (axis && context.has_dims(0)) {
    const auto rank = static_cast<int>(context.dims(0).size());
    PLUMB_RETURN_IF_ERROR(NormalizeAxis((*axis)[0], rank).status());
  }
  context.SetOutput(0, context.dtype(0), context.input(0).dims);
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  const Tensor& x = context.input(0);
  const Tensor& given = context.input(1);
  if (given.num_elements() != 1 || !IsInteger(given.dtype())) {
    return InvalidArgument("axis is ", Str(DTypeName(given.dtype())), " ", given.shape().ToString(),
                           ", expected one integer");
  }
  PLUMB_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(ToInt64s(given)[0], x.rank()));
  const bool exclusive = context.attrs().Int("exclusive", 0) != 0;
  const bool reverse = context.attrs().Int("reverse", 0) != 0;
  const std::int64_t length = x.shape()[axis], step = RowMajorStrides(x.shape())[axis];
  Shape outer = x.shape();
  outer[axis] = length == 0 ? 0 : 1;
  PLUMB_ASSIGN_OR_RETURN(Tensor * y, context.Allocate(0, x.dtype(), x.shape()));
  return VisitNumber(
      x.dtype(),
      [&]<typename T>(T) -> Status {
        using Sum = std::conditional_t<kIsReal<T>, double, std::uint64_t>;
        const T* src = x.data<T>().data();
        T* dst = y->mutable_data<T>().data();
        const auto store = [](Sum sum) {
          if constexpr (kIsReal<T>) {
            return FromDouble<T>(sum);
          } else {
            return static_cast<T>(sum);
          }
        };
        ForEachOffset<1>(outer, {RowMajorStrides(x.shape())}, [&](const auto& at) {
          Sum sum{};
          for (std::int64_t k = 0; k < length; ++k) {
            const std::int64_t i = at[0] + (reverse ? length - 1 - k : k) * step;
            if (exclusive) dst[i] = store(sum);
            if constexpr (kIsReal<T>) {
              sum += AsDouble(src[i]);
            } else {
              sum += static_cast<Sum>(src[i]);
            }
            if (!exclusive) dst[i] = store(sum);
          }
        });
        return OkStatus();
      },
      InvalidArgument("element type ", Str(DTypeName(x.dtype())), " has no sum"));
}

// --- gradient ---------------------------------------------------------------------------------
// The same sum from the other end.
Status Gradient(GradientContext& context) {
  const Expr dy = GradientOf(context);
  if (!dy.present()) return OkStatus();
  AttrMap attrs = context.node().attrs;
  attrs.Set("reverse", std::int64_t{attrs.Int("reverse", 0) == 0});
  context.SetInputGradient(0, Call("CumSum", {dy, InputOf(context, 1)}, attrs).id());
  return context.builder().status();
}

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) { return CostPerOutput(node, 1); }

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const auto axis = [](double value) { return Constant(Given(DType::kInt64, {}, {value})); };
  const AttrMap exclusive = Attrs({{"exclusive", std::int64_t{1}}});
  const AttrMap reverse = Attrs({{"reverse", std::int64_t{1}}});
  const AttrMap both = Attrs({{"exclusive", std::int64_t{1}}, {"reverse", std::int64_t{1}}});
  return {
      {"rows", {F32({3, 7}), axis(1)}, {}},
      {"columns", {F32({3, 4, 2}), axis(-2)}, {}},
      {"exclusive", {F32({9}), axis(0)}, exclusive},
      {"reverse", {F32({2, 5}), axis(1)}, reverse},
      {"exclusive reverse", {F32({2, 5}), axis(1)}, both},
      {"empty", {F32({0, 3}), axis(0)}, {}},
      {"i32", {Random(DType::kInt32, {3, 5}, -9, 9), axis(1)}, {}, 1, 0},
  };
}

}  // namespace

const OpDef& CumSumOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.gradient = Gradient;
    op.cost = CostOf;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
