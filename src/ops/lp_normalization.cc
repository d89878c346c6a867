// LpNormalization: each row along an axis divided by its p-norm, p = 1 or 2; zero stays zero.
#include <cmath>

#include "kernels/norm/norm.h"
#include "ops/cost.h"
#include "ops/lower.h"
#include "ops/lp_norm_terms.h"
#include "ops/sample_inputs.h"
#include "ops/softmax_family.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "LpNormalization";
  op.doc = "output = input / (sum of |input|^p along the axis)^(1/p), p = 1 or 2; 0 / 0 is 0";
  op.inputs = {{"input", "T=float"}};
  op.outputs = {{"output", "T"}};
  op.attrs = {{"axis", AttrType::kInt}, {"p", AttrType::kInt}};
  op.layout = LayoutRule::kFollow;
  op.differentiability = Differentiability::kYes;
  return op;
}

StatusOr<int> Power(const AttrMap& attrs) {
  const std::int64_t p = attrs.Int("p", 2);
  if (p != 1 && p != 2) return InvalidArgument("attribute 'p' is ", p, ", expected 1 or 2");
  return static_cast<int>(p);
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  PLUMB_RETURN_IF_ERROR(Power(context.attrs()).status());
  return InferSoftmax(context);
}

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const int p, Power(context.attrs()));
  return ReferenceRows(context, [p](std::span<double> row) {
    double sum = 0;
    for (const double x : row) sum += p == 1 ? std::abs(x) : x * x;
    const double norm = p == 1 ? sum : std::sqrt(sum);
    for (double& x : row) x = norm == 0 ? 0 : x / norm;
  });
}

// --- gradient ---------------------------------------------------------------------------------
// dx = (dy - n' sum(dy y)) / n, with the norm n and its derivative n' = sign(x) or y.
Status Gradient(GradientContext& context) {
  const Expr x = InputOf(context, 0), y = OutputOf(context), dy = GradientOf(context);
  if (!dy.present()) return OkStatus();
  const AttrMap attrs = context.node().attrs;
  PLUMB_ASSIGN_OR_RETURN(const int p, Power(attrs));
  const std::vector<std::int64_t> axis = {attrs.Int("axis", -1)};
  const Expr norm = Reduce(p == 1 ? "ReduceL1" : "ReduceL2", x, axis, /*keep=*/true);
  const Expr derivative = p == 1 ? Call("Sign", {x}) : y;
  const Expr sum = Reduce("ReduceSum", dy * y, axis, /*keep=*/true);
  context.SetInputGradient(0, NormShare(norm, dy - derivative * sum, 2).id());
  return context.builder().status();
}

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) { return CostPerOutput(node, 4); }

// --- lowering ---------------------------------------------------------------------------------
Status Lower(LowerContext& context) {
  const Operand& x = context.input(0);
  if (x.dtype != DType::kFloat32 || NumElements(x.shape) == 0) return OkStatus();
  kernels::LpNormProblem problem;
  PLUMB_ASSIGN_OR_RETURN(problem.p, Power(context.attrs()));
  PLUMB_ASSIGN_OR_RETURN(problem.axis,
                         NormalizeAxis(context.attrs().Int("axis", -1), x.shape.rank()));
  problem.sizes = x.shape;
  problem.src_strides = x.strides;
  problem.dst_strides = context.output(0).strides;
  KernelChoice choice;
  choice.algorithm.id = 0;
  choice.name = "lp_norm";
  choice.estimate.ops = 4 * static_cast<double>(NumElements(x.shape));
  choice.estimate.bytes = 8 * static_cast<double>(NumElements(x.shape));
  choice.kernel = BindLpNorm(problem, context.target());
  choice.operands = {{OperandRef::kInput, 0}, {OperandRef::kOutput, 0}};
  context.Add(std::move(choice));
  return OkStatus();
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const AttrMap sum = Attrs({{"p", std::int64_t{1}}, {"axis", std::int64_t{1}}});
  return {
      {"rows", {F32({3, 17})}, {}},
      {"channels", {F32({2, 5, 3, 4})}, Attrs({{"axis", std::int64_t{1}}})},
      {"sum of magnitudes", {F32({2, 5, 4})}, sum},
      {"a row of zeros", {Given(DType::kFloat32, {2, 3}, {0, 0, 0, 1, 2, 2})}, {}, 1, 1e-5, false},
  };
}

}  // namespace

const OpDef& LpNormalizationOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.gradient = Gradient;
    op.cost = CostOf;
    op.lower = Lower;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
