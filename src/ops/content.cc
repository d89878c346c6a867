#include "ops/content.h"

#include <algorithm>

namespace plumb::ops {
namespace {

std::optional<Dim> Combine(const Dim& a, const Dim& b, ContentOp op) {
  switch (op) {
    case ContentOp::kAdd: return Dim::Add(a, b);
    case ContentOp::kSubtract: return Dim::Subtract(a, b);
    case ContentOp::kMultiply: return Dim::Multiply(a, b);
    case ContentOp::kDivide: break;
  }
  // Integer division of numbers truncates; of expressions only exact division has a form.
  if (a.is_constant() && b.is_constant()) {
    if (b.value() == 0 || b.value() == -1) return std::nullopt;
    return Dim(a.value() / b.value());
  }
  return Dim::DivideExactly(a, b);
}

}  // namespace

void SetKnownContent(InferContext& context, const DimVector& content) {
  const ValueInfo& out = context.outputs()[0];
  if (!IsInteger(out.dtype) || content.size() > kMaxContent) return;
  if (!out.dims.has_value() || out.dims->size() > 1) return;
  const Dim count = out.dims->empty() ? Dim(1) : (*out.dims)[0];
  if (count == Dim(static_cast<std::int64_t>(content.size()))) context.SetContent(0, content);
}

void CopyContent(InferContext& context, int input) {
  const std::optional<DimVector> content = context.content(input);
  if (content.has_value()) SetKnownContent(context, *content);
}

void PropagateArithmetic(InferContext& context, ContentOp op) {
  const std::optional<DimVector> a = context.content(0);
  const std::optional<DimVector> b = context.content(1);
  if (!a.has_value() || !b.has_value()) return;
  if (a->size() != b->size() && a->size() != 1 && b->size() != 1) return;
  if (a->size() > kMaxContent || b->size() > kMaxContent) return;
  const std::size_t count = a->size() == 1 ? b->size() : a->size();
  DimVector result;
  for (std::size_t i = 0; i < count; ++i) {
    const Dim& left = (*a)[a->size() == 1 ? 0 : i];
    const Dim& right = (*b)[b->size() == 1 ? 0 : i];
    const std::optional<Dim> element = Combine(left, right, op);
    if (!element.has_value()) return;
    result.push_back(*element);
  }
  SetKnownContent(context, result);
}

std::optional<std::vector<std::int64_t>> AllNumbers(const DimVector& content) {
  std::vector<std::int64_t> values;
  for (const Dim& dim : content) {
    if (!dim.is_constant()) return std::nullopt;
    values.push_back(dim.value());
  }
  return values;
}

std::optional<std::vector<std::int64_t>> KnownInts(const ConcreteNode& node, int i) {
  const auto index = static_cast<std::size_t>(i);
  if (index < node.constants.size() && node.constants[index] != nullptr &&
      IsInteger(node.constants[index]->dtype())) {
    return ToInt64s(*node.constants[index]);
  }
  if (index >= node.contents.size() || !node.contents[index].has_value()) return std::nullopt;
  return AllNumbers(*node.contents[index]);
}

}  // namespace plumb::ops
