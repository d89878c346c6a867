#include "ops/elementwise.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace plumb::ops {
namespace {

std::string TypeError(std::string_view name, DType type) {
  return absl::StrCat("element type ", Str(DTypeName(type)), " is not taken by ", Str(name));
}

void AddCoefficients(const UnaryRule& rule, OpDef* op) {
  const auto [alpha, beta] = CoefficientAttrsOf(rule.code);
  if (!alpha.name.empty()) op->attrs.push_back({alpha.name, AttrType::kFloat});
  if (!beta.name.empty()) op->attrs.push_back({beta.name, AttrType::kFloat});
}

// Input shapes must fit the result, which inference could not always see.
template <typename Fn>
Status WithBroadcast(ReferenceContext& context, DType result, Fn&& fn) {
  PLUMB_ASSIGN_OR_RETURN(const Shape shape, BroadcastInputs(context));
  PLUMB_ASSIGN_OR_RETURN(Tensor * y, context.Allocate(0, result, shape));
  return fn(shape, y);
}

}  // namespace

// --- schema -----------------------------------------------------------------------------------
Coefficients ReadCoefficients(int code, const AttrMap& attrs) {
  const auto [alpha, beta] = CoefficientAttrsOf(code);
  Coefficients c;
  if (!alpha.name.empty()) c.alpha = attrs.Float(alpha.name, alpha.otherwise);
  if (!beta.name.empty()) c.beta = attrs.Float(beta.name, beta.otherwise);
  return c;
}

OpDef UnarySchema(const UnaryRule& rule) {
  OpDef op;
  op.name = rule.name;
  op.doc = rule.doc;
  op.since_opset = rule.since;
  op.inputs = {{"X", rule.types}};
  op.outputs = {{"Y", rule.to_bool ? "bool" : "T"}};
  AddCoefficients(rule, &op);
  op.elementwise = true;
  op.inplace_inputs = {0};
  op.layout = LayoutRule::kFollow;
  op.elementwise_code = rule.code;
  op.differentiability =
      rule.to_bool || rule.real == nullptr ? Differentiability::kNot : Differentiability::kYes;
  return op;
}

std::optional<EpilogueActivation> UnaryActivation(const Node& node, const UnaryRule& rule) {
  const Coefficients c = ReadCoefficients(rule.code, node.attrs);
  return EpilogueActivation{rule.activation, static_cast<float>(c.alpha),
                            static_cast<float>(c.beta)};
}

OpDef BinarySchema(const BinaryRule& rule) {
  OpDef op;
  op.name = rule.name;
  op.doc = rule.doc;
  op.since_opset = rule.since;
  op.inputs = {{"A", rule.types}, {"B", rule.types}};
  op.outputs = {{"C", rule.to_bool ? "bool" : "T"}};
  op.elementwise = true;
  op.commutative = rule.commutative;
  op.inplace_inputs = {0, 1};
  op.layout = LayoutRule::kFollow;
  op.elementwise_code = rule.code;
  op.differentiability =
      rule.gradient == nullptr ? Differentiability::kNot : Differentiability::kYes;
  return op;
}

OpDef VariadicSchema(const VariadicRule& rule) {
  OpDef op;
  op.name = rule.name;
  op.doc = rule.doc;
  op.since_opset = rule.since;
  op.inputs = {{"data_0", rule.types, Arity::kVariadic}};
  op.outputs = {{"result", "T"}};
  op.elementwise = true;
  op.commutative = true;
  op.inplace_inputs = {0, 1, 2, 3};
  op.layout = LayoutRule::kFollow;
  op.elementwise_code = rule.mean ? kNoInstruction : rule.code;
  op.differentiability = Differentiability::kYes;
  return op;
}

// --- shape inference --------------------------------------------------------------------------
Status InferUnary(InferContext& context, bool to_bool) {
  context.SetOutput(0, to_bool ? DType::kBool : context.dtype(0), context.input(0).dims);
  return OkStatus();
}

Status InferSame(InferContext& context) { return InferUnary(context, /*to_bool=*/false); }

