// Writes networks layer by layer, with seeded random weights: what architectures.cc is made of.
#pragma once

#include <string_view>
#include <vector>

#include "graph/builder.h"

namespace plumb::engine::testing {

struct ConvShape {
  std::int64_t out = 0;
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t pad = 0;
  std::int64_t group = 1;
  bool bias = false;
};

// Images are [N, channels, height, width] with a symbolic N. Errors stick: Finish tells the first.
class NetBuilder {
 public:
  explicit NetBuilder(std::string_view name);

  ValueId Input(std::string_view name, const std::vector<std::int64_t>& sizes);  // after N
  ValueId Conv(ValueId x, const ConvShape& shape);
  ValueId BatchNorm(ValueId x);
  ValueId Relu(ValueId x) { return Call("Relu", {x}); }
  ValueId ConvRelu(ValueId x, ConvShape shape);  // with a bias
  ValueId ConvBatchNorm(ValueId x, const ConvShape& shape) { return BatchNorm(Conv(x, shape)); }
  ValueId ConvBatchNormRelu(ValueId x, const ConvShape& shape) {
    return Relu(ConvBatchNorm(x, shape));
  }
  ValueId UpConv(ValueId x, std::int64_t out);  // ConvTranspose 2x2 with stride 2
  ValueId MaxPool(ValueId x, std::int64_t kernel, std::int64_t stride, std::int64_t pad,
                  bool ceil = false);
  ValueId AveragePool(ValueId x, std::int64_t kernel, std::int64_t stride, std::int64_t pad);
  ValueId Concat(std::vector<ValueId> parts, std::int64_t axis = 1);
  ValueId Reshape(ValueId x, const std::vector<std::int64_t>& sizes);
  ValueId Transpose(ValueId x, std::vector<std::int64_t> perm);
  // x: [..., in] times a constant [in, out], and a bias.
  ValueId Linear(ValueId x, std::int64_t out);
  // Global average, flattened, and a fully connected layer.
  ValueId Classifier(ValueId x, std::int64_t classes);
  ValueId LayerNorm(ValueId x);

  ValueId Call(std::string_view op, std::vector<ValueId> inputs, AttrMap attrs = {}) {
    return builder_.Call(op, std::move(inputs), std::move(attrs));
  }
  ValueId Scalar(double value) { return builder_.Scalar(DType::kFloat32, value); }
  std::int64_t Size(ValueId value, int dim) const;  // a known dimension; 1 after an error
  StatusOr<Graph> Finish(const std::vector<ValueId>& outputs);

 private:
  // Uniform in [low, high].
  ValueId Weights(const Shape& shape, float low, float high);
  // Of a deviation that keeps magnitudes through a layer with ReLU.
  ValueId LayerWeights(const Shape& shape, std::int64_t fan_in);

  Graph graph_;
  GraphBuilder builder_;
  std::uint32_t seed_ = 1;
};

// {{"axis", std::int64_t{1}}, ...}
AttrMap Attributes(std::initializer_list<std::pair<std::string_view, Attr>> entries);

}  // namespace plumb::engine::testing
