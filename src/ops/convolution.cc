#include "ops/convolution.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "ops/activation.h"
#include "ops/cost.h"
#include "ops/dim_text.h"
#include "ops/number.h"

namespace plumb::ops {
namespace {

bool Differ(const Dim& a, const Dim& b) { return a.is_constant() && b.is_constant() && a != b; }

// Ranks, channels and groups; `large` says whether x is the large image.
Status CheckChannels(const AttrMap& attrs, const DimVector& x, const DimVector& weight,
                     bool large) {
  if (x.size() < 3) {
    return InvalidArgument("input has ", x.size(),
                           " dimensions, expected 3 or more (batch, channels, spatial ones)");
  }
  if (weight.size() != x.size()) {
    return InvalidArgument("weight has ", weight.size(), " dimensions, expected ", x.size());
  }
  const std::int64_t group = attrs.Int("group", 1);
  if (group < 1) return InvalidArgument("attribute 'group' is ", group, ", expected 1 or more");
  if (weight[0].is_constant() && weight[0].value() % group != 0) {
    return InvalidArgument("weight has ", weight[0].value(), " channels in dimension 0, which ",
                           group, " groups do not divide");
  }
  const std::optional<Dim> needed = large ? Dim::Multiply(weight[1], Dim(group)) : weight[0];
  if (needed && Differ(x[1], *needed)) {
    return InvalidArgument("input has ", x[1].value(), " channels, but the weight with ", group,
                           " groups takes ", needed->value());
  }
  return OkStatus();
}

// The spatial sizes of the weight where all are known.
std::optional<Dims> KernelOf(const DimVector& weight) {
  const std::span<const Dim> spatial(weight.data() + 2, weight.size() - 2);
  return ConcreteShape(spatial);
}

StatusOr<std::optional<Window>> WindowOf(const AttrMap& attrs, const DimVector& weight) {
  const std::optional<Dims> kernel = KernelOf(weight);
  if (!kernel && !attrs.Has("kernel_shape")) return std::optional<Window>();
  PLUMB_ASSIGN_OR_RETURN(Window window, ReadWindow(attrs, static_cast<int>(weight.size()) - 2,
                                                   kernel ? &*kernel : nullptr));
  return std::optional<Window>(window);
}

// --- transposed windows -----------------------------------------------------------------------
// ConvTranspose states the size of its output by pads and output_padding, or by output_shape.
struct TransposeSizes {
  Dims output_padding;
  std::optional<Dims> output_shape;
};

StatusOr<TransposeSizes> ReadTransposeSizes(const AttrMap& attrs, int rank) {
  TransposeSizes sizes;
  sizes.output_padding = Dims(rank, 0);
  constexpr std::int64_t kLimit = (std::int64_t{1} << 31) - 1;
  for (const char* name : {"output_padding", "output_shape"}) {
    if (!attrs.Has(name)) continue;
    const std::vector<std::int64_t> values = attrs.Ints(name);
    if (static_cast<int>(values.size()) != rank) {
      return InvalidArgument("attribute '", name, "' has ", values.size(), " numbers, expected ",
                             rank);
    }
    for (const std::int64_t value : values) {
      if (value < 0 || value > kLimit) {
        return InvalidArgument("attribute '", name, "' has ", value, ", expected 0 to ", kLimit);
      }
    }
    if (std::string_view(name) == "output_padding") {
      sizes.output_padding = Dims(values);
    } else {
      sizes.output_shape = Dims(values);
    }
  }
  return sizes;
}

// Size of the output along an axis; sets the window's pads where the output size is given.
StatusOr<std::int64_t> TransposedSize(const TransposeSizes& sizes, int axis, std::int64_t small,
                                      Window* window) {
  const std::int64_t stride = window->stride[axis];
  const std::int64_t natural =
      stride * (small - 1) + sizes.output_padding[axis] + window->Extent(axis);
  const bool same =
      window->auto_pad == AutoPad::kSameUpper || window->auto_pad == AutoPad::kSameLower;
  if (!sizes.output_shape && !same) {
    const std::int64_t size = natural - window->pad_begin[axis] - window->pad_end[axis];
    if (size < 0 || (size == 0 && small > 0)) {
      return InvalidArgument("pads leave ", size, " pixels of spatial axis ", axis,
                             ", expected 1 or more");
    }
    return size;
  }
  const std::int64_t size = sizes.output_shape ? (*sizes.output_shape)[axis] : small * stride;
  const std::int64_t total = std::max<std::int64_t>(0, natural - size);
  const bool upper = window->auto_pad == AutoPad::kSameUpper;
  window->pad_begin[axis] = upper ? total / 2 : total - total / 2;
  window->pad_end[axis] = total - window->pad_begin[axis];
  return size;
}

}  // namespace

double Convolution::macs() const {
  const double pairs = static_cast<double>(batch) * static_cast<double>(small_channels) *
                       static_cast<double>(large_channels / group);
  return pairs * static_cast<double>(NumElements(small)) *
         static_cast<double>(NumElements(window.kernel));
}

std::vector<AttrDef> ConvAttrs(bool transposed) {
  std::vector<AttrDef> attrs = WindowAttrs(/*ceil_mode=*/false);
  attrs.push_back({"group", AttrType::kInt});
  if (transposed) {
    attrs.push_back({"output_padding", AttrType::kInts});
    attrs.push_back({"output_shape", AttrType::kInts});
  }
  return attrs;
}

// --- shape inference --------------------------------------------------------------------------
StatusOr<DimVector> ConvDims(const AttrMap& attrs, const DimVector& x, const DimVector& weight) {
  PLUMB_RETURN_IF_ERROR(CheckChannels(attrs, x, weight, /*large=*/true));
  PLUMB_ASSIGN_OR_RETURN(const std::optional<Window> window, WindowOf(attrs, weight));
  DimVector dims = {x[0], weight[0]};
  for (std::size_t i = 2; i < x.size(); ++i) {
    Dim size = Dim::Anonymous();
    if (window) {
      PLUMB_ASSIGN_OR_RETURN(size, WindowCountDim(*window, static_cast<int>(i) - 2, x[i]));
    }
    dims.push_back(size);
  }
  return dims;
}

StatusOr<DimVector> ConvTransposeDims(const AttrMap& attrs, const DimVector& x,
                                      const DimVector& weight) {
  PLUMB_RETURN_IF_ERROR(CheckChannels(attrs, x, weight, /*large=*/false));
  PLUMB_ASSIGN_OR_RETURN(std::optional<Window> window, WindowOf(attrs, weight));
  PLUMB_ASSIGN_OR_RETURN(const TransposeSizes sizes,
                         ReadTransposeSizes(attrs, static_cast<int>(x.size()) - 2));
  const std::optional<Dim> channels = Dim::Multiply(weight[1], Dim(attrs.Int("group", 1)));
  DimVector dims = {x[0], channels.value_or(Dim::Anonymous())};
  for (int axis = 0; axis < static_cast<int>(x.size()) - 2; ++axis) {
    const Dim small = x[static_cast<std::size_t>(axis) + 2];
    if (window && small.is_constant()) {
      PLUMB_ASSIGN_OR_RETURN(const std::int64_t size,
                             TransposedSize(sizes, axis, small.value(), &*window));
      dims.push_back(Dim(size));
    } else if (sizes.output_shape) {
      dims.push_back(Dim((*sizes.output_shape)[axis]));
    } else if (window && window->auto_pad == AutoPad::kNotSet) {
      // stride * small + what the kernel and pads add
      const std::int64_t rest = sizes.output_padding[axis] + window->Extent(axis) -
                                window->stride[axis] - window->pad_begin[axis] -
                                window->pad_end[axis];
      const std::optional<Dim> scaled = Dim::Multiply(small, Dim(window->stride[axis]));
      const std::optional<Dim> size = scaled ? Dim::Add(*scaled, Dim(rest)) : std::nullopt;
      dims.push_back(size.value_or(Dim::Anonymous()));
    } else {
      dims.push_back(Dim::Anonymous());
    }
  }
  return dims;
}

StatusOr<Convolution> MakeConv(const AttrMap& attrs, const Shape& x, const Shape& weight) {
  PLUMB_RETURN_IF_ERROR(CheckChannels(attrs, ToDims(x), ToDims(weight), /*large=*/true));
  Convolution c;
  c.group = attrs.Int("group", 1);
  c.batch = x[0];
  c.large_channels = x[1];
  c.small_channels = weight[0];
  c.large = SpatialOf(x);
  const Dims kernel = SpatialOf(weight);
  PLUMB_ASSIGN_OR_RETURN(c.window, ReadWindow(attrs, kernel.rank(), &kernel));
  PLUMB_ASSIGN_OR_RETURN(c.small, WindowCounts(c.window, c.large));
  ResolvePads(&c.window, c.large);
  return c;
}

StatusOr<Convolution> MakeConvTranspose(const AttrMap& attrs, const Shape& x, const Shape& weight) {
  PLUMB_RETURN_IF_ERROR(CheckChannels(attrs, ToDims(x), ToDims(weight), /*large=*/false));
  Convolution c;
  c.group = attrs.Int("group", 1);
  c.batch = x[0];
  c.small_channels = x[1];
  if (__builtin_mul_overflow(weight[1], c.group, &c.large_channels)) {
    return InvalidArgument("attribute 'group' is ", c.group, ", too large");
  }
  c.small = SpatialOf(x);
  const Dims kernel = SpatialOf(weight);
  PLUMB_ASSIGN_OR_RETURN(c.window, ReadWindow(attrs, kernel.rank(), &kernel));
  PLUMB_ASSIGN_OR_RETURN(const TransposeSizes sizes, ReadTransposeSizes(attrs, kernel.rank()));
  for (int axis = 0; axis < kernel.rank(); ++axis) {
    PLUMB_ASSIGN_OR_RETURN(const std::int64_t size,
                           TransposedSize(sizes, axis, c.small[axis], &c.window));
    c.large.Append(size);
  }
  c.window.auto_pad = AutoPad::kNotSet;
  return c;
}

Status InferConv(InferContext& context, bool transposed) {
  if (!context.has_dims(0) || !context.has_dims(1)) {
    context.SetOutput(0, context.dtype(0), std::nullopt);
    return OkStatus();
  }
  const auto dims_of = transposed ? ConvTransposeDims : ConvDims;
  PLUMB_ASSIGN_OR_RETURN(DimVector dims,
                         dims_of(context.attrs(), context.dims(0), context.dims(1)));
  for (int i : {2, 4}) {
    if (!context.has_dims(i)) continue;
    const DimVector& given = context.dims(i);
    if (given.size() != 1 || Differ(given[0], dims[1])) {
      return InvalidArgument(i == 2 ? "bias" : "scale", " has shape ", DimsText(given),
                             ", expected [", DimText(dims[1]), "]");
    }
  }
  context.SetOutput(0, context.dtype(0), std::move(dims));
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
namespace {

// Shape of y: batch, its channels, its spatial sizes.
Shape OutputShape(const Convolution& c, bool transposed) {
  Shape shape{c.batch, transposed ? c.large_channels : c.small_channels};
  for (const std::int64_t size : transposed ? c.large : c.small) shape.Append(size);
  return shape;
}

StatusOr<const Tensor*> Addend(const ReferenceContext& context, int i, const Shape& expected) {
  if (!context.has_input(i)) return nullptr;
  const Tensor& tensor = context.input(i);
  if (tensor.shape() != expected || tensor.dtype() != context.input(0).dtype()) {
    return InvalidArgument("input ", i, " is ", Str(DTypeName(tensor.dtype())), " ",
                           tensor.shape().ToString(), ", expected ",
                           Str(DTypeName(context.input(0).dtype())), " ", expected.ToString());
  }
  return &tensor;
}

}  // namespace

Status CheckSmall(const Convolution& c, const Shape& shape) {
  const Shape expected = OutputShape(c, /*transposed=*/false);
  if (shape == expected) return OkStatus();
  return InvalidArgument("gradient of the output has shape ", shape.ToString(), ", expected ",
                         expected.ToString());
}

Status ReferenceConv(ReferenceContext& context, bool transposed) {
  const Tensor& x = context.input(0);
  const Tensor& weight = context.input(1);
  if (!IsFloating(x.dtype()) || weight.dtype() != x.dtype()) {
    return InvalidArgument("input is ", Str(DTypeName(x.dtype())), " and weight ",
                           Str(DTypeName(weight.dtype())), ", expected one floating-point type");
  }
  PLUMB_ASSIGN_OR_RETURN(const Convolution c, (transposed ? MakeConvTranspose : MakeConv)(
                                                  context.attrs(), x.shape(), weight.shape()));
  PLUMB_ASSIGN_OR_RETURN(const kernels::Epilogue epilogue, ReadActivation(context.attrs()));
  const Shape shape = OutputShape(c, transposed);
  PLUMB_ASSIGN_OR_RETURN(const Tensor* bias, Addend(context, 2, Shape{shape[1]}));
  PLUMB_ASSIGN_OR_RETURN(const Tensor* residual, Addend(context, 3, shape));
  PLUMB_ASSIGN_OR_RETURN(const Tensor* scale, Addend(context, 4, Shape{shape[1]}));
  PLUMB_ASSIGN_OR_RETURN(Tensor sums, Tensor::TryAllocate(DType::kFloat64, shape));
  const std::vector<double> src = ToDoubles(x), taps = ToDoubles(weight);
  double* sum = sums.mutable_data<double>().data();
  if (transposed) {
    AddConvTranspose(c, src.data(), taps.data(), sum);
  } else {
    AddConv(c, src.data(), taps.data(), sum);
  }
  const std::int64_t pixels = NumElements(transposed ? c.large : c.small);
  PLUMB_ASSIGN_OR_RETURN(Tensor * y, context.Allocate(0, x.dtype(), shape));
  return VisitNumber(
      x.dtype(),
      [&]<typename T>(T) -> Status {
        T* dst = y->mutable_data<T>().data();
        for (std::int64_t i = 0; i < sums.num_elements(); ++i) {
          const auto channel = static_cast<std::size_t>(i / pixels % shape[1]);
          double value = sum[i];
          if (scale != nullptr) value *= AsDouble(scale->data<T>()[channel]);
          if (bias != nullptr) value += AsDouble(bias->data<T>()[channel]);
          if (residual != nullptr) {
            value += AsDouble(residual->data<T>()[static_cast<std::size_t>(i)]);
          }
          dst[i] = FromDouble<T>(Activate(epilogue, value));
        }
        return OkStatus();
      },
      OkStatus());
}

// --- cost -------------------------------------------------------------------------------------
Cost ConvCost(const ConcreteNode& node, bool transposed) {
  const StatusOr<Convolution> c = (transposed ? MakeConvTranspose : MakeConv)(
      node.node->attrs, node.input_shapes[0], node.input_shapes[1]);
  return CostOfMacs(node, c.ok() ? c->macs() : 0);
}

}  // namespace plumb::ops
