#include "ops/content.h"

#include <algorithm>
#include <cstdint>

namespace plumb::ops {
namespace {

// Whether elements of the type are these numbers: an operator may wrap or saturate others. Sizes,
// which expressions stand for, are of 32 or 64 bits.
bool Holds(DType dtype, const DimVector& content) {
  const auto within = [&content](std::int64_t low, std::int64_t high) {
    return std::all_of(content.begin(), content.end(), [&](const Dim& dim) {
      return dim.is_constant() && dim.value() >= low && dim.value() <= high;
    });
  };
  const auto fits_int32 = [](const Dim& dim) {
    return !dim.is_constant() || (dim.value() >= INT32_MIN && dim.value() <= INT32_MAX);
  };
  switch (dtype) {
    case DType::kInt64: return true;
    case DType::kInt32: return std::all_of(content.begin(), content.end(), fits_int32);
    case DType::kInt16: return within(INT16_MIN, INT16_MAX);
    case DType::kInt8: return within(INT8_MIN, INT8_MAX);
    case DType::kUInt64: return within(0, INT64_MAX);
    case DType::kUInt32: return within(0, UINT32_MAX);
    case DType::kUInt16: return within(0, UINT16_MAX);
    case DType::kUInt8: return within(0, UINT8_MAX);
    case DType::kBool: return within(0, 1);
    default: return false;
  }
}

// Symbols are sizes: an expression that only adds is not negative.
bool CannotBeEqual(const Dim& expression, const Dim& number) {
  return !expression.is_constant() && expression.scale() > 0 && expression.offset() >= 0 &&
         number.is_constant() && number.value() < 0;
}

std::optional<Dim> Combine(const Dim& a, const Dim& b, ContentOp op) {
  switch (op) {
    case ContentOp::kAdd: return Dim::Add(a, b);
    case ContentOp::kSubtract: return Dim::Subtract(a, b);
    case ContentOp::kMultiply: return Dim::Multiply(a, b);
    case ContentOp::kModulo: {  // the sign of the divisor
      if (!a.is_constant() || !b.is_constant() || b.value() <= 0) return std::nullopt;
      const std::int64_t rest = a.value() % b.value();
      return Dim(rest < 0 ? rest + b.value() : rest);
    }
    case ContentOp::kEqual:
      if (a == b) return Dim(1);
      if (a.is_constant() && b.is_constant()) return Dim(0);
      return CannotBeEqual(a, b) || CannotBeEqual(b, a) ? std::optional<Dim>(0) : std::nullopt;
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
  if (content.size() > kMaxContent || !Holds(out.dtype, content)) return;
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

void PropagateChoice(InferContext& context) {
  const std::optional<DimVector> chosen = context.content(0);
  const std::optional<DimVector> a = context.content(1), b = context.content(2);
  if (!chosen.has_value() || !a.has_value() || !b.has_value()) return;
  const std::size_t count = std::max({chosen->size(), a->size(), b->size()});
  DimVector result;
  for (std::size_t i = 0; i < count && count <= kMaxContent; ++i) {
    const auto at = [&](const DimVector& content) -> const Dim* {
      if (content.size() != 1 && content.size() != count) return nullptr;
      return &content[content.size() == 1 ? 0 : i];
    };
    const Dim* const choice = at(*chosen);
    if (choice == nullptr || !choice->is_constant()) return;
    const Dim* const element = at(choice->value() != 0 ? *a : *b);
    if (element == nullptr) return;
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
