#include "ops/indexing_kernel.h"

#include <string>

namespace plumb::ops {
namespace {

bool IsPacked(const Operand& operand) {
  return !operand.present || operand.constant != nullptr ||
         operand.strides == RowMajorStrides(operand.shape);
}

}  // namespace

bool IsPackedAndPlain(const LowerContext& context) {
  const DType type = context.input(0).dtype;
  if (!context.counts_errors) return false;
  if (type == DType::kString || type == DType::kInt4 || type == DType::kUInt4) return false;
  for (int i = 0; i < context.num_inputs(); ++i) {
    if (!IsPacked(context.input(i))) return false;
  }
  return IsPacked(context.output(0));
}

void AddIndexingKernel(LowerContext& context, std::string_view name,
                       const kernels::BoundKernel& kernel) {
  KernelChoice choice;
  choice.algorithm.id = 0;
  choice.name = std::string(name);
  choice.kernel = kernel;
  for (int i = 0; i < context.num_inputs(); ++i) {
    choice.operands.push_back({OperandRef::kInput, i});
  }
  choice.operands.push_back({OperandRef::kOutput, 0});
  choice.operands.push_back({OperandRef::kErrors, 0});
  const std::int64_t bytes =
      StorageBytes(context.output(0).dtype, NumElements(context.output(0).shape));
  choice.estimate.bytes = 2 * static_cast<double>(bytes);
  context.Add(std::move(choice));
}

}  // namespace plumb::ops
