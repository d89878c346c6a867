// Gelu: y = x (1 + erf(x / sqrt 2)) / 2, or with approximate = "tanh"
//       y = x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2.
#include <cmath>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

constexpr double kSqrtHalf = 0.70710678118654752;
constexpr double kSqrtTwoOverPi = 0.79788456080286536;
constexpr double kCubic = 0.044715;

// --- reference --------------------------------------------------------------------------------
double Exact(double x, const Coefficients&) { return 0.5 * x * (1 + std::erf(x * kSqrtHalf)); }

double Approximate(double x, const Coefficients&) {
  return 0.5 * x * (1 + std::tanh(kSqrtTwoOverPi * (x + kCubic * x * x * x)));
}

// --- gradient ---------------------------------------------------------------------------------
// Phi(x) + x phi(x), the normal distribution and its density.
Expr ExactGradient(const UnaryTerms& t) {
  const Expr distribution = 0.5 * (1.0 + Call("Erf", {t.x * kSqrtHalf}));
  const Expr density = Exp(Square(t.x) * -0.5) * (0.5 * kSqrtTwoOverPi);
  return t.dy * (distribution + t.x * density);
}

Expr ApproximateGradient(const UnaryTerms& t) {
  const Expr square = Square(t.x);
  const Expr tanh = Tanh(kSqrtTwoOverPi * (t.x + kCubic * t.x * square));
  const Expr inner = kSqrtTwoOverPi * (1.0 + 3 * kCubic * square);
  return t.dy * (0.5 * (1.0 + tanh) + 0.5 * t.x * (1.0 - Square(tanh)) * inner);
}

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kGelu = {
    .name = "Gelu",
    .doc =
        "y = x (1 + erf(x / sqrt 2)) / 2; approximate = 'tanh': "
        "x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2",
    .since = 20,
    .real = Exact,
    .gradient = ExactGradient,
    .code = InstructionCode(kernels::EltOp::kGelu),
};
constexpr UnaryRule kGeluTanh = {
    .name = "Gelu",
    .real = Approximate,
    .gradient = ApproximateGradient,
};

StatusOr<const UnaryRule*> RuleOf(const AttrMap& attrs) {
  const std::string approximate = attrs.String("approximate", "none");
  if (approximate == "none") return &kGelu;
  if (approximate == "tanh") return &kGeluTanh;
  return InvalidArgument("attribute 'approximate' is '", approximate, "', expected none or tanh");
}

Status Infer(InferContext& context) {
  PLUMB_RETURN_IF_ERROR(RuleOf(context.attrs()).status());
  return InferSame(context);
}

Status Reference(ReferenceContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const UnaryRule* rule, RuleOf(context.attrs()));
  return RunUnary(context, *rule);
}

Status Gradient(GradientContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const UnaryRule* rule, RuleOf(context.node().attrs));
  return UnaryGradient(context, *rule);
}

std::optional<EpilogueActivation> AsActivation(const Graph&, const Node& node) {
  if (node.attrs.String("approximate", "none") != "none") return std::nullopt;
  return EpilogueActivation{"gelu"};
}

// The erf form as exporters write it; they differ in where the half is.
std::vector<Pattern> Patterns() {
  return {{"halved last", R"(graph gelu(X) -> (y) {
  root = const f32[] {1.4142135}
  one = const f32[] {1}
  half = const f32[] {0.5}
  s = Div(X, root)
  e = Erf(s)
  p = Add(e, one)
  m = Mul(X, p)
  y = Mul(m, half)
})"},
          {"halved first", R"(graph gelu(X) -> (y) {
  root = const f32[] {1.4142135}
  one = const f32[] {1}
  half = const f32[] {0.5}
  h = Mul(X, half)
  s = Div(X, root)
  e = Erf(s)
  p = Add(e, one)
  y = Mul(h, p)
})"}};
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  std::vector<Sample> samples = UnarySamples(kGelu);
  for (std::size_t i = 0; i < 2; ++i) {
    Sample sample = samples[i];
    sample.name += ", tanh";
    sample.attrs.Set("approximate", std::string("tanh"));
    samples.push_back(sample);
  }
  return samples;
}

}  // namespace

const OpDef& GeluOp() {
  static const OpDef op = [] {
    OpDef op = UnaryElementwise<kGelu>();
    op.attrs = {{"approximate", AttrType::kString}};
    op.infer = Infer;
    op.reference = Reference;
    op.gradient = Gradient;
    op.as_activation = AsActivation;
    op.patterns = Patterns();
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