StatusOr<std::optional<DimVector>> BroadcastInputs(const InferContext& context) {
  DimVector dims;
  for (int i = 0; i < context.num_inputs(); ++i) {
    if (!context.has_input(i)) continue;
    if (!context.has_dims(i)) return std::optional<DimVector>();
    PLUMB_ASSIGN_OR_RETURN(dims, BroadcastDims(dims, context.dims(i)));
  }
  return std::optional<DimVector>(dims);
}

Status InferBroadcast(InferContext& context, DType result) {
  PLUMB_ASSIGN_OR_RETURN(std::optional<DimVector> dims, BroadcastInputs(context));
  context.SetOutput(0, result, std::move(dims));
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
StatusOr<Shape> BroadcastInputs(const ReferenceContext& context) {
  Shape shape;
  for (int i = 0; i < context.num_inputs(); ++i) {
    if (!context.has_input(i)) continue;
    PLUMB_ASSIGN_OR_RETURN(shape, BroadcastShapes(shape, context.input(i).shape()));
  }
  return shape;
}

namespace {

template <typename T>
Status UnaryLoop(const Tensor& x, const UnaryRule& rule, const Coefficients& c, Tensor* y) {
  const std::span<const T> src = x.data<T>();
  for (std::size_t i = 0; i < src.size(); ++i) {
    if constexpr (kIsReal<T>) {
      const double value = rule.real(AsDouble(src[i]), c);
      if (rule.to_bool) {
        y->mutable_data<bool>()[i] = value != 0;
      } else {
        y->mutable_data<T>()[i] = FromDouble<T>(value);
      }
    } else {
      const Wide value = rule.integer(static_cast<Wide>(src[i]));
      if (rule.to_bool) {
        y->mutable_data<bool>()[i] = value != 0;
      } else {
        y->mutable_data<T>()[i] = Wrap<T>(value);
      }
    }
  }
  return OkStatus();
}

template <typename T>
Status BinaryLoop(ReferenceContext& context, const BinaryRule& rule, const Shape& shape,
                  Tensor* y) {
  const T* a = context.input(0).data<T>().data();
  const T* b = context.input(1).data<T>().data();
  const std::array<Strides, 2> strides = {BroadcastStrides(context.input(0).shape(), shape),
                                          BroadcastStrides(context.input(1).shape(), shape)};
  std::int64_t i = 0;
  ForEachOffset(shape, strides, [&](const std::array<std::int64_t, 2>& at) {
    const auto store = [&](auto value, T result) {
      if (rule.to_bool) {
        static_cast<bool*>(y->mutable_raw())[i++] = value != 0;
      } else {
        static_cast<T*>(y->mutable_raw())[i++] = result;
      }
    };
    if constexpr (kIsReal<T>) {
      const double value = rule.real(AsDouble(a[at[0]]), AsDouble(b[at[1]]));
      store(value, FromDouble<T>(value));
    } else {
      const Wide value = rule.integer(static_cast<Wide>(a[at[0]]), static_cast<Wide>(b[at[1]]));
      store(value, Wrap<T>(value));
    }
  });
  return OkStatus();
}

template <typename T>
Status VariadicLoop(ReferenceContext& context, const VariadicRule& rule, const Shape& shape,
                    Tensor* y) {
  using Sum = std::conditional_t<kIsReal<T>, double, Wide>;
  std::vector<Sum> sums(static_cast<std::size_t>(NumElements(shape)));
  for (int k = 0; k < context.num_inputs(); ++k) {
    const T* src = context.input(k).data<T>().data();
    std::size_t i = 0;
    ForEachOffset<1>(shape, {BroadcastStrides(context.input(k).shape(), shape)}, [&](auto at) {
      if constexpr (kIsReal<T>) {
        const double value = AsDouble(src[at[0]]);
        sums[i] = k == 0 ? value : rule.real(sums[i], value);
      } else {
        const Wide value = static_cast<Wide>(src[at[0]]);
        sums[i] = k == 0 ? value : rule.integer(sums[i], value);
      }
      ++i;
    });
  }
  T* dst = y->mutable_data<T>().data();
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if constexpr (kIsReal<T>) {
      dst[i] = FromDouble<T>(rule.mean ? sums[i] / context.num_inputs() : sums[i]);
    } else {
      dst[i] = Wrap<T>(sums[i]);
    }
  }
  return OkStatus();
}

}  // namespace

