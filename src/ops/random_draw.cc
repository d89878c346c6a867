#include "ops/random_draw.h"

#include <bit>
#include <cmath>
#include <numbers>

#include "core/random.h"
#include "ops/content.h"
#include "ops/cost.h"
#include "ops/element_type.h"
#include "ops/expression.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// The element type that the attribute `dtype` names; floating ones only.
StatusOr<DType> TypeOf(const AttrMap& attrs, DType otherwise) {
  DType type = otherwise;
  if (attrs.Has("dtype")) {
    PLUMB_ASSIGN_OR_RETURN(type, ElementTypeFromCode(attrs.Int("dtype", 0)));
  }
  if (IsFloating(type)) return type;
  return InvalidArgument("dtype is ", Str(DTypeName(type)), ", expected a floating type");
}

double High32(std::uint32_t high, std::uint32_t low) {
  const std::uint64_t bits = std::uint64_t{high} << 32 | low;
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

// Two parameters as the attributes name them: low and high, or mean and scale.
template <Distribution D>
double DrawAt(const AttrMap& attrs, std::uint64_t seed, std::uint64_t counter,
              std::uint64_t position) {
  if constexpr (D == Distribution::kUniform) {
    const double low = static_cast<double>(attrs.Float("low", 0));
    const double high = static_cast<double>(attrs.Float("high", 1));
    return low + (high - low) * UniformAt(seed, counter, position);
  } else {
    const double mean = static_cast<double>(attrs.Float("mean", 0));
    return mean + static_cast<double>(attrs.Float("scale", 1)) * NormalAt(seed, counter, position);
  }
}

template <Distribution D>
Status Fill(ReferenceContext& context, DType type, const Shape& shape, std::uint64_t seed,
            std::uint64_t counter) {
  PLUMB_ASSIGN_OR_RETURN(Tensor * out, context.Allocate(0, type, shape));
  std::vector<double> values(static_cast<std::size_t>(out->num_elements()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = DrawAt<D>(context.attrs(), seed, counter, i);
  }
  context.SetOutput(0, FromDoubles(type, shape, values));
  return OkStatus();
}

// --- plumb.RandomUniform, plumb.RandomNormal ---
Status Infer(InferContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const DType type, TypeOf(context.attrs(), DType::kFloat32));
  const auto shape = context.content(0);
  if (!shape.has_value()) {
    context.SetOutput(0, type, std::nullopt);
    return OkStatus();
  }
  if (const auto sizes = AllNumbers(*shape); sizes.has_value()) {
    PLUMB_RETURN_IF_ERROR(MakeShape(*sizes).status());
  }
  context.SetOutput(0, type, *shape);
  return OkStatus();
}

template <Distribution D>
Status Reference(ReferenceContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const DType type, TypeOf(context.attrs(), DType::kFloat32));
  PLUMB_ASSIGN_OR_RETURN(const Shape shape, MakeShape(ToInt64s(context.input(0))));
  std::uint64_t numbers[2];
  for (int i = 0; i < 2; ++i) {
    const Tensor& input = context.input(1 + i);
    if (input.num_elements() != 1) {
      return InvalidArgument(i == 0 ? "seed" : "counter", " has shape ", input.shape().ToString(),
                             ", expected one element");
    }
    numbers[i] = static_cast<std::uint64_t>(ToInt64s(input)[0]);
  }
  return Fill<D>(context, type, shape, numbers[0], numbers[1]);
}

// --- the operators of ONNX ---
Status InferOnnx(InferContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const DType type, TypeOf(context.attrs(), DType::kFloat32));
  PLUMB_ASSIGN_OR_RETURN(const Shape shape, MakeShape(context.attrs().Ints("shape")));
  context.SetOutput(0, type, ToDims(shape));
  return OkStatus();
}

template <Distribution D>
Status ReferenceOnnx(ReferenceContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const DType type, TypeOf(context.attrs(), DType::kFloat32));
  PLUMB_ASSIGN_OR_RETURN(const Shape shape, MakeShape(context.attrs().Ints("shape")));
  return Fill<D>(context, type, shape, SeedOf(context.attrs()), 0);
}

// The type of the input where that is a floating one and no attribute says otherwise.
StatusOr<DType> TypeLike(const AttrMap& attrs, DType input) {
  return TypeOf(attrs, IsFloating(input) ? input : DType::kFloat32);
}

Status InferLike(InferContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const DType type, TypeLike(context.attrs(), context.dtype(0)));
  context.SetOutput(0, type, context.input(0).dims);
  return OkStatus();
}

template <Distribution D>
Status ReferenceLike(ReferenceContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const DType type, TypeLike(context.attrs(), context.input(0).dtype()));
  return Fill<D>(context, type, context.input(0).shape(), SeedOf(context.attrs()), 0);
}

template <Distribution D>
Status ReplaceBy(UpgradeContext& context, ValueId shape) {
  GraphBuilder& builder = context.builder();
  const auto seed = static_cast<std::int64_t>(SeedOf(context.attrs));
  const auto scalar = [&](std::int64_t value) {
    return builder.Constant(Tensor::Scalar<std::int64_t>(value));
  };
  const std::int64_t counter = builder.graph().num_nodes();
  context.attrs.Erase("seed");
  context.attrs.Erase("shape");
  const ValueId output =
      builder.Call(D == Distribution::kUniform ? "plumb.RandomUniform" : "plumb.RandomNormal",
                   {shape, scalar(seed), scalar(counter)}, context.attrs);
  context.replacement = std::vector<ValueId>{output};
  return builder.status();
}

