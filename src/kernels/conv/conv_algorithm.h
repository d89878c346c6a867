// What one algorithm of conv.def implements. The parameters of an Algorithm are its own.
#pragma once

#include <string>
#include <vector>

#include "kernels/conv/conv.h"

namespace plumb::kernels {

struct ConvAlgorithm {
  // Whether an algorithm listed for a problem that packs alike can run this one.
  bool (*takes)(const ConvProblem&, const Algorithm&);
  // Appends what can run the problem, best first, with id left to the caller.
  void (*list)(const ConvProblem&, const Target&, std::vector<Algorithm>*);
  double (*efficiency)(const ConvProblem&, const Algorithm&, const Target&);
  std::int64_t (*packed_bytes)(const ConvProblem&, const Algorithm&);
  void (*pack)(const ConvProblem&, const Algorithm&, const float* weights, const float* bias,
               void* packed);
  BoundKernel (*bind)(const ConvProblem&, const Algorithm&, const Target&);
  std::string (*describe)(const Algorithm&);  // what follows the name: "avx512 14x32"
};

extern const ConvAlgorithm kImplicitGemm;
extern const ConvAlgorithm kDepthwise;
extern const ConvAlgorithm kGrouped;
extern const ConvAlgorithm kWinograd;
extern const ConvAlgorithm kFft;
extern const ConvAlgorithm kFewChannels;

}  // namespace plumb::kernels
