// Lowering of MatMul, Gemm and FusedMatMul to kernels/gemm.
#include <array>
#include <utility>
#include <vector>

#include "kernels/gemm/gemm.h"
#include "ops/narrow_lower.h"
#include "ops/narrow_product.h"
#include "ops/number.h"
#include "ops/product_layout.h"

namespace plumb::ops {
namespace {

using kernels::GemmProblem;
using kernels::MatrixStrides;

bool IsConstantOverRows(const MatrixStack& stack) {
  if (stack.row_stride != 0) return false;
  for (const std::int64_t stride : stack.batch_strides) {
    if (stride != 0) return false;
  }
  return true;
}

// a, b, c and the residual with their leading dimensions folded: into the rows where b is one
// matrix, into each other where all strides allow it.
struct FoldedBatch {
  std::int64_t rows = 1;
  Dims sizes;
  std::array<Dims, 4> strides;
};

FoldedBatch Fold(const std::array<const MatrixStack*, 4>& stacks) {
  FoldedBatch folded;
  folded.rows = stacks[0]->rows;
  const Shape& batch = stacks[0]->batch;
  int axis = batch.rank() - 1;
  for (; axis >= 0; --axis) {
    if (batch[axis] == 1) continue;
    bool joins = stacks[1]->batch_strides[axis] == 0;
    for (const std::size_t s : {0, 2, 3}) {
      joins = joins && stacks[s]->batch_strides[axis] == stacks[s]->row_stride * folded.rows;
    }
    if (!joins) break;
    folded.rows *= batch[axis];
  }
  for (int outer = 0; outer <= axis; ++outer) {
    if (batch[outer] == 1) continue;
    const int last = folded.sizes.rank() - 1;
    bool merges = last >= 0;
    for (std::size_t s = 0; merges && s < 4; ++s) {
      merges = folded.strides[s][last] == stacks[s]->batch_strides[outer] * batch[outer];
    }
    if (merges) {
      folded.sizes[last] *= batch[outer];
      for (std::size_t s = 0; s < 4; ++s) {
        folded.strides[s][last] = stacks[s]->batch_strides[outer];
      }
      continue;
    }
    folded.sizes.Append(batch[outer]);
    for (std::size_t s = 0; s < 4; ++s) folded.strides[s].Append(stacks[s]->batch_strides[outer]);
  }
  return folded;
}

MatrixStrides StridesOf(const MatrixStack& stack, const Dims& batch) {
  MatrixStrides strides;
  strides.row = stack.row_stride;
  strides.col = stack.col_stride;
  const int lead = 3 - batch.rank();
  for (int i = 0; i < batch.rank(); ++i)
    strides.batch[static_cast<std::size_t>(lead + i)] = batch[i];
  return strides;
}

// The bias that is packed with a constant b: one value per column, times beta.
std::vector<float> ColumnBias(const Tensor& bias, float beta, std::int64_t columns) {
  const std::vector<double> values = ToDoubles(bias);
  std::vector<float> result(static_cast<std::size_t>(columns));
  for (std::size_t j = 0; j < result.size(); ++j) {
    result[j] = static_cast<float>(beta * values[values.size() == 1 ? 0 : j]);
  }
  return result;
}

struct Plan {
  GemmProblem problem;
  bool packs_bias = false;
  int residual_input = -1;
};

// False where the kernel cannot take these operands.
bool MakePlan(const LowerContext& context, const Product& product, Plan* plan) {
  const bool constant_b = context.input(1).constant != nullptr;
  MatrixStack residual;
  residual.batch_strides = Strides(product.a.batch.rank(), 0);
  if (context.has_input(3)) {
    plan->residual_input = 3;
  }
  if (context.has_input(2)) {
    const Operand& bias = context.input(2);
    const MatrixStack over = AddendStack(product, bias.shape, bias.strides);
    if (constant_b && bias.constant != nullptr && IsConstantOverRows(over)) {
      plan->packs_bias = true;
    } else if (plan->residual_input < 0 && product.form.beta == 1) {
      plan->residual_input = 2;
    } else {
      return false;
    }
  }
  if (plan->residual_input >= 0) {
    const Operand& input = context.input(plan->residual_input);
    residual = AddendStack(product, input.shape, input.strides);
  }
  const Operand& y = context.output(0);
  const MatrixStack c = AddendStack(product, y.shape, y.strides);
  const FoldedBatch folded = Fold({&product.a, &product.b, &c, &residual});
  if (folded.sizes.rank() > 3) return false;
  GemmProblem& problem = plan->problem;
  problem.m = folded.rows;
  problem.n = product.b.cols;
  problem.k = product.a.cols;
  const int lead = 3 - folded.sizes.rank();
  for (int i = 0; i < folded.sizes.rank(); ++i) {
    problem.batch[static_cast<std::size_t>(lead + i)] = folded.sizes[i];
  }
  problem.a = StridesOf(product.a, folded.strides[0]);
  problem.b = StridesOf(product.b, folded.strides[1]);
  problem.c = StridesOf(c, folded.strides[2]);
  problem.residual = StridesOf(residual, folded.strides[3]);
  problem.constant_b = constant_b;
  problem.alpha = product.form.alpha;
  problem.epilogue = product.epilogue;
  problem.epilogue.has_bias = plan->packs_bias;
  problem.epilogue.has_residual = plan->residual_input >= 0;
  return true;
}

void AddChoice(LowerContext& context, const Product& product, const Plan& plan,
               const kernels::Algorithm& algorithm) {
  const GemmProblem& problem = plan.problem;
  KernelChoice choice;
  choice.algorithm = algorithm;
  choice.packed_bytes = PackedGemmBytes(problem, algorithm);
  if (context.chosen() == nullptr) {
    choice.name = GemmAlgorithmName(algorithm);
    choice.estimate = EstimateGemm(problem, algorithm, context.target());
    if (problem.constant_b) {
      std::vector<float> bias;
      if (plan.packs_bias) {
        bias = ColumnBias(*context.input(2).constant, product.form.beta, problem.n);
      }
      const Tensor b = *context.input(1).constant;
      choice.pack = [problem, algorithm, b, bias](void* packed) {
        PackGemm(problem, algorithm, static_cast<const kernels::LooseFloat*>(b.unaligned()),
                 bias.empty() ? nullptr : bias.data(), packed);
        b.ReleasePages();
      };
    }
  }
  choice.kernel = BindGemm(problem, algorithm, context.target());
  choice.operands = {
      {OperandRef::kInput, 0},
      problem.constant_b ? OperandRef{OperandRef::kPacked, 0} : OperandRef{OperandRef::kInput, 1},
      plan.residual_input >= 0 ? OperandRef{OperandRef::kInput, plan.residual_input} : OperandRef{},
      {OperandRef::kOutput, 0}};
  context.Add(std::move(choice));
}

// The product as a convolution of a 1x1 kernel over rows; leading dimensions are further axes of
// the image.
kernels::DotProblem DotProblemOf(const LowerContext& context, const Plan& plan) {
  const GemmProblem& gemm = plan.problem;
  const auto image = [](const MatrixStrides& strides) {
    return kernels::ImageStrides{
        strides.batch[0], strides.col, {strides.batch[1], strides.batch[2], strides.row}};
  };
  kernels::DotProblem problem;
  kernels::ConvProblem& p = problem.geometry;
  p.batch = gemm.batch[0];
  p.in_channels = gemm.k;
  p.out_channels = gemm.n;
  p.in_size = p.out_size = {gemm.batch[1], gemm.batch[2], gemm.m};
  p.src = image(gemm.a);
  p.dst = image(gemm.c);
  p.residual = image(gemm.residual);
  p.epilogue = gemm.epilogue;
  problem.src = context.input(0).dtype;
  problem.dst = context.output(0).dtype;
  if (plan.residual_input >= 0) problem.residual = context.input(plan.residual_input).dtype;
  return problem;
}

// The same matrix for the whole batch, and constant.
bool TakesDot(const GemmProblem& gemm) {
  return gemm.constant_b && gemm.b.batch == std::array<std::int64_t, 3>{} && gemm.k > 0;
}

Status LowerNarrowProduct(LowerContext& context, const Product& product, const Plan& plan) {
  if (!TakesDot(plan.problem) || context.input(1).dtype != DType::kFloat32) return OkStatus();
  std::vector<float> bias;
  if (plan.packs_bias) {
    bias = ColumnBias(*context.input(2).constant, product.form.beta, plan.problem.n);
  }
  const Tensor b = *context.input(1).constant;
  const kernels::DotProblem problem = DotProblemOf(context, plan);
  AddDotChoices(
      context, problem, plan.residual_input,
      [gemm = plan.problem, problem, b, bias](const kernels::Algorithm& algorithm, void* packed) {
        const kernels::LooseFloat* from = static_cast<const kernels::LooseFloat*>(b.unaligned());
        std::vector<float> columns(static_cast<std::size_t>(gemm.n * gemm.k));
        for (std::int64_t j = 0; j < gemm.n; ++j) {
          for (std::int64_t i = 0; i < gemm.k; ++i) {
            columns[static_cast<std::size_t>(j * gemm.k + i)] =
                from[i * gemm.b.row + j * gemm.b.col] * gemm.alpha;
          }
        }
        kernels::DotWeights constants;
        constants.values = columns.data();
        if (!bias.empty()) constants.bias = bias.data();
        PackDot(problem, algorithm, constants, packed);
        b.ReleasePages();
      });
  return OkStatus();
}

}  // namespace

Status LowerProduct(LowerContext& context) {
  const Operand& a = context.input(0);
  const Operand& b = context.input(1);
  PLUMB_ASSIGN_OR_RETURN(const DType narrow, ProductType(context.attrs()));
  if (narrow == DType::kUndefined && a.dtype != DType::kFloat32) return OkStatus();
  const Strides b_strides = b.constant != nullptr ? RowMajorStrides(b.shape) : b.strides;
  PLUMB_ASSIGN_OR_RETURN(const Product product,
                         ArrangeProduct(context.attrs(), a.shape, a.strides, b.shape, b_strides));
  Plan plan;
  if (!MakePlan(context, product, &plan)) return OkStatus();
  if (narrow != DType::kUndefined) return LowerNarrowProduct(context, product, plan);
  std::vector<kernels::Algorithm> algorithms;
  if (context.chosen() != nullptr) {
    algorithms.push_back(*context.chosen());
  } else {
    ListGemm(plan.problem, context.target(), &algorithms);
  }
  for (const kernels::Algorithm& algorithm : algorithms) {
    AddChoice(context, product, plan, algorithm);
  }
  return OkStatus();
}

}  // namespace plumb::ops
