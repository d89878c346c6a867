// Mean: y = the mean of all inputs, broadcast.
#include <optional>
#include <vector>

#include "ops/elementwise.h"
#include "ops/eltwise_program.h"

namespace plumb::ops {
namespace {

// --- reference --------------------------------------------------------------------------------
double Real(double a, double b) { return a + b; }

// --- gradient ---------------------------------------------------------------------------------
Status Gradient(GradientContext& context) {
  const Expr dy = GradientOf(context);
  if (!dy.present()) return OkStatus();
  const int count = static_cast<int>(context.node().inputs.size());
  for (int i = 0; i < count; ++i) SetGradient(context, i, dy / count);
  return context.builder().status();
}

// --- schema -----------------------------------------------------------------------------------
constexpr VariadicRule kMean = {
    .name = "Mean",
    .doc = "y = the mean of all inputs, broadcast",
    .since = 8,
    .types = "T=float",
    .real = Real,
    .mean = true,
    .gradient = Gradient,
    .code = InstructionCode(kernels::EltOp::kAdd),
};

// --- lowering ---------------------------------------------------------------------------------
Status Lower(LowerContext& context) {
  std::vector<DType> types;
  std::vector<int> inputs;
  for (int i = 0; i < context.num_inputs(); ++i) {
    types.push_back(context.input(i).dtype);
    inputs.push_back(i);
  }
  if (types.size() + 1 > kernels::kMaxEltOperands || types[0] != DType::kFloat32) return OkStatus();
  EltwiseWriter writer(types);
  std::optional<EltwiseWriter::Value> sum = writer.Input(0);
  for (std::size_t i = 1; sum && i < types.size(); ++i) {
    sum = writer.Write(kernels::EltOp::kAdd, {*sum, writer.Input(static_cast<int>(i))});
  }
  if (!sum) return OkStatus();
  const auto count = EltwiseWriter::Scalar(types[0], static_cast<double>(types.size()));
  const auto mean = writer.Write(kernels::EltOp::kDiv, {*sum, count});
  if (!mean) return OkStatus();
  auto program = writer.Finish({&*mean, 1}, context.target());
  if (program.ok()) AddEltwiseChoice(context, *std::move(program), inputs);
  return OkStatus();
}

}  // namespace

const OpDef& MeanOp() {
  static const OpDef op = [] {
    OpDef op = VariadicElementwise<kMean>();
    op.lower = Lower;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
