// What the elementwise operators share: a rule (formula, derivative, kernel instruction) becomes a
// whole OpDef, so that each operator's file holds little but its formula.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/op_def.h"
#include "kernels/eltwise/eltwise.h"
#include "ops/content.h"
#include "ops/expression.h"
#include "ops/number.h"

namespace plumb::ops {

inline constexpr int kNoInstruction = -1;
constexpr int InstructionCode(kernels::EltOp op) { return static_cast<int>(op); }

// --- unary ------------------------------------------------------------------------------------
// Float attributes of a formula.
struct Coefficients {
  double alpha = 0;
  double beta = 0;
};
struct CoefficientAttr {
  std::string_view name;  // empty: the formula has no such coefficient
  float otherwise = 0;    // value when the node has no such attribute
};
struct CoefficientAttrs {
  CoefficientAttr alpha, beta;
};

// How the operator of an instruction names its coefficients.
constexpr CoefficientAttrs CoefficientAttrsOf(int code) {
  using kernels::EltOp;
  if (code < 0) return {};
  switch (static_cast<EltOp>(code)) {
    case EltOp::kLeakyRelu: return {{"alpha", 0.01f}, {}};
    case EltOp::kElu: return {{"alpha", 1.0f}, {}};
    case EltOp::kSelu:
      return {{"alpha", 1.67326319217681884765625f}, {"gamma", 1.05070102214813232421875f}};
    case EltOp::kCelu: return {{"alpha", 1.0f}, {}};
    case EltOp::kHardSigmoid: return {{"alpha", 0.2f}, {"beta", 0.5f}};
    case EltOp::kThresholdedRelu: return {{"alpha", 1.0f}, {}};
    default: return {};
  }
}
Coefficients ReadCoefficients(int code, const AttrMap& attrs);

struct UnaryTerms {
  Expr x, y, dy;
  Coefficients c;
};

struct UnaryRule {
  std::string_view name = {};
  std::string_view doc = {};
  int since = 1;
  std::string_view types = "T=float";
  double (*real)(double x, const Coefficients& c) = nullptr;
  Wide (*integer)(Wide x) = nullptr;  // null: integers are not taken; bool counts as 0 and 1
  bool to_bool = false;
  // dx. Null: the derivative is zero where it exists (Floor, Sign), or there is none (to_bool).
  Expr (*gradient)(const UnaryTerms& t) = nullptr;
  int code = kNoInstruction;
  std::string_view activation = {};  // its name in the epilogue of a fused operator
  double low = -3, high = 3;         // range of samples
};

// --- binary -----------------------------------------------------------------------------------
struct BinaryTerms {
  Expr a, b, y, dy;
};

struct BinaryRule {
  std::string_view name = {};
  std::string_view doc = {};
  int since = 1;
  std::string_view types = "T=number";
  double (*real)(double a, double b) = nullptr;
  Wide (*integer)(Wide a, Wide b) = nullptr;
  bool to_bool = false;
  bool commutative = false;
  // (da, db) of the broadcast shape; they are summed to the operands' shapes. Null as above.
  std::pair<Expr, Expr> (*gradient)(const BinaryTerms& t) = nullptr;
  int code = kNoInstruction;
  double low = -3, high = 3;      // range of samples of `a`
  double low_b = -3, high_b = 3;  // and of `b`
};

// --- what the templates below are made of -----------------------------------------------------
OpDef UnarySchema(const UnaryRule& rule);
OpDef BinarySchema(const BinaryRule& rule);
std::optional<EpilogueActivation> UnaryActivation(const Node& node, const UnaryRule& rule);
Status InferUnary(InferContext& context, bool to_bool);
Status InferBroadcast(InferContext& context, DType result);
Status RunUnary(ReferenceContext& context, const UnaryRule& rule);
Status RunBinary(ReferenceContext& context, const BinaryRule& rule);
Status UnaryGradient(GradientContext& context, const UnaryRule& rule);
Status BinaryGradient(GradientContext& context, const BinaryRule& rule);
std::vector<Sample> UnarySamples(const UnaryRule& rule);
std::vector<Sample> BinarySamples(const BinaryRule& rule);

// Binds the node to one elementwise kernel (eltwise_program.h). Leaves `choices` empty for types or
// shapes that the kernel does not take.
Status LowerElementwise(LowerContext& context);

// Output 0 has the type and dims of input 0.
Status InferSame(InferContext& context);

// The infos of all present inputs broadcast together; the error names the first that does not fit.
StatusOr<std::optional<DimVector>> BroadcastInputs(const InferContext& context);
// Concrete shape that all present inputs broadcast to.
StatusOr<Shape> BroadcastInputs(const ReferenceContext& context);

template <const UnaryRule& kRule>
OpDef UnaryElementwise() {
  OpDef op = UnarySchema(kRule);
  op.infer = [](InferContext& context) { return InferUnary(context, kRule.to_bool); };
  op.reference = [](ReferenceContext& context) { return RunUnary(context, kRule); };
  if (op.differentiability == Differentiability::kYes) {
    op.gradient = [](GradientContext& context) { return UnaryGradient(context, kRule); };
  }
  op.lower = kRule.code == kNoInstruction ? nullptr : LowerElementwise;
  op.samples = [] { return UnarySamples(kRule); };
  if (!kRule.activation.empty()) {
    op.as_activation = [](const Graph&, const Node& node) { return UnaryActivation(node, kRule); };
  }
  return op;
}

template <const BinaryRule& kRule>
OpDef BinaryElementwise() {
  OpDef op = BinarySchema(kRule);
  op.infer = [](InferContext& context) {
    return InferBroadcast(context, kRule.to_bool ? DType::kBool : context.dtype(0));
  };
  op.reference = [](ReferenceContext& context) { return RunBinary(context, kRule); };
  if (op.differentiability == Differentiability::kYes) {
    op.gradient = [](GradientContext& context) { return BinaryGradient(context, kRule); };
  }
  op.lower = kRule.code == kNoInstruction ? nullptr : LowerElementwise;
  op.samples = [] { return BinarySamples(kRule); };
  return op;
}

// --- variadic ---------------------------------------------------------------------------------
// Sum, Mean, Max, Min: a binary formula folded over the inputs from the left, then scaled by
// 1 / count for Mean.
struct VariadicRule {
  std::string_view name = {};
  std::string_view doc = {};
  int since = 1;
  std::string_view types = "T=number";
  double (*real)(double a, double b) = nullptr;
  Wide (*integer)(Wide a, Wide b) = nullptr;
  bool mean = false;
  Status (*gradient)(GradientContext& context) = nullptr;
  int code = kNoInstruction;
};
OpDef VariadicSchema(const VariadicRule& rule);
// Gradient of Max and Min: shared equally by the inputs that have the extreme value.
Status ExtremeGradient(GradientContext& context);
Status RunVariadic(ReferenceContext& context, const VariadicRule& rule);
std::vector<Sample> VariadicSamples(const VariadicRule& rule);

template <const VariadicRule& kRule>
OpDef VariadicElementwise() {
  OpDef op = VariadicSchema(kRule);
  op.infer = [](InferContext& context) { return InferBroadcast(context, context.dtype(0)); };
  op.reference = [](ReferenceContext& context) { return RunVariadic(context, kRule); };
  op.gradient = kRule.gradient;
  op.lower = LowerElementwise;
  op.samples = [] { return VariadicSamples(kRule); };
  return op;
}

// max and min as ONNX has them: NaN wins.
inline double MaxOf(double a, double b) { return a > b || a != a ? a : b; }
inline double MinOf(double a, double b) { return a < b || a != a ? a : b; }

}  // namespace plumb::ops
