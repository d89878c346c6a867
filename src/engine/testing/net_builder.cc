#include "engine/testing/net_builder.h"

#include <cmath>

#include "ops/ops.h"

namespace plumb::engine::testing {
namespace {

using Ints = std::vector<std::int64_t>;

}  // namespace

AttrMap Attributes(std::initializer_list<std::pair<std::string_view, Attr>> entries) {
  AttrMap attrs;
  for (const auto& [name, value] : entries) attrs.Set(name, value);
  return attrs;
}

NetBuilder::NetBuilder(std::string_view name) : builder_(&graph_, &ops::AllOps()) {
  graph_.name = std::string(name);
}

ValueId NetBuilder::Input(std::string_view name, const Ints& sizes) {
  DimVector dims = {Dim::Symbol(graph_.symbols().Intern("N"))};
  dims.insert(dims.end(), sizes.begin(), sizes.end());
  return graph_.AddInput(name, DType::kFloat32, dims);
}

std::int64_t NetBuilder::Size(ValueId value, int dim) const {
  if (value == kNoValue) return 1;
  return (*builder_.info(value).dims)[static_cast<std::size_t>(dim)].value();
}

// A linear congruential generator: millions of weights in a moment, the same everywhere.
ValueId NetBuilder::Weights(const Shape& shape, float low, float high) {
  Tensor tensor = Tensor::Zeros(DType::kFloat32, shape);
  std::uint32_t state = seed_++ * 2654435761u;
  for (float& weight : tensor.mutable_data<float>()) {
    state = state * 1664525u + 1013904223u;
    weight = low + (high - low) * (static_cast<float>(state >> 8) * 0x1p-24f);
  }
  return builder_.Constant(std::move(tensor), "w");
}

ValueId NetBuilder::LayerWeights(const Shape& shape, std::int64_t fan_in) {
  const float bound = std::sqrt(6.0f / static_cast<float>(fan_in));
  return Weights(shape, -bound, bound);
}

ValueId NetBuilder::Conv(ValueId x, const ConvShape& shape) {
  const std::int64_t in = Size(x, 1) / shape.group, k = shape.kernel, p = shape.pad;
  std::vector<ValueId> inputs = {x, LayerWeights({shape.out, in, k, k}, in * k * k)};
  if (shape.bias) inputs.push_back(Weights({shape.out}, -0.1f, 0.1f));
  return Call("Conv", inputs,
              Attributes({{"kernel_shape", Ints{k, k}},
                          {"strides", Ints{shape.stride, shape.stride}},
                          {"pads", Ints{p, p, p, p}},
                          {"group", shape.group}}));
}

ValueId NetBuilder::BatchNorm(ValueId x) {
  const std::int64_t channels = Size(x, 1);
  const ValueId scale = Weights({channels}, 0.6f, 0.9f), shift = Weights({channels}, -0.1f, 0.1f);
  const ValueId mean = Weights({channels}, -0.1f, 0.1f), var = Weights({channels}, 0.8f, 1.2f);
  return Call("BatchNormalization", {x, scale, shift, mean, var});
}

ValueId NetBuilder::ConvRelu(ValueId x, ConvShape shape) {
  shape.bias = true;
  return Relu(Conv(x, shape));
}

ValueId NetBuilder::UpConv(ValueId x, std::int64_t out) {
  const std::int64_t in = Size(x, 1);
  const ValueId weights = LayerWeights({in, out, 2, 2}, in);
  return Call("ConvTranspose", {x, weights, Weights({out}, -0.1f, 0.1f)},
              Attributes({{"kernel_shape", Ints{2, 2}}, {"strides", Ints{2, 2}}}));
}

ValueId NetBuilder::MaxPool(ValueId x, std::int64_t kernel, std::int64_t stride, std::int64_t pad,
                            bool ceil) {
  return Call("MaxPool", {x},
              Attributes({{"kernel_shape", Ints{kernel, kernel}},
                          {"strides", Ints{stride, stride}},
                          {"pads", Ints{pad, pad, pad, pad}},
                          {"ceil_mode", std::int64_t{ceil}}}));
}

ValueId NetBuilder::AveragePool(ValueId x, std::int64_t kernel, std::int64_t stride,
                                std::int64_t pad) {
  return Call("AveragePool", {x},
              Attributes({{"kernel_shape", Ints{kernel, kernel}},
                          {"strides", Ints{stride, stride}},
                          {"pads", Ints{pad, pad, pad, pad}},
                          {"count_include_pad", std::int64_t{1}}}));
}

ValueId NetBuilder::Concat(std::vector<ValueId> parts, std::int64_t axis) {
  return Call("Concat", std::move(parts), Attributes({{"axis", axis}}));
}

ValueId NetBuilder::Reshape(ValueId x, const Ints& sizes) {
  return Call("Reshape", {x, builder_.Ints(sizes)});
}

ValueId NetBuilder::Transpose(ValueId x, Ints perm) {
  return Call("Transpose", {x}, Attributes({{"perm", std::move(perm)}}));
}

ValueId NetBuilder::Linear(ValueId x, std::int64_t out) {
  if (x == kNoValue) return kNoValue;
  const std::int64_t in = Size(x, static_cast<int>(builder_.info(x).dims->size()) - 1);
  const ValueId product = Call("MatMul", {x, LayerWeights({in, out}, 2 * in)});
  return Call("Add", {product, Weights({out}, -0.1f, 0.1f)});
}

ValueId NetBuilder::Classifier(ValueId x, std::int64_t classes) {
  const std::int64_t in = Size(x, 1);
  const ValueId flat = Call("Flatten", {Call("GlobalAveragePool", {x})});
  return Call("Gemm", {flat, LayerWeights({classes, in}, in), Weights({classes}, -0.1f, 0.1f)},
              Attributes({{"transB", std::int64_t{1}}}));
}

ValueId NetBuilder::LayerNorm(ValueId x) {
  if (x == kNoValue) return kNoValue;
  const std::int64_t in = Size(x, static_cast<int>(builder_.info(x).dims->size()) - 1);
  return Call("LayerNormalization", {x, Weights({in}, 0.8f, 1.2f), Weights({in}, -0.1f, 0.1f)},
              Attributes({{"axis", std::int64_t{-1}}}));
}

StatusOr<Graph> NetBuilder::Finish(const std::vector<ValueId>& outputs) {
  PLUMB_RETURN_IF_ERROR(builder_.status());
  for (ValueId output : outputs) graph_.AddOutput(output);
  return std::move(graph_);
}

}  // namespace plumb::engine::testing
