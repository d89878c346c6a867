// IsInf: y = x is infinite; detect_positive and detect_negative say which infinities count.
#include <cmath>
#include <limits>

#include "ops/elementwise.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
constexpr UnaryRule kSchema = {
    .name = "IsInf",
    .doc = "y = x is infinite, of the signs that detect_positive and detect_negative name",
    .since = 10,
    .real = [](double x, const Coefficients&) { return std::isinf(x) ? 1.0 : 0.0; },
    .to_bool = true,
    .code = InstructionCode(kernels::EltOp::kIsInf),
};

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  const Tensor& x = context.input(0);
  if (!IsFloating(x.dtype())) {
    return InvalidArgument("input is ", Str(DTypeName(x.dtype())), ", expected a float type");
  }
  const bool positive = context.attrs().Int("detect_positive", 1) != 0;
  const bool negative = context.attrs().Int("detect_negative", 1) != 0;
  PLUMB_ASSIGN_OR_RETURN(Tensor * y, context.Allocate(0, DType::kBool, x.shape()));
  const std::vector<double> values = ToDoubles(x);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool counts = values[i] > 0 ? positive : negative;
    y->mutable_data<bool>()[i] = std::isinf(values[i]) && counts;
  }
  return OkStatus();
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const SampleInput x = Given(DType::kFloat32, {5}, {kInfinity, -kInfinity, 0, 3e38, std::nan("")});
  return {
      {"both", {x}, {}, 1, 0},
      {"positive", {x}, Attrs({{"detect_negative", std::int64_t{0}}}), 1, 0},
      {"negative", {x}, Attrs({{"detect_positive", std::int64_t{0}}}), 1, 0},
      {"neither",
       {x},
       Attrs({{"detect_negative", std::int64_t{0}}, {"detect_positive", std::int64_t{0}}}),
       1,
       0},
  };
}

}  // namespace

const OpDef& IsInfOp() {
  static const OpDef op = [] {
    OpDef op = UnaryElementwise<kSchema>();
    op.attrs = {{"detect_negative", AttrType::kInt}, {"detect_positive", AttrType::kInt}};
    op.reference = Reference;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
