// Clip: y = min(max(x, min), max); NaN stays, and max wins where it is below min.
#include <limits>
#include <utility>

#include "ops/elementwise.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "Clip";
  op.doc = "output = min(max(input, min), max); either bound may be left out";
  op.since_opset = 6;
  op.inputs = {
      {"input", "T=number"}, {"min", "T", Arity::kOptional}, {"max", "T", Arity::kOptional}};
  op.outputs = {{"output", "T"}};
  op.elementwise = true;
  op.layout = LayoutRule::kFollow;
  op.inplace_inputs = {0};
  op.elementwise_code = InstructionCode(kernels::EltOp::kClip);
  op.differentiability = Differentiability::kYes;
  return op;
}

// The bounds were float attributes before opset 11.
Status Upgrade(UpgradeContext& context) {
  if (context.opset() >= 11) return OkStatus();
  const DType type = Expr(&context.builder(), context.inputs[0]).dtype();
  for (const char* name : {"min", "max"}) {
    if (context.attrs.Has(name)) {
      const double bound = context.attrs.Float(name, 0);
      context.inputs.push_back(context.builder().Scalar(type, bound));
    } else {
      context.inputs.push_back(kNoValue);
    }
    context.attrs.Erase(name);
  }
  return context.builder().status();
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  for (int i = 1; i < context.num_inputs(); ++i) {
    if (!context.has_dims(i)) continue;
    for (const Dim& dim : context.dims(i)) {
      if (dim.is_constant() && dim.value() != 1) {
        return InvalidArgument("input ", i, " '", i == 1 ? "min" : "max", "' has ", dim.value(),
                               " elements, expected a scalar");
      }
    }
  }
  return InferSame(context);
}

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  const Tensor& x = context.input(0);
  for (int i = 1; i < context.num_inputs(); ++i) {
    if (!context.has_input(i)) continue;
    if (context.input(i).dtype() != x.dtype() || context.input(i).num_elements() != 1) {
      return InvalidArgument("input ", i, " is ", Str(DTypeName(context.input(i).dtype())), " ",
                             context.input(i).shape().ToString(), ", expected a scalar ",
                             Str(DTypeName(x.dtype())));
    }
  }
  PLUMB_ASSIGN_OR_RETURN(Tensor * y, context.Allocate(0, x.dtype(), x.shape()));
  return VisitNumber(
      x.dtype(),
      [&]<typename T>(T) -> Status {
        // Float16 and BFloat16 compare as doubles; integers as themselves.
        using Number = std::conditional_t<kIsReal<T>, double, T>;
        const auto number = [](T value) {
          if constexpr (kIsReal<T>) {
            return AsDouble(value);
          } else {
            return value;
          }
        };
        const bool low = context.has_input(1), high = context.has_input(2);
        const Number least = low ? number(context.input(1).data<T>()[0]) : Number{};
        const Number most = high ? number(context.input(2).data<T>()[0]) : Number{};
        for (std::size_t i = 0; i < x.data<T>().size(); ++i) {
          Number value = number(x.data<T>()[i]);
          if (low && value < least) value = least;
          if (high && value > most) value = most;
          y->mutable_data<T>()[i] = T(value);
        }
        return OkStatus();
      },
      InvalidArgument("element type ", Str(DTypeName(x.dtype())), " has no order"));
}

// --- gradient ---------------------------------------------------------------------------------
// What is left as it was passes its gradient; a bound gets the gradients of what it replaced.
Status Gradient(GradientContext& context) {
  const Expr x = InputOf(context, 0), y = OutputOf(context), dy = GradientOf(context);
  if (!dy.present()) return OkStatus();
  const Expr kept = Equal(x, y);
  context.SetInputGradient(0, KeepWhere(kept, dy).id());
  const Expr clipped = Where(kept, Number(dy, 0), dy);
  const auto sum_where = [&](const Expr& condition) {
    return Reduce("ReduceSum", KeepWhere(condition, clipped), {}, /*keep=*/false);
  };
  const auto set = [&](int i, const Expr& condition) {
    if (context.input(i) == kNoValue) return;
    const Expr bound = InputOf(context, i);
    context.SetInputGradient(i, Reshape(sum_where(condition), ShapeOf(bound)).id());
  };
  set(1, Less(x, y));
  set(2, Less(y, x));
  return context.builder().status();
}

// --- lowering ---------------------------------------------------------------------------------
std::optional<EpilogueActivation> AsActivation(const Graph& graph, const Node& node) {
  EpilogueActivation activation{"clip", -std::numeric_limits<float>::infinity(),
                                std::numeric_limits<float>::infinity()};
  for (int i = 1; i < 3; ++i) {
    if (node.input(i) == kNoValue) continue;
    if (!graph.IsConstant(node.input(i))) return std::nullopt;
    const Tensor& bound = graph.value(node.input(i)).constant;
    if (bound.dtype() != DType::kFloat32 || bound.num_elements() != 1) return std::nullopt;
    (i == 1 ? activation.alpha : activation.beta) = bound.data<float>()[0];
  }
  // Where the bounds are the wrong way round, the upper one wins; in an epilogue the lower would.
  activation.alpha = std::min(activation.alpha, activation.beta);
  return activation;
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const auto bound = [](double value, DType type = DType::kFloat32) {
    return Constant(Given(type, {}, {value}));
  };
  const auto i32 = [](Sizes shape) { return Random(DType::kInt32, std::move(shape), -99, 99); };
  return {
      {"both", {F32({2, 3, 17}, -3, 9), bound(0), bound(6)}, {}},
      {"min", {F32({3, 5}, -3, 3), bound(-0.5)}, {}},
      {"max", {F32({3, 5}, -3, 3), Omitted(), bound(0.5)}, {}},
      {"neither", {F32({3, 5})}, {}},
      {"crossed", {F32({3, 5}, -3, 3), bound(1), bound(-1)}, {}, 1, 1e-5, false},
      {"bounds at run time", {F32({17}, -3, 3), F32({}, -1, -0.5), F32({}, 0.5, 1)}, {}},
      {"empty", {F32({0, 3}), bound(0), bound(1)}, {}},
      {"f64",
       {Random(DType::kFloat64, {9}, -3, 3), bound(-1, DType::kFloat64), bound(1, DType::kFloat64)},
       {}},
      {"i32", {i32({4, 9}), bound(-9, DType::kInt32), bound(20, DType::kInt32)}, {}, 1, 0},
      {"u8",
       {Random(DType::kUInt8, {9}, 0, 255), bound(9, DType::kUInt8), bound(200, DType::kUInt8)},
       {},
       1,
       0},
  };
}

}  // namespace

const OpDef& ClipOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.gradient = Gradient;
    op.lower = LowerElementwise;
    op.upgrade = Upgrade;
    op.as_activation = AsActivation;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
