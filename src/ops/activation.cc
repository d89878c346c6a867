#include "ops/activation.h"

#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

using kernels::Activation;

constexpr std::array<std::pair<std::string_view, Activation>, 10> kNames = {{
    {"none", Activation::kNone},
    {"relu", Activation::kRelu},
    {"clip", Activation::kClip},
    {"sigmoid", Activation::kSigmoid},
    {"tanh", Activation::kTanh},
    {"silu", Activation::kSilu},
    {"hard_sigmoid", Activation::kHardSigmoid},
    {"hard_swish", Activation::kHardSwish},
    {"leaky_relu", Activation::kLeakyRelu},
    {"gelu", Activation::kGelu},
}};

}  // namespace

std::vector<AttrDef> ActivationAttrs() {
  return {{"activation", AttrType::kString},
          {"activation_alpha", AttrType::kFloat},
          {"activation_beta", AttrType::kFloat}};
}

StatusOr<kernels::Epilogue> ReadActivation(const AttrMap& attrs) {
  const std::string name = attrs.String("activation", "none");
  std::string known;
  for (const auto& [text, activation] : kNames) {
    if (text == name) {
      kernels::Epilogue epilogue;
      epilogue.activation = activation;
      epilogue.alpha = attrs.Float("activation_alpha", 0);
      epilogue.beta = attrs.Float("activation_beta", 0);
      return epilogue;
    }
    absl::StrAppend(&known, " ", Str(text));
  }
  return InvalidArgument("unknown activation '", name, "'; expected one of:", known);
}

double Activate(const kernels::Epilogue& epilogue, double x) {
  const double alpha = epilogue.alpha, beta = epilogue.beta;
  switch (epilogue.activation) {
    case Activation::kNone: return x;
    case Activation::kRelu: return x < 0 ? 0 : x;
    case Activation::kClip: return MinOf(MaxOf(x, alpha), beta);
    case Activation::kSigmoid: return 1 / (1 + std::exp(-x));
    case Activation::kTanh: return std::tanh(x);
    case Activation::kSilu: return x / (1 + std::exp(-x));
    case Activation::kHardSigmoid: return MaxOf(0, MinOf(1, alpha * x + beta));
    case Activation::kHardSwish: return x * MaxOf(0, MinOf(1, x / 6 + 0.5));
    case Activation::kLeakyRelu: return x < 0 ? alpha * x : x;
    case Activation::kGelu: return 0.5 * x * (1 + std::erf(x * 0.70710678118654752));
  }
  return x;
}

}  // namespace plumb::ops
