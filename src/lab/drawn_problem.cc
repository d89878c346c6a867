#include "lab/drawn_problem.h"

#include <algorithm>
#include <cmath>

#include "graph/builder.h"
#include "ops/ops.h"

namespace plumb::lab {
namespace {

// Evenly over the orders of magnitude.
std::int64_t LogUniform(Random& random, std::int64_t low, std::int64_t high) {
  const double exponent =
      std::log(static_cast<double>(low)) +
      random.NextDouble() * std::log(static_cast<double>(high) / static_cast<double>(low));
  return std::clamp(static_cast<std::int64_t>(std::lround(std::exp(exponent))), low, high);
}

template <std::size_t N>
std::int64_t OneOf(Random& random, const std::int64_t (&values)[N]) {
  return values[random.Uniform(0, N - 1)];
}

Tensor NormalWeights(Random& random, const Shape& shape) {
  Tensor tensor = Tensor::Zeros(DType::kFloat32, shape);
  for (float& value : tensor.mutable_data<float>()) {
    value = static_cast<float>(random.NextNormal());
  }
  return tensor;
}

Strides ChannelsLast(const Shape& shape) {
  return {shape[1] * shape[2] * shape[3], 1, shape[1] * shape[3], shape[1]};
}

// The one node of `builder`'s graph with these operands.
StatusOr<DrawnProblem> Finish(std::string text, std::unique_ptr<Graph> graph, GraphBuilder& builder,
                              ValueId result, const Shape& x, const Strides& x_strides,
                              const Shape& y, const Strides& y_strides) {
  PLUMB_RETURN_IF_ERROR(builder.status());
  DrawnProblem drawn{std::move(text), std::move(graph), {}};
  engine::KernelProblem& problem = drawn.problem;
  problem.node = &drawn.graph->node(drawn.graph->value(result).producer);
  for (const ValueId input : problem.node->inputs) {
    const Tensor& constant = drawn.graph->value(input).constant;
    ops::Operand operand{true, DType::kFloat32, x, x_strides, nullptr};
    if (constant.defined()) {
      operand = {true, DType::kFloat32, constant.shape(), RowMajorStrides(constant.shape()),
                 &constant};
    }
    problem.inputs.push_back(operand);
    problem.contents.emplace_back();
  }
  problem.outputs.push_back({true, DType::kFloat32, y, y_strides, nullptr});
  return drawn;
}

struct ConvSizes {
  std::int64_t batch, in, out, group, height, width, kernel_height, kernel_width, stride;
  std::int64_t out_height() const {
    return (height + 2 * (kernel_height / 2) - kernel_height) / stride + 1;
  }
  std::int64_t out_width() const {
    return (width + 2 * (kernel_width / 2) - kernel_width) / stride + 1;
  }
  double macs() const {
    return static_cast<double>(batch * out * (in / group) * kernel_height * kernel_width) *
           static_cast<double>(out_height() * out_width());
  }
};

ConvSizes DrawSizes(Random& random) {
  ConvSizes c{};
  constexpr std::int64_t kChannels[] = {3,   8,   16,  17,  24,  32,  48,  64,  96,  100,
                                        128, 160, 192, 256, 320, 384, 512, 768, 1024};
  constexpr std::int64_t kKernels[] = {1, 1, 1, 3, 3, 3, 3, 5, 7};
  c.batch = OneOf(random, {1, 1, 1, 2, 4});
  c.in = OneOf(random, kChannels);
  c.out = OneOf(random, kChannels);
  c.group = 1;
  c.kernel_height = c.kernel_width = OneOf(random, kKernels);
  c.stride = OneOf(random, {1, 1, 1, 2});
  c.height = c.width = LogUniform(random, 7, 224);
  const std::int64_t kind = random.Uniform(0, 9);
  if (kind == 0 && c.in > 3) {  // depthwise
    c.out = c.group = c.in;
    c.kernel_height = c.kernel_width = OneOf(random, {3, 3, 5});
  } else if (kind == 1 && c.in % 8 == 0 && c.out % 8 == 0) {
    c.group = OneOf(random, {2, 4, 8});
  } else if (kind == 2) {  // a line of a larger kernel
    c.kernel_height = 1;
    c.kernel_width = OneOf(random, {3, 7});
  }
  return c;
}

}  // namespace

StatusOr<DrawnProblem> DrawConv(Random& random, double max_macs) {
  ConvSizes c = DrawSizes(random);
  while (c.macs() > max_macs || c.macs() < 1e5) c = DrawSizes(random);
  auto graph = std::make_unique<Graph>();
  GraphBuilder builder(graph.get(), &ops::AllOps());
  const Shape x{c.batch, c.in, c.height, c.width};
  const Shape y{c.batch, c.out, c.out_height(), c.out_width()};
  const ValueId input = graph->AddInput("x", DType::kFloat32, ToDims(x));
  const ValueId weights = builder.Constant(
      NormalWeights(random, Shape{c.out, c.in / c.group, c.kernel_height, c.kernel_width}));
  const ValueId bias = builder.Constant(NormalWeights(random, Shape{c.out}));
  AttrMap attrs;
  const std::int64_t top = c.kernel_height / 2, left = c.kernel_width / 2;
  attrs.Set("pads", std::vector<std::int64_t>{top, left, top, left});
  attrs.Set("strides", std::vector<std::int64_t>{c.stride, c.stride});
  attrs.Set("group", c.group);
  const ValueId result = builder.Call("Conv", {input, weights, bias}, std::move(attrs));
  std::string text = absl::StrCat("conv ", c.batch, "x", c.in, "x", c.height, "x", c.width, " to ",
                                  c.out, ", ", c.kernel_height, "x", c.kernel_width);
  if (c.stride > 1) absl::StrAppend(&text, " stride ", c.stride);
  if (c.group > 1) absl::StrAppend(&text, " group ", c.group);
  // An image comes in planes, as files have it; everything else channels last.
  const Strides x_strides = c.in <= 4 ? RowMajorStrides(x) : ChannelsLast(x);
  return Finish(std::move(text), std::move(graph), builder, result, x, x_strides, y,
                ChannelsLast(y));
}

StatusOr<DrawnProblem> DrawMatMul(Random& random, double max_macs) {
  std::int64_t m = 0, n = 0, k = 0;
  do {
    m = LogUniform(random, 1, 4096);
    n = LogUniform(random, 1, 4096);
    k = LogUniform(random, 1, 4096);
  } while (static_cast<double>(m * n) * static_cast<double>(k) > max_macs ||
           static_cast<double>(m * n) * static_cast<double>(k) < 1e5);
  auto graph = std::make_unique<Graph>();
  GraphBuilder builder(graph.get(), &ops::AllOps());
  const Shape x{m, k}, y{m, n};
  const ValueId input = graph->AddInput("x", DType::kFloat32, ToDims(x));
  const ValueId weights = builder.Constant(NormalWeights(random, Shape{k, n}));
  const ValueId result = builder.Call("MatMul", {input, weights});
  return Finish(absl::StrCat("matmul ", m, "x", k, " by ", k, "x", n), std::move(graph), builder,
                result, x, RowMajorStrides(x), y, RowMajorStrides(y));
}

}  // namespace plumb::lab
