// NonMaxSuppression: for each batch entry and class, boxes in order of falling score, without those
// whose overlap with a better kept one (intersection over union) is above iou_threshold.
//   boxes [batch, B, 4], scores [batch, classes, B] -> [kept, 3] of (batch, class, box)
// center_point_box = 0: corners y1, x1, y2, x2 in any order; 1: x_center, y_center, width, height.
// Opsets: 10, 11. O(B log B + kept * B) time and O(B) memory per class.
#include <algorithm>
#include <limits>

#include "ops/cost.h"
#include "ops/expression.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

struct Box {
  float top, left, bottom, right, area;
};

Box BoxOf(const float* values, bool center) {
  Box box{};
  if (center) {
    box = {values[1] - values[3] / 2, values[0] - values[2] / 2, values[1] + values[3] / 2,
           values[0] + values[2] / 2, 0};
  } else {
    box = {std::min(values[0], values[2]), std::min(values[1], values[3]),
           std::max(values[0], values[2]), std::max(values[1], values[3]), 0};
  }
  box.area = (box.bottom - box.top) * (box.right - box.left);
  return box;
}

bool Overlap(const Box& a, const Box& b, float threshold) {
  const float height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  const float width = std::min(a.right, b.right) - std::max(a.left, b.left);
  if (!(height > 0 && width > 0) || a.area <= 0 || b.area <= 0) return false;
  const float both = height * width;
  return both > threshold * (a.area + b.area - both);
}

Status CheckShapes(const Shape& boxes, const Shape& scores) {
  if (boxes.rank() == 3 && scores.rank() == 3 && boxes[2] == 4 && boxes[0] == scores[0] &&
      boxes[1] == scores[2]) {
    return OkStatus();
  }
  return InvalidArgument("boxes have shape ", boxes.ToString(), " and scores ", scores.ToString(),
                         ", expected [batch, B, 4] and [batch, classes, B]");
}

// --- shape inference ---
Status Infer(InferContext& context) {
  context.SetOutput(0, DType::kInt64, DimVector{context.FreshDim(), Dim(3)});
  if (!context.has_dims(0) || !context.has_dims(1)) return OkStatus();
  const auto boxes = ConcreteShape(context.dims(0)), scores = ConcreteShape(context.dims(1));
  return boxes.has_value() && scores.has_value() ? CheckShapes(*boxes, *scores) : OkStatus();
}

// --- reference ---
// Positions of the kept boxes of one class, best first.
std::vector<std::int64_t> Suppress(const std::vector<Box>& boxes, const float* scores,
                                   std::int64_t most, float iou, float least_score) {
  std::vector<std::int64_t> order;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    if (scores[i] > least_score) order.push_back(static_cast<std::int64_t>(i));
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int64_t a, std::int64_t b) { return scores[a] > scores[b]; });
  std::vector<std::int64_t> kept;
  for (std::int64_t candidate : order) {
    if (static_cast<std::int64_t>(kept.size()) >= most) break;
    const Box& box = boxes[static_cast<std::size_t>(candidate)];
    const bool suppressed = std::any_of(kept.begin(), kept.end(), [&](std::int64_t other) {
      return Overlap(box, boxes[static_cast<std::size_t>(other)], iou);
    });
    if (!suppressed) kept.push_back(candidate);
  }
  return kept;
}

StatusOr<double> ScalarOr(const ReferenceContext& context, int i, double otherwise) {
  if (!context.has_input(i)) return otherwise;
  if (context.input(i).num_elements() == 1) return ToDoubles(context.input(i))[0];
  return InvalidArgument("input ", i, " has shape ", context.input(i).shape().ToString(),
                         ", expected a scalar");
}

