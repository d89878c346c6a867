// Equal: y = a == b, of numbers, bools and strings.
#include "ops/elementwise.h"

namespace plumb::ops {
namespace {

// --- formula ----------------------------------------------------------------------------------
double Real(double a, double b) { return a == b; }
Wide Integer(Wide a, Wide b) { return a == b; }

// --- schema -----------------------------------------------------------------------------------
constexpr BinaryRule kEqual = {
    .name = "Equal",
    .doc = "y = a == b",
    .since = 7,
    .types = "T=number|bool|string",
    .real = Real,
    .integer = Integer,
    .to_bool = true,
    .commutative = true,
    .code = InstructionCode(kernels::EltOp::kEqual),
};

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  PLUMB_RETURN_IF_ERROR(InferBroadcast(context, DType::kBool));
  PropagateArithmetic(context, ContentOp::kEqual);
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
Status Reference(ReferenceContext& context) {
  const Tensor& a = context.input(0);
  const Tensor& b = context.input(1);
  if (a.dtype() != DType::kString || b.dtype() != DType::kString) {
    return RunBinary(context, kEqual);
  }
  PLUMB_ASSIGN_OR_RETURN(const Shape shape, BroadcastInputs(context));
  PLUMB_ASSIGN_OR_RETURN(Tensor * y, context.Allocate(0, DType::kBool, shape));
  const std::span<const std::string> left = a.data<std::string>(), right = b.data<std::string>();
  bool* dst = y->mutable_data<bool>().data();
  ForEachOffset<2>(shape, {BroadcastStrides(a.shape(), shape), BroadcastStrides(b.shape(), shape)},
                   [&](const std::array<std::int64_t, 2>& at) {
                     *dst++ = left[static_cast<std::size_t>(at[0])] ==
                              right[static_cast<std::size_t>(at[1])];
                   });
  return OkStatus();
}

}  // namespace

const OpDef& EqualOp() {
  static const OpDef op = [] {
    OpDef op = BinaryElementwise<kEqual>();
    op.infer = Infer;
    op.reference = Reference;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
