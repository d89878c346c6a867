// Shrink: y = x + bias where x < -lambd, x - bias where x > lambd, else 0.
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// alpha is `lambd`, beta is `bias`.
Coefficients Read(const AttrMap& attrs) {
  return {attrs.Float("lambd", 0.5f), attrs.Float("bias", 0)};
}

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kSchema = {
    .name = "Shrink",
    .doc = "y = x + bias where x < -lambd, x - bias where x > lambd, else 0",
    .since = 9,
    .types = "T=number",
    .real = [](double x, const Coefficients&) { return x; },
    .integer = [](Wide x) { return x; },
    .gradient = [](const UnaryTerms& t) { return t.dy; },
};

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  const Tensor& x = context.input(0);
  const Coefficients c = Read(context.attrs());
  PLUMB_ASSIGN_OR_RETURN(Tensor * y, context.Allocate(0, x.dtype(), x.shape()));
  return VisitNumber(
      x.dtype(),
      [&]<typename T>(T) -> Status {
        for (std::size_t i = 0; i < x.data<T>().size(); ++i) {
          const double value = AsDouble(x.data<T>()[i]);
          const double shrunk = value < -c.alpha  ? value + c.beta
                                : value > c.alpha ? value - c.beta
                                                  : value - value;  // NaN stays
          y->mutable_data<T>()[i] = FromDouble<T>(shrunk);
        }
        return OkStatus();
      },
      InvalidArgument("element type ", Str(DTypeName(x.dtype())), " is not taken by Shrink"));
}

// --- gradient ---------------------------------------------------------------------------------
Status Gradient(GradientContext& context) {
  const Expr x = InputOf(context, 0), dy = GradientOf(context);
  if (!dy.present()) return OkStatus();
  const Coefficients c = Read(context.node().attrs);
  const Expr outside = Call("Or", {Less(x, -c.alpha), Greater(x, c.alpha)});
  context.SetInputGradient(0, KeepWhere(outside, dy).id());
  return context.builder().status();
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  std::vector<Sample> samples = UnarySamples(kSchema);
  for (std::size_t i = 0; i < 2; ++i) {
    Sample sample = samples[i];
    sample.name += ", soft";
    sample.attrs = Attrs({{"lambd", 1.5f}, {"bias", 1.5f}});
    samples.push_back(sample);
  }
  return samples;
}

}  // namespace

const OpDef& ShrinkOp() {
  static const OpDef op = [] {
    OpDef op = UnaryElementwise<kSchema>();
    op.attrs = {{"bias", AttrType::kFloat}, {"lambd", AttrType::kFloat}};
    op.reference = Reference;
    op.gradient = Gradient;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
