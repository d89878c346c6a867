// The activations of an Epilogue in fp64: the definition that kernels are held to.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/epilogue.h"

namespace plumb::kernels::testing {

// NaN stays NaN.
inline double ActivateReference(const Epilogue& epilogue, double x) {
  if (std::isnan(x)) return x;
  const double alpha = epilogue.alpha;
  const double beta = epilogue.beta;
  switch (epilogue.activation) {
    case Activation::kNone: return x;
    case Activation::kRelu: return std::max(0.0, x);
    case Activation::kClip: return std::max(alpha, std::min(beta, x));
    case Activation::kSigmoid: return 1 / (1 + std::exp(-x));
    case Activation::kTanh: return std::tanh(x);
    case Activation::kSilu: return x / (1 + std::exp(-x));
    case Activation::kHardSigmoid: return std::max(0.0, std::min(1.0, alpha * x + beta));
    case Activation::kHardSwish: return x * std::max(0.0, std::min(1.0, x / 6 + 0.5));
    case Activation::kLeakyRelu: return x < 0 ? alpha * x : x;
    case Activation::kGelu: return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
  }
  return x;
}

}  // namespace plumb::kernels::testing
