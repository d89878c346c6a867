// Bernoulli: 1 with the probability that the input holds, else 0, drawn by seed and position
// (random_draw.h). Opset: 15.
#include "ops/cost.h"
#include "ops/element_type.h"
#include "ops/expression.h"
#include "ops/random_draw.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

StatusOr<DType> TypeOf(const AttrMap& attrs, DType input) {
  if (!attrs.Has("dtype")) return input;
  PLUMB_ASSIGN_OR_RETURN(const DType type, ElementTypeFromCode(attrs.Int("dtype", 0)));
  if (type != DType::kString && type != DType::kInt4 && type != DType::kUInt4) return type;
  return InvalidArgument("dtype is ", Str(DTypeName(type)), ", expected a number type or bool");
}

// --- shape inference ---
Status Infer(InferContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const DType type, TypeOf(context.attrs(), context.dtype(0)));
  context.SetOutput(0, type, context.input(0).dims);
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  const Tensor& input = context.input(0);
  PLUMB_ASSIGN_OR_RETURN(const DType type, TypeOf(context.attrs(), input.dtype()));
  std::vector<double> values = ToDoubles(input);
  const std::uint64_t seed = SeedOf(context.attrs());
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = UniformAt(seed, 0, i) < values[i] ? 1 : 0;
  }
  context.SetOutput(0, FromDoubles(type, input.shape(), values));
  return OkStatus();
}

// --- cost ---
Cost CostOf(const ConcreteNode& node) { return CostPerOutput(node, 100); }

// --- samples ---
std::vector<Sample> Samples() {
  return {{.name = "f32", .inputs = {F32({4, 5}, 0, 1)}, .attrs = Attrs({{"seed", 2.0f}})},
          {.name = "to_bool",
           .inputs = {F32({7}, 0, 1)},
           .attrs = Attrs({{"dtype", CodeOfElementType(DType::kBool)}})}};
}

}  // namespace

const OpDef& BernoulliOp() {
  static const OpDef op{
      .name = "Bernoulli",
      .doc = "1 with the probability that the input holds, else 0",
      .since_opset = 15,
      .inputs = {{"input", "float"}},
      .outputs = {{"output", "any"}},
      .attrs = {{"dtype", AttrType::kInt}, {"seed", AttrType::kFloat}},
      .random = true,
      .differentiability = Differentiability::kNot,
      .infer = Infer,
      .reference = Reference,
      .cost = CostOf,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
