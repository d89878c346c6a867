#include "kernels/dot/dot_set.h"

#include "kernels/dot/dot_functions.h"
#include "kernels/gemm/tile_tables.h"
#include "kernels/target_needs.h"

namespace plumb::kernels {
namespace {

#define PLUMB_DOT(name, element, isa, need, tile, step, offset, speed) \
  {name, DotElement::element, Isa::isa, needs::need, tile, step, offset, speed},
constexpr DotSet kSets[] = {
#include "kernels/dot/dot.def"
};
#undef PLUMB_DOT

constexpr DotFunctions kScalarFunctions = {DotFloatsScalar, DotIntegersScalar, DotDepthwiseScalar,
                                           kDotConvertScalar, ActivateScalar};
constexpr DotFunctions kAvx2Functions = {DotFloatsAvx2, DotIntegersAvx2, DotDepthwiseAvx2,
                                         kDotConvertAvx2, ActivateAvx2};
constexpr DotFunctions kAvx512Functions = {DotFloatsAvx512, DotIntegersAvx512, DotDepthwiseAvx512,
                                           kDotConvertAvx512, ActivateAvx512};

}  // namespace

std::int64_t DotElementBytes(DotElement element) {
  switch (element) {
    case DotElement::kF32: return 4;
    case DotElement::kBF16:
    case DotElement::kI16: return 2;
    case DotElement::kI8:
    case DotElement::kU8: break;
  }
  return 1;
}

std::span<const DotSet> DotSets() { return kSets; }

const DotFunctions& DotFunctionsFor(Isa isa) {
  switch (isa) {
    case Isa::kAvx512: return kAvx512Functions;
    case Isa::kAvx2: return kAvx2Functions;
    case Isa::kScalar: break;
  }
  return kScalarFunctions;
}

}  // namespace plumb::kernels
