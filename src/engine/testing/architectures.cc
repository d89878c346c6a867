#include "engine/testing/architectures.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "core/random.h"
#include "engine/testing/net_builder.h"

namespace plumb::engine::testing {
namespace {

constexpr std::int64_t kClasses = 1000;

// He et al., 2015: bottlenecks of 1x1, 3x3 and 1x1 convolutions with a residual.
StatusOr<Graph> ResNet50(const NetSize& size) {
  NetBuilder net("resnet50");
  const std::int64_t base = 64 / size.divisor;
  ValueId x = net.Input("image", {3, size.extent, size.extent});
  x = net.ConvBatchNormRelu(x, {.out = base, .kernel = 7, .stride = 2, .pad = 3});
  x = net.MaxPool(x, 3, 2, 1);
  const int repeats[] = {3, 4, 6, 3};
  for (int stage = 0; stage < 4; ++stage) {
    const std::int64_t inner = base << stage;
    for (int block = 0; block < repeats[stage]; ++block) {
      const std::int64_t stride = block == 0 && stage > 0 ? 2 : 1;
      ValueId y = net.ConvBatchNormRelu(x, {.out = inner});
      y = net.ConvBatchNormRelu(y, {.out = inner, .kernel = 3, .stride = stride, .pad = 1});
      y = net.ConvBatchNorm(y, {.out = 4 * inner});
      if (block == 0) x = net.ConvBatchNorm(x, {.out = 4 * inner, .stride = stride});
      x = net.Relu(net.Call("Add", {y, x}));
    }
  }
  return net.Finish({net.Classifier(x, kClasses / size.divisor)});
}

// Sandler et al., 2018: inverted residuals with depthwise convolutions and ReLU6.
StatusOr<Graph> MobileNetV2(const NetSize& size) {
  NetBuilder net("mobilenet_v2");
  const auto relu6 = [&](ValueId x) { return net.Call("Clip", {x, net.Scalar(0), net.Scalar(6)}); };
  ValueId x = net.Input("image", {3, size.extent, size.extent});
  x = relu6(net.ConvBatchNorm(x, {.out = 32 / size.divisor, .kernel = 3, .stride = 2, .pad = 1}));
  struct Stage {
    std::int64_t expand, out, repeat, stride;
  };
  for (const Stage& s :
       {Stage{1, 16, 1, 1}, Stage{6, 24, 2, 2}, Stage{6, 32, 3, 2}, Stage{6, 64, 4, 2},
        Stage{6, 96, 3, 1}, Stage{6, 160, 3, 2}, Stage{6, 320, 1, 1}}) {
    for (int block = 0; block < s.repeat; ++block) {
      const std::int64_t in = net.Size(x, 1), wide = in * s.expand;
      const std::int64_t stride = block == 0 ? s.stride : 1, out = s.out / size.divisor;
      ValueId y = s.expand == 1 ? x : relu6(net.ConvBatchNorm(x, {.out = wide}));
      y = relu6(net.ConvBatchNorm(
          y, {.out = wide, .kernel = 3, .stride = stride, .pad = 1, .group = wide}));
      y = net.ConvBatchNorm(y, {.out = out});
      x = stride == 1 && in == out ? net.Call("Add", {x, y}) : y;
    }
  }
  x = relu6(net.ConvBatchNorm(x, {.out = 1280 / size.divisor}));
  return net.Finish({net.Classifier(x, kClasses / size.divisor)});
}

// Huang et al., 2016: every layer reads the concatenation of all before it in its block.
StatusOr<Graph> DenseNet121(const NetSize& size) {
  NetBuilder net("densenet121");
  const std::int64_t growth = 32 / size.divisor;
  ValueId x = net.Input("image", {3, size.extent, size.extent});
  x = net.ConvBatchNormRelu(x, {.out = 2 * growth, .kernel = 7, .stride = 2, .pad = 3});
  x = net.MaxPool(x, 3, 2, 1);
  const int layers[] = {6, 12, 24, 16};
  for (int block = 0; block < 4; ++block) {
    for (int layer = 0; layer < layers[block]; ++layer) {
      ValueId y = net.ConvBatchNormRelu(net.Relu(net.BatchNorm(x)), {.out = 4 * growth});
      y = net.Conv(y, {.out = growth, .kernel = 3, .pad = 1});
      x = net.Concat({x, y});
    }
    x = net.Relu(net.BatchNorm(x));
    if (block == 3) break;
    x = net.AveragePool(net.Conv(x, {.out = net.Size(x, 1) / 2}), 2, 2, 0);
  }
  return net.Finish({net.Classifier(x, kClasses / size.divisor)});
}

ValueId ShuffleChannels(NetBuilder& net, ValueId x, std::int64_t groups) {
  const std::int64_t channels = net.Size(x, 1), height = net.Size(x, 2), width = net.Size(x, 3);
  x = net.Reshape(x, {0, groups, channels / groups, height, width});
  return net.Reshape(net.Transpose(x, {0, 2, 1, 3, 4}), {0, channels, height, width});
}

// Zhang et al., 2017, with 3 groups: grouped 1x1 convolutions and a shuffle of channels between.
StatusOr<Graph> ShuffleNetV1(const NetSize& size) {
  NetBuilder net("shufflenet_v1");
  constexpr std::int64_t kGroups = 3;
  ValueId x = net.Input("image", {3, size.extent, size.extent});
  x = net.ConvBatchNormRelu(x, {.out = 24, .kernel = 3, .stride = 2, .pad = 1});
  x = net.MaxPool(x, 3, 2, 1);
  const int repeats[] = {4, 8, 4};
  for (int stage = 0; stage < 3; ++stage) {
    const std::int64_t out = (240 / size.divisor) << stage;
    for (int block = 0; block < repeats[stage]; ++block) {
      const std::int64_t inner = out / 4, stride = block == 0 ? 2 : 1;
      const bool first = stage == 0 && block == 0;
      ValueId y = net.ConvBatchNormRelu(x, {.out = inner, .group = first ? 1 : kGroups});
      y = ShuffleChannels(net, y, kGroups);
      y = net.ConvBatchNorm(
          y, {.out = inner, .kernel = 3, .stride = stride, .pad = 1, .group = inner});
      const std::int64_t wanted = block == 0 ? out - net.Size(x, 1) : out;
      y = net.ConvBatchNorm(y, {.out = wanted, .group = kGroups});
      x = block == 0 ? net.Concat({net.AveragePool(x, 3, 2, 1), y}) : net.Call("Add", {x, y});
      x = net.Relu(x);
    }
  }
  return net.Finish({net.Classifier(x, kClasses / size.divisor)});
}

// Iandola et al., 2016, version 1.1: fire modules, whose two halves are concatenated.
StatusOr<Graph> SqueezeNet(const NetSize& size) {
  NetBuilder net("squeezenet");
  const auto fire = [&](ValueId x, std::int64_t squeeze, std::int64_t expand) {
    x = net.ConvRelu(x, {.out = squeeze / size.divisor});
    const std::int64_t out = expand / size.divisor;
    return net.Concat(
        {net.ConvRelu(x, {.out = out}), net.ConvRelu(x, {.out = out, .kernel = 3, .pad = 1})});
  };
  ValueId x = net.Input("image", {3, size.extent, size.extent});
  x = net.ConvRelu(x, {.out = 64 / size.divisor, .kernel = 3, .stride = 2});
  x = fire(fire(net.MaxPool(x, 3, 2, 0, true), 16, 64), 16, 64);
  x = fire(fire(net.MaxPool(x, 3, 2, 0, true), 32, 128), 32, 128);
  x = fire(fire(net.MaxPool(x, 3, 2, 0, true), 48, 192), 48, 192);
  x = fire(fire(x, 64, 256), 64, 256);
  x = net.ConvRelu(x, {.out = kClasses / size.divisor});
  return net.Finish({net.Call("Flatten", {net.Call("GlobalAveragePool", {x})})});
}

// Szegedy et al., 2014: four branches concatenated.
StatusOr<Graph> GoogLeNet(const NetSize& size) {
  NetBuilder net("googlenet");
  struct Inception {
    std::int64_t one, reduce3, three, reduce5, five, pool;
    bool pool_before = false;
  };
  const auto inception = [&](ValueId x, const Inception& b) {
    const auto conv = [&](ValueId from, std::int64_t out, std::int64_t kernel) {
      return net.ConvRelu(from, {.out = out / size.divisor, .kernel = kernel, .pad = kernel / 2});
    };
    return net.Concat({conv(x, b.one, 1), conv(conv(x, b.reduce3, 1), b.three, 3),
                       conv(conv(x, b.reduce5, 1), b.five, 5),
                       conv(net.MaxPool(x, 3, 1, 1), b.pool, 1)});
  };
  ValueId x = net.Input("image", {3, size.extent, size.extent});
  x = net.ConvRelu(x, {.out = 64 / size.divisor, .kernel = 7, .stride = 2, .pad = 3});
  x = net.ConvRelu(net.MaxPool(x, 3, 2, 1), {.out = 64 / size.divisor});
  x = net.ConvRelu(x, {.out = 192 / size.divisor, .kernel = 3, .pad = 1});
  for (const Inception& block :
       {Inception{64, 96, 128, 16, 32, 32, true}, Inception{128, 128, 192, 32, 96, 64},
        Inception{192, 96, 208, 16, 48, 64, true}, Inception{160, 112, 224, 24, 64, 64},
        Inception{128, 128, 256, 24, 64, 64}, Inception{112, 144, 288, 32, 64, 64},
        Inception{256, 160, 320, 32, 128, 128}, Inception{256, 160, 320, 32, 128, 128, true},
        Inception{384, 192, 384, 48, 128, 128}}) {
    x = inception(block.pool_before ? net.MaxPool(x, 3, 2, 1) : x, block);
  }
  return net.Finish({net.Classifier(x, kClasses / size.divisor)});
}

// Ronneberger et al., 2015, padded: each level down is concatenated to the same level up.
StatusOr<Graph> UNet(const NetSize& size) {
  NetBuilder net("unet");
  const auto twice = [&](ValueId x, std::int64_t out) {
    x = net.ConvBatchNormRelu(x, {.out = out, .kernel = 3, .pad = 1});
    return net.ConvBatchNormRelu(x, {.out = out, .kernel = 3, .pad = 1});
  };
  const std::int64_t base = 64 / size.divisor;
  ValueId x = net.Input("image", {3, size.extent, size.extent});
  std::vector<ValueId> levels;
  for (int level = 0; level < 4; ++level) {
    levels.push_back(twice(x, base << level));
    x = net.MaxPool(levels.back(), 2, 2, 0);
  }
  x = twice(x, base << 4);
  for (int level = 3; level >= 0; --level) {
    x = net.Concat({levels[static_cast<std::size_t>(level)], net.UpConv(x, base << level)});
    x = twice(x, base << level);
  }
  return net.Finish({net.Conv(x, {.out = 1, .bias = true})});
}

// Devlin et al., 2018: self attention and a feed-forward layer as exporters write them.
ValueId BertLayer(NetBuilder& net, ValueId x, ValueId mask, std::int64_t heads) {
  const std::int64_t tokens = net.Size(x, 1), hidden = net.Size(x, 2), head = hidden / heads;
  const auto split = [&](ValueId v, std::vector<std::int64_t> perm) {
    return net.Transpose(net.Reshape(v, {0, tokens, heads, head}), std::move(perm));
  };
  const ValueId q = split(net.Linear(x, hidden), {0, 2, 1, 3});
  const ValueId k = split(net.Linear(x, hidden), {0, 2, 3, 1});
  const ValueId v = split(net.Linear(x, hidden), {0, 2, 1, 3});
  const ValueId scale = net.Scalar(std::sqrt(static_cast<double>(head)));
  ValueId scores = net.Call("Div", {net.Call("MatMul", {q, k}), scale});
  scores = net.Call("Softmax", {net.Call("Add", {scores, mask})},
                    Attributes({{"axis", std::int64_t{-1}}}));
  ValueId y = net.Transpose(net.Call("MatMul", {scores, v}), {0, 2, 1, 3});
  y = net.Linear(net.Reshape(y, {0, tokens, hidden}), hidden);
  x = net.LayerNorm(net.Call("Add", {y, x}));
  y = net.Linear(x, 4 * hidden);
  const ValueId erf = net.Call("Erf", {net.Call("Div", {y, net.Scalar(std::sqrt(2.0))})});
  y = net.Call("Mul", {y, net.Call("Add", {erf, net.Scalar(1)})});
  y = net.Linear(net.Call("Mul", {y, net.Scalar(0.5)}), hidden);
  return net.LayerNorm(net.Call("Add", {y, x}));
}

StatusOr<Graph> Bert(const NetSize& size) {
  NetBuilder net("bert");
  ValueId x = net.Input("tokens", {size.extent, 768 / size.divisor});
  const ValueId mask = net.Input("mask", {1, 1, size.extent});
  for (int layer = 0; layer < 2; ++layer) x = BertLayer(net, x, mask, 12);
  return net.Finish({x});
}

StatusOr<Graph> Mlp(const NetSize& size) {
  NetBuilder net("mlp");
  ValueId x = net.Input("x", {784});
  for (const std::int64_t width : {512, 512}) x = net.Relu(net.Linear(x, width / size.divisor));
  return net.Finish({net.Call("Softmax", {net.Linear(x, 10)})});
}

constexpr Architecture kArchitectures[] = {
    {"resnet50", ResNet50, {224, 1}, {32, 8}},
    {"mobilenet_v2", MobileNetV2, {224, 1}, {32, 8}},
    {"densenet121", DenseNet121, {224, 1}, {32, 8}},
    {"shufflenet_v1", ShuffleNetV1, {224, 1}, {32, 5}},
    {"squeezenet", SqueezeNet, {224, 1}, {32, 8}},
    {"googlenet", GoogLeNet, {224, 1}, {32, 8}},
    {"unet", UNet, {256, 1}, {32, 8}},
    {"bert", Bert, {128, 1}, {16, 4}},
    {"mlp", Mlp, {1, 1}, {1, 8}},
};

}  // namespace

std::span<const Architecture> Architectures() { return kArchitectures; }

const Architecture& FindArchitecture(std::string_view name) {
  const auto* found = std::ranges::find(kArchitectures, name, &Architecture::name);
  PLUMB_CHECK(found != std::end(kArchitectures), "no architecture ", Str(name));
  return *found;
}

std::vector<Tensor> RandomInputs(const Graph& graph, std::int64_t batch) {
  std::vector<Tensor> inputs;
  for (ValueId input : graph.inputs()) {
    Shape shape;
    for (const Dim& dim : *graph.value(input).info.dims) {
      shape.Append(dim.is_constant() ? dim.value() : batch);
    }
    Tensor tensor = Tensor::Zeros(DType::kFloat32, shape);
    Random random(7 + static_cast<std::uint64_t>(input));
    for (float& v : tensor.mutable_data<float>()) v = 2 * random.NextFloat() - 1;
    inputs.push_back(std::move(tensor));
  }
  return inputs;
}

}  // namespace plumb::engine::testing