template <Distribution D>
Status UpgradeOnnx(UpgradeContext& context) {
  if (!context.attrs.Has("shape")) return InvalidArgument("the attribute shape is needed");
  return ReplaceBy<D>(context, context.IntsConstant(context.attrs.Ints("shape")));
}

template <Distribution D>
Status UpgradeLike(UpgradeContext& context) {
  if (context.inputs.empty()) return InvalidArgument("an input is needed");
  const DType input = context.builder().info(context.inputs[0]).dtype;
  if (!context.attrs.Has("dtype") && IsFloating(input)) {
    context.attrs.Set("dtype", CodeOfElementType(input));
  }
  return ReplaceBy<D>(context, context.builder().Call("Shape", {context.inputs[0]}));
}

// --- cost ---
// Ten rounds of eight operations for a block, and the conversion.
Cost CostOf(const ConcreteNode& node) { return CostPerOutput(node, 100); }

// --- samples ---
std::vector<Sample> Samples() {
  const auto number = [](double value) { return Given(DType::kInt64, {}, {value}); };
  return {{.name = "f32", .inputs = {ConstantInts({3, 5}), number(7), number(2)}},
          {.name = "f64",
           .inputs = {Given(DType::kInt64, {1}, {4}), number(7), number(0)},
           .attrs = Attrs({{"dtype", CodeOfElementType(DType::kFloat64)}})}};
}
std::vector<Sample> OnnxSamples() {
  return {{.name = "seeded",
           .attrs = Attrs({{"shape", std::vector<std::int64_t>{2, 3}}, {"seed", 3.0f}})}};
}
std::vector<Sample> LikeSamples() {
  return {{.name = "f32", .inputs = {F32({2, 3})}},
          {.name = "of_ints", .inputs = {Random(DType::kInt64, {4}, 0, 9)}}};
}

OpDef Describe(Distribution distribution, std::string_view uniform_name,
               std::string_view normal_name) {
  const bool uniform = distribution == Distribution::kUniform;
  OpDef op;
  op.name = uniform ? uniform_name : normal_name;
  op.doc = uniform ? "numbers in [low, high), a function of seed, counter and position"
                   : "normal numbers of given mean and deviation (scale), a function of seed, "
                     "counter and position";
  op.attrs = {{"dtype", AttrType::kInt},
              {uniform ? "low" : "mean", AttrType::kFloat},
              {uniform ? "high" : "scale", AttrType::kFloat}};
  op.outputs = {{"output", "float"}};
  op.random = true;
  op.differentiability = Differentiability::kNot;
  op.cost = CostOf;
  return op;
}

}  // namespace

double UniformAt(std::uint64_t seed, std::uint64_t counter, std::uint64_t position) {
  const auto words = Philox4x32(seed, position, counter);
  return High32(words[1], words[0]);
}

double NormalAt(std::uint64_t seed, std::uint64_t counter, std::uint64_t position) {
  const auto words = Philox4x32(seed, position, counter);
  const double radius = std::sqrt(-2 * std::log1p(-High32(words[1], words[0])));
  return radius * std::cos(2 * std::numbers::pi * High32(words[3], words[2]));
}

std::uint64_t SeedOf(const AttrMap& attrs) {
  return std::bit_cast<std::uint32_t>(attrs.Float("seed", 0));
}

OpDef DescribeRandom(Distribution distribution) {
  OpDef op = Describe(distribution, "RandomUniform", "RandomNormal");
  op.domain = "plumb";
  op.inputs = {{"shape", "index"}, {"seed", "i64"}, {"counter", "i64"}};
  op.infer = Infer;
  const bool uniform = distribution == Distribution::kUniform;
  op.reference = uniform ? Reference<Distribution::kUniform> : Reference<Distribution::kNormal>;
  op.samples = Samples;
  return op;
}

OpDef DescribeOnnxRandom(Distribution distribution) {
  OpDef op = Describe(distribution, "RandomUniform", "RandomNormal");
  op.attrs.push_back({"seed", AttrType::kFloat});
  op.attrs.push_back({"shape", AttrType::kInts, true});
  op.infer = InferOnnx;
  const bool uniform = distribution == Distribution::kUniform;
  op.reference =
      uniform ? ReferenceOnnx<Distribution::kUniform> : ReferenceOnnx<Distribution::kNormal>;
  op.upgrade = uniform ? UpgradeOnnx<Distribution::kUniform> : UpgradeOnnx<Distribution::kNormal>;
  op.samples = OnnxSamples;
  return op;
}

OpDef DescribeRandomLike(Distribution distribution) {
  OpDef op = Describe(distribution, "RandomUniformLike", "RandomNormalLike");
  op.attrs.push_back({"seed", AttrType::kFloat});
  op.inputs = {{"input", "any"}};
  op.shape_only = true;
  op.infer = InferLike;
  const bool uniform = distribution == Distribution::kUniform;
  op.reference =
      uniform ? ReferenceLike<Distribution::kUniform> : ReferenceLike<Distribution::kNormal>;
  op.upgrade = uniform ? UpgradeLike<Distribution::kUniform> : UpgradeLike<Distribution::kNormal>;
  op.samples = LikeSamples;
  return op;
}

}  // namespace plumb::ops