Status RunUnary(ReferenceContext& context, const UnaryRule& rule) {
  const Tensor& x = context.input(0);
  const DType type = x.dtype();
  PLUMB_ASSIGN_OR_RETURN(Tensor * y,
                         context.Allocate(0, rule.to_bool ? DType::kBool : type, x.shape()));
  const Coefficients c = ReadCoefficients(rule.code, context.attrs());
  return VisitNumber(
      type,
      [&]<typename T>(T) -> Status {
        if (kIsReal<T> ? rule.real == nullptr : rule.integer == nullptr) {
          return InvalidArgument(TypeError(rule.name, type));
        }
        return UnaryLoop<T>(x, rule, c, y);
      },
      InvalidArgument(TypeError(rule.name, type)));
}

Status RunBinary(ReferenceContext& context, const BinaryRule& rule) {
  const DType type = context.input(0).dtype();
  if (context.input(1).dtype() != type) {
    return InvalidArgument("inputs have types ", Str(DTypeName(type)), " and ",
                           Str(DTypeName(context.input(1).dtype())), ", expected equal ones");
  }
  return WithBroadcast(context, rule.to_bool ? DType::kBool : type,
                       [&](const Shape& shape, Tensor* y) {
                         return VisitNumber(
                             type,
                             [&]<typename T>(T) -> Status {
                               if (kIsReal<T> ? rule.real == nullptr : rule.integer == nullptr) {
                                 return InvalidArgument(TypeError(rule.name, type));
                               }
                               return BinaryLoop<T>(context, rule, shape, y);
                             },
                             InvalidArgument(TypeError(rule.name, type)));
                       });
}

Status RunVariadic(ReferenceContext& context, const VariadicRule& rule) {
  if (context.num_inputs() == 0) return InvalidArgument("has no input, expected one or more");
  const DType type = context.input(0).dtype();
  for (int i = 1; i < context.num_inputs(); ++i) {
    if (context.input(i).dtype() != type) {
      return InvalidArgument("input ", i, " is ", Str(DTypeName(context.input(i).dtype())),
                             ", expected ", Str(DTypeName(type)), " as input 0");
    }
  }
  return WithBroadcast(context, type, [&](const Shape& shape, Tensor* y) {
    return VisitNumber(
        type,
        [&]<typename T>(T) -> Status {
          if (kIsReal<T> ? rule.real == nullptr : rule.integer == nullptr) {
            return InvalidArgument(TypeError(rule.name, type));
          }
          return VariadicLoop<T>(context, rule, shape, y);
        },
        InvalidArgument(TypeError(rule.name, type)));
  });
}

// --- gradient ---------------------------------------------------------------------------------
Status UnaryGradient(GradientContext& context, const UnaryRule& rule) {
  if (rule.gradient == nullptr || context.output_gradient(0) == kNoValue) return OkStatus();
  SetGradient(context, 0,
              rule.gradient({InputOf(context, 0), OutputOf(context), GradientOf(context),
                             ReadCoefficients(rule.code, context.node().attrs)}));
  return context.builder().status();
}

Status BinaryGradient(GradientContext& context, const BinaryRule& rule) {
  if (rule.gradient == nullptr || context.output_gradient(0) == kNoValue) return OkStatus();
  const auto [da, db] = rule.gradient(
      {InputOf(context, 0), InputOf(context, 1), OutputOf(context), GradientOf(context)});
  SetGradient(context, 0, da);
  SetGradient(context, 1, db);
  return context.builder().status();
}

Status ExtremeGradient(GradientContext& context) {
  const Expr y = OutputOf(context), dy = GradientOf(context);
  if (!dy.present()) return OkStatus();
  const int inputs = static_cast<int>(context.node().inputs.size());
  std::vector<Expr> is_extreme;
  Expr count;
  for (int i = 0; i < inputs; ++i) {
    is_extreme.push_back(Cast(Equal(InputOf(context, i), y), y.dtype()));
    count = i == 0 ? is_extreme.back() : count + is_extreme.back();
  }
  const Expr share = dy / count;
  for (int i = 0; i < inputs; ++i) {
    SetGradient(context, i, is_extreme[static_cast<std::size_t>(i)] * share);
  }
  return context.builder().status();
}

}  // namespace plumb::ops
