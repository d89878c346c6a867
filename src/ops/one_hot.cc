// OneHot: a new dimension of size `depth` at `axis` that holds values[1] where its index equals the
// index (negative ones count from the end) and values[0] elsewhere. Indices outside of
// [-depth, depth) give values[0] alone. Opsets: 9, 11.
#include <cmath>

#include "ops/content.h"
#include "ops/expression.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

StatusOr<std::int64_t> DepthOf(const Tensor& depth) {
  if (depth.num_elements() != 1) {
    return InvalidArgument("depth has shape ", depth.shape().ToString(), ", expected a scalar");
  }
  const double value = ToDoubles(depth)[0];
  if (!(value >= 1 && value < 0x1p60)) return InvalidArgument("depth is ", value);
  return static_cast<std::int64_t>(value);
}

// --- shape inference ---
Status Infer(InferContext& context) {
  context.SetOutput(0, context.dtype(2), std::nullopt);
  if (!context.has_dims(0)) return OkStatus();
  DimVector out = context.dims(0);
  PLUMB_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(context.attrs().Int("axis", -1),
                                                       static_cast<int>(out.size()) + 1));
  Dim depth = context.FreshDim();
  if (context.constant(1) != nullptr) {
    PLUMB_ASSIGN_OR_RETURN(const std::int64_t size, DepthOf(*context.constant(1)));
    depth = Dim(size);
  } else if (const auto content = context.content(1); content.has_value() && content->size() == 1) {
    depth = (*content)[0];
  }
  out.insert(out.begin() + axis, depth);
  context.SetOutput(0, context.dtype(2), out);
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  const Tensor& indices = context.input(0);
  const Tensor& values = context.input(2);
  PLUMB_ASSIGN_OR_RETURN(const std::int64_t depth, DepthOf(context.input(1)));
  if (values.num_elements() != 2 || values.rank() != 1) {
    return InvalidArgument("values has shape ", values.shape().ToString(), ", expected 2");
  }
  const Shape& in = indices.shape();
  PLUMB_ASSIGN_OR_RETURN(const int axis,
                         NormalizeAxis(context.attrs().Int("axis", -1), in.rank() + 1));
  std::vector<std::int64_t> sizes(in.begin(), in.end());
  sizes.insert(sizes.begin() + axis, depth);
  PLUMB_ASSIGN_OR_RETURN(const Shape shape, MakeShape(sizes));
  PLUMB_ASSIGN_OR_RETURN(Tensor * out, context.Allocate(0, values.dtype(), shape));
  const ElementCopier copier(values, out);
  for (std::int64_t i = 0; i < out->num_elements(); ++i) copier.Copy(0, i);
  std::int64_t inner = 1;
  for (int i = axis; i < in.rank(); ++i) inner *= in[i];
  const std::vector<double> positions = ToDoubles(indices);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const double wrapped =
        positions[i] < 0 ? positions[i] + static_cast<double>(depth) : positions[i];
    if (!(wrapped >= 0 && wrapped < static_cast<double>(depth))) continue;
    const auto at = static_cast<std::int64_t>(i);
    copier.Copy(1, (at / inner * depth + static_cast<std::int64_t>(wrapped)) * inner + at % inner);
  }
  return OkStatus();
}

// --- samples ---
std::vector<Sample> Samples() {
  const auto depth = [](double value) { return Constant(Given(DType::kInt64, {}, {value})); };
  const SampleInput off_on = Given(DType::kFloat32, {2}, {-1, 2});
  return {{.name = "last", .inputs = {Given(DType::kInt64, {4}, {0, 2, -1, 7}), depth(3), off_on}},
          {.name = "first",
           .inputs = {Random(DType::kInt32, {2, 3}, 0, 3), depth(4), off_on},
           .attrs = Attrs({{"axis", 0}})},
          {.name = "middle",
           .inputs = {Random(DType::kInt64, {2, 3}, -4, 3), depth(4), off_on},
           .attrs = Attrs({{"axis", 1}})}};
}

}  // namespace

const OpDef& OneHotOp() {
  static const OpDef op{
      .name = "OneHot",
      .doc = "values[1] where the index of the new dimension equals the input, values[0] elsewhere",
      .since_opset = 9,
      .inputs = {{"indices", "number"}, {"depth", "number"}, {"values", "T=any"}},
      .outputs = {{"output", "T=any"}},
      .attrs = {{"axis", AttrType::kInt}},
      .differentiability = Differentiability::kNot,
      .infer = Infer,
      .reference = Reference,
      .cost = MovementCost,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
