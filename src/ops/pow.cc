// Pow: y = a ^ b with the type of a; integer powers wrap, and 1 / a^|b| truncates.
#include <cmath>

#include "ops/elementwise.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "Pow";
  op.doc = "Z = X ^ Y, of the type of X";
  op.since_opset = 7;
  op.inputs = {{"X", "T=number"}, {"Y", "T1=number"}};
  op.outputs = {{"Z", "T"}};
  op.elementwise = true;
  op.layout = LayoutRule::kFollow;
  op.inplace_inputs = {0};
  op.elementwise_code = InstructionCode(kernels::EltOp::kPow);
  op.differentiability = Differentiability::kYes;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) { return InferBroadcast(context, context.dtype(0)); }

// --- reference --------------------------------------------------------------------------------
// The low 64 bits of a^b for b >= 0; below, the truncated reciprocal, and 0 for a = 0.
std::uint64_t IntegerPower(std::int64_t a, std::int64_t b) {
  if (b < 0) {
    if (a == 1) return 1;
    if (a == -1) return b % 2 == 0 ? 1 : ~std::uint64_t{0};
    return 0;
  }
  std::uint64_t result = 1, factor = static_cast<std::uint64_t>(a);
  for (; b > 0; b /= 2) {
    if (b % 2 == 1) result *= factor;
    factor *= factor;
  }
  return result;
}

// An exponent, read once in either way, so that there is one loop per type of the base alone.
struct Exponent {
  double real;
  std::int64_t whole;  // of an integer type
};

Status ReadExponents(const Tensor& y, std::vector<Exponent>* exponents) {
  return VisitNumber(
      y.dtype(),
      [&]<typename B>(B) -> Status {
        for (const B b : y.data<B>()) {
          Exponent exponent{AsDouble(b), 0};
          if constexpr (!kIsReal<B>) exponent.whole = static_cast<std::int64_t>(b);
          exponents->push_back(exponent);
        }
        return OkStatus();
      },
      InvalidArgument("element type ", Str(DTypeName(y.dtype())), " is no exponent"));
}

template <typename A>
A Power(A a, const Exponent& b, bool real) {
  if constexpr (!kIsReal<A>) {
    if (!real) return static_cast<A>(IntegerPower(static_cast<std::int64_t>(a), b.whole));
  }
  return FromDouble<A>(std::pow(AsDouble(a), b.real));
}

Status Reference(ReferenceContext& context) {
  const Tensor& x = context.input(0);
  const Tensor& y = context.input(1);
  PLUMB_ASSIGN_OR_RETURN(const Shape shape, BroadcastInputs(context));
  PLUMB_ASSIGN_OR_RETURN(Tensor * z, context.Allocate(0, x.dtype(), shape));
  std::vector<Exponent> exponents;
  exponents.reserve(static_cast<std::size_t>(y.num_elements()));
  PLUMB_RETURN_IF_ERROR(ReadExponents(y, &exponents));
  const bool real = IsFloating(y.dtype());
  return VisitNumber(
      x.dtype(),
      [&]<typename A>(A) -> Status {
        A* dst = z->mutable_data<A>().data();
        const A* base = x.data<A>().data();
        ForEachOffset<2>(
            shape, {BroadcastStrides(x.shape(), shape), BroadcastStrides(y.shape(), shape)},
            [&](const auto& at) {
              *dst++ = Power(base[at[0]], exponents[static_cast<std::size_t>(at[1])], real);
            });
        return OkStatus();
      },
      InvalidArgument("element type ", Str(DTypeName(x.dtype())), " has no power"));
}

// --- gradient ---------------------------------------------------------------------------------
// dx = dz y x^(y-1), dy = dz z ln x; the latter is zero where x is.
Status Gradient(GradientContext& context) {
  const Expr x = InputOf(context, 0), y = InputOf(context, 1), z = OutputOf(context);
  const Expr dz = GradientOf(context);
  if (!dz.present() || !IsFloating(x.dtype())) return OkStatus();
  const Expr exponent = Cast(y, x.dtype());
  SetGradient(context, 0, dz * exponent * Call("Pow", {x, exponent - 1.0}));
  if (IsFloating(y.dtype())) {
    const Expr safe = Where(Greater(x, 0), x, Number(x, 1));
    SetGradient(context, 1, Cast(dz * z * Log(safe), y.dtype()));
  }
  return context.builder().status();
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const auto given = [](double value) { return Constant(Given(DType::kFloat32, {}, {value})); };
  return {
      {"same", {F32({2, 3, 5}, 0.2, 3), F32({2, 3, 5}, -2, 2)}, {}},
      {"square", {F32({3, 17}, -3, 3), given(2)}, {}, 1, 1e-5, false},
      {"cube", {F32({3, 17}, 0.1, 3), given(3)}, {}},
      {"root", {F32({9}, 0.1, 3), given(0.5)}, {}},
      {"broadcast", {F32({4, 1}, 0.2, 3), F32({1, 5}, -2, 2)}, {}},
      {"integer exponent", {F32({5}, 0.5, 2), Random(DType::kInt64, {5}, -3, 3)}, {}},
      {"integers", {Random(DType::kInt32, {9}, -5, 5), Random(DType::kInt32, {9}, 0, 5)}, {}, 1, 0},
      {"zero and below",
       {Given(DType::kInt64, {4}, {0, 1, -1, 2}), Given(DType::kInt64, {4}, {-1, -3, -3, -1})},
       {},
       1,
       0},
      {"integer base, real exponent", {Random(DType::kInt32, {6}, 1, 9), F32({6}, 0, 3)}, {}, 1, 0},
  };
}

}  // namespace

const OpDef& PowOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.gradient = Gradient;
    op.lower = LowerElementwise;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