Status Reference(ReferenceContext& context) {
  const Shape& shape = context.input(1).shape();
  PLUMB_RETURN_IF_ERROR(CheckShapes(context.input(0).shape(), shape));
  PLUMB_ASSIGN_OR_RETURN(const double most, ScalarOr(context, 2, 0));
  PLUMB_ASSIGN_OR_RETURN(const double iou, ScalarOr(context, 3, 0));
  PLUMB_ASSIGN_OR_RETURN(const double least,
                         ScalarOr(context, 4, -std::numeric_limits<double>::infinity()));
  if (!(iou >= 0 && iou <= 1)) {
    return InvalidArgument("iou_threshold is ", iou, ", expected 0 to 1");
  }
  const std::span<const float> boxes = context.input(0).data<float>();
  const std::span<const float> scores = context.input(1).data<float>();
  const bool center = context.attrs().Int("center_point_box", 0) != 0;
  const auto limit = static_cast<std::int64_t>(std::clamp(most, 0.0, 0x1p40));
  std::vector<std::int64_t> selected;
  std::vector<Box> converted(static_cast<std::size_t>(shape[2]));
  for (std::int64_t batch = 0; batch < shape[0]; ++batch) {
    for (std::size_t i = 0; i < converted.size(); ++i) {
      converted[i] = BoxOf(
          boxes.data() + (static_cast<std::size_t>(batch) * converted.size() + i) * 4, center);
    }
    for (std::int64_t c = 0; c < shape[1]; ++c) {
      const float* of_class = scores.data() + (batch * shape[1] + c) * shape[2];
      for (std::int64_t box : Suppress(converted, of_class, limit, static_cast<float>(iou),
                                       static_cast<float>(least))) {
        selected.insert(selected.end(), {batch, c, box});
      }
    }
  }
  const auto count = static_cast<std::int64_t>(selected.size()) / 3;
  context.SetOutput(0, Tensor::FromVector<std::int64_t>(Shape{count, 3}, selected));
  return OkStatus();
}

// --- cost ---
// The comparisons depend on the boxes; ten operations each for a hundredth of all pairs.
Cost CostOf(const ConcreteNode& node) {
  const auto boxes = static_cast<double>(NumElements(node.input_shapes[1]));
  const auto per_class =
      static_cast<double>(node.input_shapes[1].rank() == 3 ? node.input_shapes[1][2] : 1);
  return StreamingCost(node, 10 * boxes * std::max(1.0, per_class / 100));
}

// --- samples ---
std::vector<Sample> Samples() {
  const auto boxes =
      Given(DType::kFloat32, {1, 6, 4}, {0, 0,  1, 1,  0, 0.1,  1, 1.1,  0, -0.1, 1, 0.9,
                                         0, 10, 1, 11, 0, 10.1, 1, 11.1, 0, 100,  1, 101});
  const auto scores = Given(DType::kFloat32, {1, 1, 6}, {0.9, 0.75, 0.6, 0.95, 0.5, 0.3});
  const auto number = [](DType type, double value) { return Constant(Given(type, {1}, {value})); };
  const auto most = number(DType::kInt64, 3);
  const auto half = number(DType::kFloat32, 0.5);
  return {
      {.name = "corners", .inputs = {boxes, scores, most, half, number(DType::kFloat32, 0)}},
      {.name = "score_threshold",
       .inputs = {boxes, scores, most, half, number(DType::kFloat32, 0.7)}},
      {.name = "no_limit_given", .inputs = {boxes, scores}},
      {.name = "centers_and_classes",
       .inputs = {F32({2, 40, 4}, 0.2, 1), F32({2, 3, 40}, 0, 1), number(DType::kInt64, 10), half},
       .attrs = Attrs({{"center_point_box", 1}})}};
}

}  // namespace

const OpDef& NonMaxSuppressionOp() {
  static const OpDef op{
      .name = "NonMaxSuppression",
      .doc = "boxes by falling score without those that overlap a better one",
      .since_opset = 10,
      .inputs = {{"boxes", "f32"},
                 {"scores", "f32"},
                 {"max_output_boxes_per_class", "index", Arity::kOptional},
                 {"iou_threshold", "f32", Arity::kOptional},
                 {"score_threshold", "f32", Arity::kOptional}},
      .outputs = {{"selected_indices", "index"}},
      .attrs = {{"center_point_box", AttrType::kInt}},
      .data_dependent_shape = true,
      .differentiability = Differentiability::kNot,
      .infer = Infer,
      .reference = Reference,
      .cost = CostOf,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
