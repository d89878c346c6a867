#include "ops/expression.h"

#include <algorithm>
#include <numeric>

#include "ops/element_type.h"

namespace plumb::ops {

AttrMap Attrs(std::initializer_list<std::pair<std::string_view, Attr>> entries) {
  AttrMap attrs;
  for (const auto& [name, value] : entries) attrs.Set(name, value);
  return attrs;
}

DType Expr::dtype() const {
  if (!present()) return DType::kFloat32;
  const DType type = builder_->info(id_).dtype;
  return type == DType::kUndefined ? DType::kFloat32 : type;
}

const DimVector* Expr::dims() const {
  if (!present()) return nullptr;
  const std::optional<DimVector>& dims = builder_->info(id_).dims;
  return dims.has_value() ? &*dims : nullptr;
}

std::optional<int> Expr::rank() const {
  if (dims() == nullptr) return std::nullopt;
  return static_cast<int>(dims()->size());
}

Expr Call(std::string_view op, std::initializer_list<Expr> arguments, AttrMap attrs) {
  GraphBuilder* builder = nullptr;
  std::vector<ValueId> inputs;
  for (const Expr& argument : arguments) {
    if (builder == nullptr) builder = argument.builder();
    inputs.push_back(argument.id());
  }
  if (builder == nullptr || !builder->status().ok()) return {builder, kNoValue};
  return {builder, builder->Call(op, std::move(inputs), std::move(attrs))};
}

Expr Number(const Expr& like, double value) {
  if (!like.present() || !like.builder()->status().ok()) return {like.builder(), kNoValue};
  return {like.builder(), like.builder()->Scalar(like.dtype(), value)};
}

Expr Ints(const Expr& like, const std::vector<std::int64_t>& values) {
  if (!like.present() || !like.builder()->status().ok()) return {like.builder(), kNoValue};
  return {like.builder(), like.builder()->Ints(values)};
}

Expr operator+(const Expr& a, const Expr& b) { return Call("Add", {a, b}); }
Expr operator-(const Expr& a, const Expr& b) { return Call("Sub", {a, b}); }
Expr operator*(const Expr& a, const Expr& b) { return Call("Mul", {a, b}); }
Expr operator/(const Expr& a, const Expr& b) { return Call("Div", {a, b}); }
Expr operator-(const Expr& a) { return Call("Neg", {a}); }

Expr Equal(const Expr& a, const Expr& b) { return Call("Equal", {a, b}); }
Expr Less(const Expr& a, const Expr& b) { return Call("Less", {a, b}); }
Expr Where(const Expr& condition, const Expr& a, const Expr& b) {
  return Call("Where", {condition, a, b});
}
Expr KeepWhere(const Expr& condition, const Expr& a) { return Where(condition, a, Number(a, 0)); }

Expr Exp(const Expr& a) { return Call("Exp", {a}); }
Expr Log(const Expr& a) { return Call("Log", {a}); }
Expr Sqrt(const Expr& a) { return Call("Sqrt", {a}); }
Expr Sigmoid(const Expr& a) { return Call("Sigmoid", {a}); }
Expr Tanh(const Expr& a) { return Call("Tanh", {a}); }

Expr Cast(const Expr& a, DType type) {
  return Call("Cast", {a}, Attrs({{"to", CodeOfElementType(type)}}));
}

Expr ShapeOf(const Expr& a) { return Call("Shape", {a}); }
Expr CountOf(const Expr& a, const Expr& like) { return Cast(Call("Size", {a}), like.dtype()); }
Expr Reshape(const Expr& a, const Expr& shape) { return Call("Reshape", {a, shape}); }
Expr Expand(const Expr& a, const Expr& shape) { return Call("Expand", {a, shape}); }
Expr Unsqueeze(const Expr& a, const std::vector<std::int64_t>& axes) {
  return Call("Unsqueeze", {a, Ints(a, axes)});
}
Expr Transpose(const Expr& a, const std::vector<std::int64_t>& permutation) {
  return Call("Transpose", {a}, Attrs({{"perm", permutation}}));
}

Expr Reduce(std::string_view reduction, const Expr& a, const std::vector<std::int64_t>& axes,
            bool keep) {
  const AttrMap attrs = Attrs({{"keepdims", std::int64_t{keep}}});
  if (axes.empty()) return Call(reduction, {a}, attrs);
  return Call(reduction, {a, Ints(a, axes)}, attrs);
}

namespace {

// Axes to sum are found from the shapes at run time: those where the input has size 1.
Expr SumToRuntimeShape(const Expr& gradient, const Expr& input) {
  const Expr shape = ShapeOf(input);
  const Expr lead = ShapeOf(ShapeOf(gradient)) - ShapeOf(shape);
  const Expr ones = Call("ConstantOfShape", {lead},
                         Attrs({{"value", Tensor::FromVector<std::int64_t>({1}, {1})}}));
  const Expr padded = Call("Concat", {ones, shape}, Attrs({{"axis", std::int64_t{0}}}));
  const Expr single = Call("NonZero", {Equal(padded, 1)});
  const Expr axes = Reshape(single, Ints(single, {-1}));
  const Expr sum =
      Call("ReduceSum", {gradient, axes},
           Attrs({{"keepdims", std::int64_t{1}}, {"noop_with_empty_axes", std::int64_t{1}}}));
  return Reshape(sum, shape);
}

}  // namespace

Expr SumToShapeOf(const Expr& gradient, const Expr& input) {
  if (!gradient.present() || !input.present()) return {gradient.builder(), kNoValue};
  const DimVector* from = gradient.dims();
  const DimVector* to = input.dims();
  if (from == nullptr || to == nullptr || from->size() < to->size()) {
    return SumToRuntimeShape(gradient, input);
  }
  const std::size_t lead = from->size() - to->size();
  std::vector<std::int64_t> leading(lead);
  std::iota(leading.begin(), leading.end(), 0);
  std::vector<std::int64_t> stretched;
  for (std::size_t i = 0; i < to->size(); ++i) {
    if ((*from)[lead + i] == (*to)[i]) continue;
    if ((*to)[i] != Dim(1)) return SumToRuntimeShape(gradient, input);
    stretched.push_back(static_cast<std::int64_t>(i));
  }
  Expr result = gradient;
  if (!leading.empty()) result = Reduce("ReduceSum", result, leading, /*keep=*/false);
  if (!stretched.empty()) result = Reduce("ReduceSum", result, stretched, /*keep=*/true);
  return result;
}

void SetGradient(GradientContext& context, int i, const Expr& gradient) {
  if (context.input(i) == kNoValue || !gradient.present()) return;
  context.SetInputGradient(i, SumToShapeOf(gradient, InputOf(context, i)).id());
}

}  // namespace plumb::ops
