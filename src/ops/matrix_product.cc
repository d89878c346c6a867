#include "ops/matrix_product.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "ops/activation.h"
#include "ops/cost.h"
#include "ops/number.h"
#include "ops/product_layout.h"

namespace plumb::ops {

ProductForm ReadProductForm(const AttrMap& attrs) {
  return {attrs.Int("transA", 0) != 0, attrs.Int("transB", 0) != 0, attrs.Float("alpha", 1),
          attrs.Float("beta", 1)};
}

// --- shape inference --------------------------------------------------------------------------
StatusOr<DimVector> ProductDims(const DimVector& a, const DimVector& b, const ProductForm& form) {
  if (a.empty() || b.empty()) return InvalidArgument("a scalar has no rows; expected matrices");
  DimVector left = a, right = b;
  if (a.size() == 1) left = {Dim(1), a[0]};
  if (b.size() == 1) right = {b[0], Dim(1)};
  if (form.transpose_a && a.size() > 1) std::swap(left[left.size() - 1], left[left.size() - 2]);
  if (form.transpose_b && b.size() > 1) {
    std::swap(right[right.size() - 1], right[right.size() - 2]);
  }
  const Dim inner = left.back(), other = right[right.size() - 2];
  if (inner.is_constant() && other.is_constant() && inner != other) {
    return InvalidArgument("A has ", inner.value(), " columns, but B has ", other.value(),
                           " rows; they must be equal");
  }
  const std::span<const Dim> left_batch(left.data(), left.size() - 2);
  const std::span<const Dim> right_batch(right.data(), right.size() - 2);
  PLUMB_ASSIGN_OR_RETURN(DimVector dims, BroadcastDims(left_batch, right_batch));
  if (a.size() > 1) dims.push_back(left[left.size() - 2]);
  if (b.size() > 1) dims.push_back(right.back());
  if (dims.size() > kMaxRank) {
    return InvalidArgument("product has ", dims.size(), " dimensions; at most ", kMaxRank,
                           " are supported");
  }
  return dims;
}

Status InferProduct(InferContext& context) {
  if (!context.has_dims(0) || !context.has_dims(1)) {
    context.SetOutput(0, context.dtype(0), std::nullopt);
    return OkStatus();
  }
  PLUMB_ASSIGN_OR_RETURN(DimVector dims, ProductDims(context.dims(0), context.dims(1),
                                                     ReadProductForm(context.attrs())));
  for (int i = 2; i < context.num_inputs(); ++i) {
    if (!context.has_dims(i)) continue;
    PLUMB_ASSIGN_OR_RETURN(const DimVector both, BroadcastDims(dims, context.dims(i)));
    bool fits = both.size() == dims.size();
    for (std::size_t k = 0; fits && k < dims.size(); ++k) {
      fits = !dims[k].is_constant() || both[k] == dims[k] || !both[k].is_constant();
    }
    if (!fits) return InvalidArgument("input ", i, " does not broadcast to the product's shape");
  }
  context.SetOutput(0, context.dtype(0), std::move(dims));
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
namespace {

template <typename T>
class Multiplier {
 public:
  // Integers wrap as unsigned arithmetic does; their scaling by alpha or beta goes through doubles.
  using Sum = std::conditional_t<kIsReal<T>, double, std::uint64_t>;

  Multiplier(const Product& product, const Tensor& a, const Tensor& b, const Tensor* bias,
             const Tensor* residual)
      : p_(product),
        a_(Data(&a)),
        b_(Data(&b)),
        bias_(Data(bias)),
        residual_(Data(residual)),
        bias_at_(StackOf(bias)),
        residual_at_(StackOf(residual)),
        row_(static_cast<std::size_t>(product.b.cols)) {}

  void Run(T* dst) {
    const std::array<Strides, 4> strides = {p_.a.batch_strides, p_.b.batch_strides,
                                            bias_at_.batch_strides, residual_at_.batch_strides};
    ForEachOffset(p_.a.batch, strides, [&](const std::array<std::int64_t, 4>& at) {
      for (std::int64_t i = 0; i < p_.a.rows; ++i) {
        SumRow(a_ + at[0] + i * p_.a.row_stride, b_ + at[1]);
        const std::int64_t bias = at[2] + i * bias_at_.row_stride;
        const std::int64_t residual = at[3] + i * residual_at_.row_stride;
        for (std::int64_t j = 0; j < p_.b.cols; ++j) {
          *dst++ = Finish(row_[static_cast<std::size_t>(j)], bias + j * bias_at_.col_stride,
                          residual + j * residual_at_.col_stride);
        }
      }
    });
  }

 private:
  static const T* Data(const Tensor* tensor) {
    return tensor == nullptr ? nullptr : tensor->data<T>().data();
  }
  // Strides of an absent addend are never used.
  MatrixStack StackOf(const Tensor* tensor) const {
    const Shape shape = tensor == nullptr ? Shape{} : tensor->shape();
    return AddendStack(p_, shape, RowMajorStrides(shape));
  }
  static Sum Widen(T value) {
    if constexpr (kIsReal<T>) {
      return AsDouble(value);
    } else {
      return static_cast<Sum>(value);
    }
  }

  void SumRow(const T* a, const T* b) {
    std::fill(row_.begin(), row_.end(), Sum{});
    for (std::int64_t p = 0; p < p_.a.cols; ++p) {
      const Sum left = Widen(a[p * p_.a.col_stride]);
      const T* right = b + p * p_.b.row_stride;
      for (std::int64_t j = 0; j < p_.b.cols; ++j) {
        row_[static_cast<std::size_t>(j)] += left * Widen(right[j * p_.b.col_stride]);
      }
    }
  }

  T Finish(Sum sum, std::int64_t bias, std::int64_t residual) const {
    const auto real = [](auto x) { return static_cast<double>(x); };
    if constexpr (kIsReal<T>) {
      double value = p_.form.alpha * sum;
      if (bias_ != nullptr) value += p_.form.beta * AsDouble(bias_[bias]);
      if (residual_ != nullptr) value += AsDouble(residual_[residual]);
      return FromDouble<T>(Activate(p_.epilogue, value));
    } else if (p_.form.alpha == 1 && p_.form.beta == 1) {
      if (bias_ != nullptr) sum += Widen(bias_[bias]);
      if (residual_ != nullptr) sum += Widen(residual_[residual]);
      const T value = static_cast<T>(sum);
      if (p_.epilogue.activation == kernels::Activation::kNone) return value;
      return FromDouble<T>(Activate(p_.epilogue, real(value)));
    } else {
      double value = p_.form.alpha * real(static_cast<std::int64_t>(sum));
      if (bias_ != nullptr) value += p_.form.beta * real(bias_[bias]);
      if (residual_ != nullptr) value += real(residual_[residual]);
      return FromDouble<T>(Activate(p_.epilogue, value));
    }
  }

  const Product& p_;
  const T* a_;
  const T* b_;
  const T* bias_;
  const T* residual_;
  MatrixStack bias_at_, residual_at_;
  std::vector<Sum> row_;
};

}  // namespace

Status ReferenceProduct(ReferenceContext& context) {
  const Tensor& a = context.input(0);
  const Tensor& b = context.input(1);
  PLUMB_ASSIGN_OR_RETURN(const Product product,
                         ArrangeProduct(context.attrs(), a.shape(), RowMajorStrides(a.shape()),
                                        b.shape(), RowMajorStrides(b.shape())));
  const Tensor* addends[2] = {nullptr, nullptr};
  for (int i = 1; i < context.num_inputs(); ++i) {
    if (!context.has_input(i)) continue;
    const Tensor& input = context.input(i);
    if (input.dtype() != a.dtype()) {
      return InvalidArgument("input ", i, " is ", Str(DTypeName(input.dtype())), ", expected ",
                             Str(DTypeName(a.dtype())), " as input 0");
    }
    if (i == 1) continue;
    PLUMB_ASSIGN_OR_RETURN(const Shape both, BroadcastShapes(input.shape(), product.shape));
    if (both != product.shape) {
      return InvalidArgument("input ", i, " of shape ", input.shape().ToString(),
                             " does not broadcast to the product's ", product.shape.ToString());
    }
    addends[i - 2] = &input;
  }
  PLUMB_ASSIGN_OR_RETURN(Tensor * y, context.Allocate(0, a.dtype(), product.shape));
  return VisitNumber(
      a.dtype(),
      [&]<typename T>(T) -> Status {
        Multiplier<T>(product, a, b, addends[0], addends[1]).Run(y->mutable_data<T>().data());
        return OkStatus();
      },
      InvalidArgument("element type ", Str(DTypeName(a.dtype())), " has no product"));
}

// --- cost -------------------------------------------------------------------------------------
Cost ProductCost(const ConcreteNode& node) {
  const Shape& a = node.input_shapes[0];
  const bool transposed = node.node->attrs.Int("transA", 0) != 0 && a.rank() > 1;
  const std::int64_t inner = transposed ? a[a.rank() - 2] : a.back();
  const auto outputs = static_cast<double>(NumElements(node.output_shapes[0]));
  return CostOfMacs(node, outputs * static_cast<double>(inner));
}

}  // namespace plumb::ops
