// Multinomial: for each row of unnormalised log-probabilities [batch, classes], sample_size draws
// of a class with replacement, [batch, sample_size], by seed and position (random_draw.h).
// Opset: 7.
#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/cost.h"
#include "ops/element_type.h"
#include "ops/expression.h"
#include "ops/random_draw.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

StatusOr<DType> TypeOf(const AttrMap& attrs) {
  if (!attrs.Has("dtype")) return DType::kInt32;
  PLUMB_ASSIGN_OR_RETURN(const DType type, ElementTypeFromCode(attrs.Int("dtype", 0)));
  if (type == DType::kInt32 || type == DType::kInt64) return type;
  return InvalidArgument("dtype is ", Str(DTypeName(type)), ", expected i32 or i64");
}

StatusOr<std::int64_t> SampleSize(const AttrMap& attrs) {
  const std::int64_t size = attrs.Int("sample_size", 1);
  if (size >= 0 && size < std::int64_t{1} << 40) return size;
  return InvalidArgument("sample_size is ", size);
}

// --- shape inference ---
Status Infer(InferContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const DType type, TypeOf(context.attrs()));
  PLUMB_ASSIGN_OR_RETURN(const std::int64_t size, SampleSize(context.attrs()));
  Dim batch = context.FreshDim();
  if (context.has_dims(0)) {
    if (context.dims(0).size() != 2) {
      return InvalidArgument("input has rank ", context.dims(0).size(), ", expected 2");
    }
    batch = context.dims(0)[0];
  }
  context.SetOutput(0, type, DimVector{batch, Dim(size)});
  return OkStatus();
}

// --- reference ---
// Sums of the exponentials of a row up to each class, scaled by the largest.
StatusOr<std::vector<double>> Cumulated(const double* row, std::int64_t classes) {
  double largest = -std::numeric_limits<double>::infinity();
  for (std::int64_t i = 0; i < classes; ++i) largest = std::max(largest, row[i]);
  std::vector<double> sums;
  double sum = 0;
  for (std::int64_t i = 0; i < classes; ++i) {
    sum += std::exp(row[i] - largest);
    sums.push_back(sum);
  }
  if (sum > 0 && std::isfinite(sum)) return sums;
  return InvalidArgument("a row holds no probabilities that can be normalised");
}

Status Reference(ReferenceContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const DType type, TypeOf(context.attrs()));
  PLUMB_ASSIGN_OR_RETURN(const std::int64_t size, SampleSize(context.attrs()));
  const Shape& in = context.input(0).shape();
  if (in.rank() != 2) return InvalidArgument("input has rank ", in.rank(), ", expected 2");
  PLUMB_ASSIGN_OR_RETURN(const Shape shape, MakeShape(Shape{in[0], size}.span()));
  PLUMB_RETURN_IF_ERROR(context.Allocate(0, type, shape).status());
  const std::vector<double> logits = ToDoubles(context.input(0));
  const std::uint64_t seed = SeedOf(context.attrs());
  std::vector<double> drawn;
  for (std::int64_t batch = 0; batch < in[0] && size > 0; ++batch) {
    PLUMB_ASSIGN_OR_RETURN(const std::vector<double> sums,
                           Cumulated(logits.data() + batch * in[1], in[1]));
    for (std::int64_t i = 0; i < size; ++i) {
      const double at = UniformAt(seed, 0, drawn.size()) * sums.back();
      const auto chosen = std::upper_bound(sums.begin(), sums.end() - 1, at);
      drawn.push_back(static_cast<double>(chosen - sums.begin()));
    }
  }
  context.SetOutput(0, FromDoubles(type, shape, drawn));
  return OkStatus();
}

// --- cost ---
Cost CostOf(const ConcreteNode& node) {
  return StreamingCost(node, 20 * static_cast<double>(NumElements(node.input_shapes[0])) +
                                 100 * static_cast<double>(NumElements(node.output_shapes[0])));
}

// --- samples ---
std::vector<Sample> Samples() {
  return {{.name = "two_rows",
           .inputs = {F32({2, 5})},
           .attrs = Attrs({{"sample_size", 8}, {"seed", 1.0f}})},
          {.name = "i64",
           .inputs = {F32({1, 3})},
           .attrs = Attrs({{"dtype", CodeOfElementType(DType::kInt64)}})}};
}

}  // namespace

const OpDef& MultinomialOp() {
  static const OpDef op{
      .name = "Multinomial",
      .doc = "classes drawn with replacement from rows of log-probabilities",
      .since_opset = 7,
      .inputs = {{"input", "float"}},
      .outputs = {{"output", "index"}},
      .attrs = {{"dtype", AttrType::kInt},
                {"sample_size", AttrType::kInt},
                {"seed", AttrType::kFloat}},
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
