#include "kernels/dot/dot.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernels/testing/elements.h"
#include "kernels/testing/epilogue_reference.h"
#include "kernels/testing/guard_pages.h"
#include "kernels/testing/kernel_test.h"

namespace plumb::kernels {
namespace {

using Index = std::array<std::int64_t, 3>;
using testing::Elements;
using testing::Guarded;
using testing::GuardPages;

std::int64_t OffsetOf(const ImageStrides& strides, std::int64_t batch, std::int64_t channel,
                      const Index& at) {
  return batch * strides.batch + channel * strides.channel + at[0] * strides.spatial[0] +
         at[1] * strides.spatial[1] + at[2] * strides.spatial[2];
}

std::int64_t SpanOf(const ImageStrides& strides, std::int64_t batch, std::int64_t channels,
                    const Index& size) {
  if (batch * channels * size[0] * size[1] * size[2] == 0) return 0;
  return OffsetOf(strides, batch - 1, channels - 1, {size[0] - 1, size[1] - 1, size[2] - 1}) + 1;
}

void ForEachPlace(const Index& size, const auto& fn) {
  for (std::int64_t i = 0; i < size[0]; ++i) {
    for (std::int64_t j = 0; j < size[1]; ++j) {
      for (std::int64_t k = 0; k < size[2]; ++k) fn(Index{i, j, k});
    }
  }
}

std::string Print(const DotProblem& problem) {
  const ConvProblem& p = problem.geometry;
  auto text = [](const Index& x) { return absl::StrCat(x[0], "x", x[1], "x", x[2]); };
  return absl::StrCat(p.transposed ? "transposed " : "", p.batch, " x ", p.in_channels, " to ",
                      p.out_channels, " in ", p.group, " groups, ", text(p.in_size), " to ",
                      text(p.out_size), ", kernel ", text(p.kernel), " stride ", text(p.stride),
                      " dilation ", text(p.dilation), " pad ", text(p.pad_begin), " src channel ",
                      p.src.channel, " pixel ", p.src.spatial[2], " dst channel ", p.dst.channel,
                      " activation ", static_cast<int>(p.epilogue.activation), " residual ",
                      p.epilogue.has_residual, ", ", static_cast<int>(problem.src), " to ",
                      static_cast<int>(problem.dst), " + ", static_cast<int>(problem.residual));
}

struct Sum {
  double value = 0;
  double magnitude = 0;
};

class DotTest : public testing::KernelTest {
 protected:
  static std::int64_t InputAt(const ConvProblem& p, std::size_t d, std::int64_t out,
                              std::int64_t tap) {
    std::int64_t at;
    if (p.transposed) {
      const std::int64_t place = out + p.pad_begin[d] - tap * p.dilation[d];
      if (place % p.stride[d] != 0) return -1;
      at = place / p.stride[d];
    } else {
      at = out * p.stride[d] - p.pad_begin[d] + tap * p.dilation[d];
    }
    return at >= 0 && at < p.in_size[d] ? at : -1;
  }

  // weight(index, out channel): what it counts in the products.
  static Sum SumAt(const DotProblem& problem, Elements* src, const auto& weight, std::int64_t image,
                   std::int64_t out_channel, const Index& out) {
    const ConvProblem& p = problem.geometry;
    const std::int64_t channels = p.in_channels / p.group;
    const std::int64_t outputs = p.out_channels / p.group;
    const std::int64_t group = out_channel / outputs;
    const std::int64_t kernel = p.kernel[0] * p.kernel[1] * p.kernel[2];
    Sum sum;
    ForEachPlace(p.kernel, [&](const Index& tap) {
      Index at;
      for (std::size_t d = 0; d < 3; ++d) {
        at[d] = InputAt(p, d, out[d], tap[d]);
        if (at[d] < 0) return;
      }
      const std::int64_t t = (tap[0] * p.kernel[1] + tap[1]) * p.kernel[2] + tap[2];
      for (std::int64_t c = 0; c < channels; ++c) {
        const std::int64_t in_channel = group * channels + c;
        const std::int64_t index = p.transposed
                                       ? (in_channel * outputs + out_channel % outputs) * kernel + t
                                       : (out_channel * channels + c) * kernel + t;
        double x = src->Get(OffsetOf(p.src, image, in_channel, at));
        x = problem.integers() ? x - problem.src_zero
                               : double{static_cast<float>(BFloat16(static_cast<float>(x)))};
        const double product = x * weight(index, out_channel);
        sum.value += product;
        sum.magnitude += std::fabs(product);
      }
    });
    return sum;
  }

  std::int64_t Span(const DotProblem& problem, const ImageStrides& strides) {
    const ConvProblem& p = problem.geometry;
    return SpanOf(strides, p.batch, p.out_channels, p.out_size);
  }

  std::int64_t WeightCount(const ConvProblem& p) {
    return p.out_channels * (p.in_channels / p.group) * p.kernel[0] * p.kernel[1] * p.kernel[2];
  }

  // Runs an algorithm on one and two threads; checks guards and bits; returns what dst holds.
  std::vector<char> Run(const DotProblem& problem, const Algorithm& algorithm, Elements* src,
                        void* packed, Elements* residual, bool in_place) {
    const std::int64_t bytes = StorageBytes(problem.dst, Span(problem, problem.geometry.dst));
    Guarded<char> dst(bytes);
    if (in_place) std::copy(residual->data(), residual->data() + bytes, dst.data());
    Guarded<char> again = dst;
    // Memory for one thread or for two: no more may work at once.
    Target target = target_;
    target.cores = Flip() ? 1 : 2;
    const BoundKernel kernel = BindDot(problem, algorithm, target);
    RunOn(&one_, kernel,
          {src->data(), packed, in_place ? dst.data() : residual->data(), dst.data()});
    RunOn(&two_, kernel,
          {src->data(), packed, in_place ? again.data() : residual->data(), again.data()});
    EXPECT_TRUE(dst.GuardsIntact() && again.GuardsIntact()) << "wrote outside of dst";
    EXPECT_TRUE(dst.SameBytes(again)) << "two threads give other bits than one";
    const std::int64_t size = StorageBytes(problem.dst, 1);
    for (std::int64_t i = 0; i < bytes && !in_place; ++i) {
      if (!outputs_[static_cast<std::size_t>(i / size)]) {
        EXPECT_TRUE(dst.Poisoned(static_cast<std::size_t>(i))) << "wrote between the elements";
      }
    }
    return {dst.data(), dst.data() + bytes};
  }

  // Which elements of dst's memory are outputs.
  void MarkOutputs(const DotProblem& problem) {
    const ConvProblem& p = problem.geometry;
    outputs_.assign(static_cast<std::size_t>(Span(problem, p.dst)), false);
    for (std::int64_t n = 0; n < p.batch; ++n) {
      for (std::int64_t o = 0; o < p.out_channels; ++o) {
        ForEachPlace(p.out_size, [&](const Index& at) {
          outputs_[static_cast<std::size_t>(OffsetOf(p.dst, n, o, at))] = true;
        });
      }
    }
  }

  void CheckFloats(const DotProblem& problem, bool in_place) {
    SCOPED_TRACE(Print(problem));
    const ConvProblem& p = problem.geometry;
    const bool at_end = Flip();
    Elements src(problem.src, SpanOf(p.src, p.batch, p.in_channels, p.in_size), at_end);
    for (std::int64_t i = 0; i < src.size(); ++i) src.Set(i, random_.NextNormal());
    Elements residual(problem.residual, p.epilogue.has_residual ? Span(problem, p.residual) : 0,
                      at_end);
    for (std::int64_t i = 0; i < residual.size(); ++i) residual.Set(i, random_.NextNormal());
    std::vector<float> weights(static_cast<std::size_t>(WeightCount(p)));
    for (float& x : weights) x = static_cast<float>(random_.NextNormal());
    std::vector<float> bias(static_cast<std::size_t>(p.out_channels));
    for (float& x : bias) x = static_cast<float>(random_.NextNormal());
    MarkOutputs(problem);
    const auto weight = [&](std::int64_t i, std::int64_t) {
      return double{static_cast<float>(BFloat16(weights[static_cast<std::size_t>(i)]))};
    };
    std::vector<Algorithm> algorithms;
    ListDot(problem, target_, &algorithms);
    ASSERT_FALSE(algorithms.empty());
    const double products =
        static_cast<double>(WeightCount(p) / std::max<std::int64_t>(1, p.out_channels)) + 4;
    for (const Algorithm& algorithm : algorithms) {
      SCOPED_TRACE(DotAlgorithmName(algorithm));
      GuardPages packed((PackedDotBytes(problem, algorithm) + 3) / 4, true);
      DotWeights constants;
      constants.values = weights.data();
      if (p.epilogue.has_bias) constants.bias = bias.data();
      PackDot(problem, algorithm, constants, packed.data());
      const std::vector<char> dst =
          Run(problem, algorithm, &src, packed.data(), &residual, in_place);
      for (std::int64_t n = 0; n < p.batch; ++n) {
        for (std::int64_t o = 0; o < p.out_channels; ++o) {
          ForEachPlace(p.out_size, [&](const Index& at) {
            const Sum sum = SumAt(problem, &src, weight, n, o, at);
            double x = sum.value;
            if (p.epilogue.has_bias) x += bias[static_cast<std::size_t>(o)];
            if (p.epilogue.has_residual) x += residual.Get(OffsetOf(p.residual, n, o, at));
            const double want = testing::ActivateReference(p.epilogue, x);
            const double got = Elements::Read(problem.dst, dst.data(), OffsetOf(p.dst, n, o, at));
            const double bound = 2.5 * products * 6e-8 * (sum.magnitude + std::fabs(x)) + 1e-6;
            const double relative = problem.dst == DType::kBFloat16 ? 0x1p-8 : 2e-6;
            EXPECT_TRUE(testing::Near(got, want, relative, bound)) << got << " for " << want;
          });
          if (HasFailure()) return;
        }
      }
    }
  }

  static double Steps(double x, double low, double high) {
    return std::nearbyint(std::clamp(x, low, high));
  }

  static int Least(DType type) { return type == DType::kInt8 ? -128 : 0; }
  std::int32_t AnyInteger(DType type) {
    return static_cast<std::int32_t>(Uniform(Least(type), Least(type) + 255));
  }

  // The constants of an integer problem.
  struct IntegerConstants {
    IntegerConstants(DType weight_type, std::int64_t weights, std::int64_t channels, bool at_end)
        : type(weight_type),
          values(weight_type, weights, at_end),
          zeros(static_cast<std::size_t>(channels)),
          bias(zeros.size()),
          scales(zeros.size()) {}

    double Weight(std::int64_t i, std::int64_t channel) {
      return values.Get(i) - zeros[static_cast<std::size_t>(channel)];
    }
    DotWeights weights() {
      DotWeights all;
      all.integers = values.data();
      all.integer_type = type;
      if (has_zeros) all.zeros = zeros.data();
      all.integer_bias = bias.data();
      all.scales = scales.data();
      return all;
    }

    DType type;
    Elements values;
    bool has_zeros = false;
    std::vector<std::int32_t> zeros, bias;
    std::vector<float> scales;
  };

  void FillZeroPoints(DotProblem* problem) {
    problem->src_zero = AnyInteger(problem->src);
    const bool small = problem->dst == DType::kInt8 || problem->dst == DType::kUInt8;
    if (small) problem->dst_zero = AnyInteger(problem->dst);
    problem->residual_zero = AnyInteger(problem->residual);
    const std::int64_t inner_zero = Uniform(-128, 127);
    problem->inner_low = static_cast<float>(-128 - inner_zero);
    problem->inner_high = static_cast<float>(127 - inner_zero);
    problem->inner_step = 0.7f;
    problem->residual_step = 0.37f;
  }

  void FillConstants(const ConvProblem& p, IntegerConstants* constants) {
    for (std::int64_t i = 0; i < constants->values.size(); ++i) {
      constants->values.Set(i, AnyInteger(constants->type));
    }
    const double products =
        static_cast<double>(WeightCount(p)) / static_cast<double>(p.out_channels);
    for (std::size_t c = 0; c < constants->scales.size(); ++c) {
      if (constants->has_zeros) constants->zeros[c] = AnyInteger(constants->type);
      constants->bias[c] = static_cast<std::int32_t>(Uniform(-5000, 5000));
      constants->scales[c] =
          static_cast<float>((0.3 + random_.NextDouble()) / (60 * std::sqrt(products)));
    }
  }

  // What becomes of an exact sum.
  static double Requantized(const DotProblem& problem, double whole, float scale, double residual) {
    if (problem.dst == DType::kInt32) return whole;
    float x = static_cast<float>(whole) * scale;
    const bool has_residual = problem.geometry.epilogue.has_residual;
    if (has_residual || problem.requantizes) {
      x = static_cast<float>(Steps(x, problem.inner_low, problem.inner_high));
      x = x * problem.inner_step;
    }
    if (has_residual) {
      const float steps = static_cast<float>(residual) - static_cast<float>(problem.residual_zero);
      volatile float first = x;
      volatile float second = steps * problem.residual_step;
      x = first + second;
    }
    const double y = testing::ActivateReference(problem.geometry.epilogue, x);
    if (problem.dst == DType::kFloat32) return y;
    const double low = Least(problem.dst) - problem.dst_zero;
    return Steps(y, low, low + 255) + problem.dst_zero;
  }

  // Every algorithm gives exactly what the definition says.
  void CheckIntegers(DotProblem problem, bool in_place) {
    const ConvProblem& p = problem.geometry;
    FillZeroPoints(&problem);
    const bool at_end = Flip();
    IntegerConstants constants(Flip() ? DType::kInt8 : DType::kUInt8, WeightCount(p),
                               p.out_channels, at_end);
    constants.has_zeros = Uniform(0, 2) == 0;
    problem.wide_weights = constants.has_zeros || constants.type == DType::kUInt8;
    SCOPED_TRACE(Print(problem));
    FillConstants(p, &constants);
    Elements src(problem.src, SpanOf(p.src, p.batch, p.in_channels, p.in_size), at_end);
    for (std::int64_t i = 0; i < src.size(); ++i) src.Set(i, AnyInteger(problem.src));
    Elements residual(problem.residual, p.epilogue.has_residual ? Span(problem, p.residual) : 0,
                      at_end);
    for (std::int64_t i = 0; i < residual.size(); ++i) {
      residual.Set(i, AnyInteger(problem.residual));
    }
    MarkOutputs(problem);
    const auto weight = [&](std::int64_t i, std::int64_t o) { return constants.Weight(i, o); };
    std::vector<Algorithm> algorithms;
    ListDot(problem, target_, &algorithms);
    ASSERT_FALSE(algorithms.empty());
    for (const Algorithm& algorithm : algorithms) {
      SCOPED_TRACE(DotAlgorithmName(algorithm));
      GuardPages packed((PackedDotBytes(problem, algorithm) + 3) / 4, true);
      PackDot(problem, algorithm, constants.weights(), packed.data());
      const std::vector<char> dst =
          Run(problem, algorithm, &src, packed.data(), &residual, in_place);
      for (std::int64_t n = 0; n < p.batch; ++n) {
        for (std::int64_t o = 0; o < p.out_channels; ++o) {
          ForEachPlace(p.out_size, [&](const Index& at) {
            const auto channel = static_cast<std::size_t>(o);
            const double sum = SumAt(problem, &src, weight, n, o, at).value;
            const double addend =
                p.epilogue.has_residual ? residual.Get(OffsetOf(p.residual, n, o, at)) : 0;
            EXPECT_EQ(Elements::Read(problem.dst, dst.data(), OffsetOf(p.dst, n, o, at)),
                      Requantized(problem, sum + constants.bias[channel], constants.scales[channel],
                                  addend))
                << "channel " << o;
          });
          if (HasFailure()) return;
        }
      }
    }
  }

  ImageStrides AnyStrides(const Index& size, std::int64_t channels, bool fast) {
    switch (fast ? Uniform(0, 1) : Uniform(0, 4)) {
      case 0: return ChannelsLastStrides(size, channels);
      case 1: return ChannelsLastStrides(size, channels + Uniform(1, 20));
      case 2: return PlanarStrides(size, channels);
      case 3: {  // every third channel, as behind a shuffle
        ImageStrides strides = ChannelsLastStrides(size, 3 * channels);
        strides.channel = 3;
        return strides;
      }
      default:  // rows and images of a larger buffer
        return ChannelsLastStrides({size[0], size[1] + 1, size[2] + 2}, channels);
    }
  }

  void Complete(ConvProblem* p, bool fast) {
    for (std::size_t d = 0; d < 3; ++d) {
      const std::int64_t extent = (p->kernel[d] - 1) * p->dilation[d] + 1;
      const std::int64_t pad_end = p->kernel[d] > 1 ? Uniform(0, 2) : 0;
      const std::int64_t out =
          p->transposed ? (p->in_size[d] - 1) * p->stride[d] + extent - p->pad_begin[d] - pad_end +
                              Uniform(0, p->stride[d] - 1)
                        : (p->in_size[d] + p->pad_begin[d] + pad_end - extent) / p->stride[d] + 1;
      p->out_size[d] = std::max<std::int64_t>(1, out);
    }
    p->src = AnyStrides(p->in_size, p->in_channels, fast);
    p->dst = AnyStrides(p->out_size, p->out_channels, fast);
    p->residual = AnyStrides(p->out_size, p->out_channels, fast);
  }

  ConvProblem AnyGeometry() {
    static constexpr std::int64_t kChannels[] = {1, 2, 3, 4, 8, 16, 17, 20, 33, 64, 70};
    ConvProblem p;
    p.batch = Uniform(1, 2);
    p.in_channels = kChannels[Uniform(0, 10)];
    p.out_channels = kChannels[Uniform(0, 10)];
    if (Uniform(0, 3) == 0) {
      p.group = Flip() ? p.in_channels : Uniform(2, 4);
      p.in_channels = p.group == p.in_channels ? p.in_channels : p.group * Uniform(1, 9);
      p.out_channels = p.group * (Flip() ? 1 : Uniform(1, 9));
    }
    const std::int64_t rank = Uniform(1, 3);
    for (std::size_t d = 0; d < 3; ++d) {
      if (static_cast<std::int64_t>(d) < 3 - rank) continue;
      const std::int64_t most = rank == 3 ? 5 : 12;
      p.in_size[d] = Uniform(0, 5) == 0 ? 1 : Uniform(1, d == 2 ? 2 * most : most);
      p.kernel[d] = Flip() ? 1 : Uniform(1, rank == 3 ? 3 : 5);
      p.stride[d] = Uniform(0, 4) == 0 ? 5 : Uniform(1, 2);
      p.dilation[d] = Uniform(0, 2) == 0 ? Uniform(2, 3) : 1;
      p.pad_begin[d] = p.kernel[d] > 1 ? Uniform(-1, 3) : 0;
    }
    p.epilogue.has_residual = Flip();
    return p;
  }

  std::vector<bool> outputs_;
};

TEST_F(DotTest, FloatsEqualTheDefinition) {
  const auto type = [&] { return Flip() ? DType::kFloat32 : DType::kBFloat16; };
  for (int i = 0; i < 120; ++i) {
    DotProblem problem;
    ConvProblem& p = problem.geometry;
    p = AnyGeometry();
    p.transposed = Uniform(0, 3) == 0;
    p.epilogue.activation = static_cast<Activation>(Uniform(0, 9));
    p.epilogue.alpha = p.epilogue.activation == Activation::kClip ? -1.0f : 0.2f;
    p.epilogue.beta = p.epilogue.activation == Activation::kClip ? 6.0f : 0.5f;
    p.epilogue.has_bias = Flip();
    Complete(&p, Flip());
    problem.src = type();
    problem.dst = type();
    problem.residual = type();
    const bool in_place = p.epilogue.has_residual && Flip();
    if (in_place) {
      p.residual = p.dst;
      problem.residual = problem.dst;
    }
    CheckFloats(problem, in_place);
    if (HasFailure()) return;
  }
}

TEST_F(DotTest, IntegersAreExact) {
  const auto small = [&] { return Flip() ? DType::kInt8 : DType::kUInt8; };
  for (int i = 0; i < 120; ++i) {
    DotProblem problem;
    ConvProblem& p = problem.geometry;
    p = AnyGeometry();
    const Activation activations[] = {Activation::kNone, Activation::kRelu, Activation::kClip};
    p.epilogue.activation = activations[Uniform(0, 2)];
    p.epilogue.alpha = -3;
    p.epilogue.beta = 20;
    Complete(&p, Flip());
    problem.src = small();
    problem.residual = small();
    const DType others[] = {DType::kInt32, DType::kFloat32};
    problem.requantizes = !p.epilogue.has_residual && Flip();
    const bool is_small = p.epilogue.has_residual || problem.requantizes || Flip();
    problem.dst = is_small ? small() : others[Uniform(0, 1)];
    const bool in_place = p.epilogue.has_residual && Flip();
    if (in_place) {
      p.residual = p.dst;
      problem.residual = problem.dst;
    }
    CheckIntegers(problem, in_place);
    if (HasFailure()) return;
  }
}

// Rows of A that are read where they lie, blocks of several tiles, several panels.
TEST_F(DotTest, MatrixProducts) {
  for (int i = 0; i < 16; ++i) {
    DotProblem problem;
    ConvProblem& p = problem.geometry;
    p.batch = 1;
    p.in_channels = Flip() ? 64 * Uniform(1, 4) : Uniform(1, 200);
    p.out_channels = Uniform(1, 100);
    p.in_size = p.out_size = {1, 1, Uniform(1, 600)};
    p.src = ChannelsLastStrides(p.in_size, p.in_channels);
    p.dst = p.residual = ChannelsLastStrides(p.out_size, p.out_channels);
    p.epilogue.has_bias = true;
    p.epilogue.has_residual = Flip();
    CheckFloats(problem, false);
    problem.src = problem.dst = problem.residual = Flip() ? DType::kInt8 : DType::kUInt8;
    CheckIntegers(problem, false);
    if (HasFailure()) return;
  }
}

// Sums in chunks of a few taps, whose parts wait in memory.
// Channels-last on both sides, as many outputs as begin inside of the image.
DotProblem ChannelsLast(std::int64_t in_channels, std::int64_t out_channels, const Index& in_size,
                        const Index& kernel, const Index& stride) {
  DotProblem problem;
  ConvProblem& p = problem.geometry;
  p.batch = 2;
  p.in_channels = in_channels;
  p.out_channels = out_channels;
  p.kernel = kernel;
  p.stride = stride;
  p.in_size = in_size;
  for (std::size_t d = 0; d < 3; ++d) {
    p.pad_begin[d] = kernel[d] / 2;
    p.out_size[d] = (in_size[d] - 1) / stride[d] + 1;
  }
  p.src = ChannelsLastStrides(p.in_size, in_channels);
  p.dst = p.residual = ChannelsLastStrides(p.out_size, out_channels);
  return problem;
}

// Rows of an image that are cut into strips, channels beside whole vectors, tall kernels.
TEST_F(DotTest, WideDepthwiseLayers) {
  for (const std::int64_t channels : {2, 33, 64, 130}) {
    for (const Index& kernel : {Index{1, 3, 3}, {1, 5, 5}, {1, 1, 7}, {1, 9, 2}}) {
      const Index stride = {1, Flip() ? 1 : 2, Uniform(1, 3)};
      DotProblem problem = ChannelsLast(channels, channels, {1, 5, 120}, kernel, stride);
      problem.geometry.group = channels;
      problem.geometry.epilogue.has_residual = Flip();
      problem.src = problem.dst = problem.residual = Flip() ? DType::kInt8 : DType::kUInt8;
      CheckIntegers(problem, problem.geometry.epilogue.has_residual && Flip());
      if (HasFailure()) return;
    }
  }
}

// Three planes of bytes.
TEST_F(DotTest, FirstLayersOfImages) {
  for (const std::int64_t width : {1, 15, 64, 97}) {
    DotProblem problem = ChannelsLast(3, 24, {1, 5, width}, {1, 3, 3}, {1, 2, 2});
    problem.geometry.src = {3 * 5 * width, 5 * width, {5 * width, width, 1}};
    problem.src = problem.dst = Flip() ? DType::kInt8 : DType::kUInt8;
    CheckIntegers(problem, false);
    if (HasFailure()) return;
  }
}

TEST_F(DotTest, LongSumsOfManyTaps) {
  for (const std::int64_t channels : {1024, 448, 64 * 3}) {
    const Index kernel = {1, 3, channels == 192 ? 11 : 3};
    DotProblem problem = ChannelsLast(channels, 70, {1, 7, 9}, kernel, {1, 1, 1});
    problem.geometry.batch = 1;
    Epilogue& epilogue = problem.geometry.epilogue;
    epilogue.has_bias = true;
    epilogue.has_residual = Flip();
    CheckFloats(problem, epilogue.has_residual);
    problem.src = problem.dst = problem.residual = Flip() ? DType::kInt8 : DType::kUInt8;
    CheckIntegers(problem, false);
    if (HasFailure()) return;
  }
}

// A gathered row that does not fit the scratch of a task.
TEST_F(DotTest, VeryLongSums) {
  CheckFloats(ChannelsLast(140001, 3, {1, 1, 2}, {1, 1, 1}, {1, 1, 1}), false);
  // Two taps, of which one alone does not fit.
  CheckFloats(ChannelsLast(140032, 3, {1, 1, 2}, {1, 1, 2}, {1, 1, 1}), false);
}

// Every pixel lies in the same place, as behind a broadcast.
TEST_F(DotTest, AnImageOfOnePixelReadManyTimes) {
  for (const std::int64_t height : {1, 3}) {
    DotProblem problem;
    ConvProblem& p = problem.geometry;
    p.batch = 2;
    p.in_channels = 128;
    p.out_channels = 20;
    p.in_size = p.out_size = {1, height, 5};
    p.src = ChannelsLastStrides(p.in_size, p.in_channels);
    p.src.spatial = {0, 0, 0};
    p.src.batch = 0;
    p.dst = ChannelsLastStrides(p.out_size, p.out_channels);
    CheckFloats(problem, false);
    p.src.batch = p.in_channels;
    p.src.spatial[2] = p.in_channels;  // every line the same
    CheckFloats(problem, false);
  }
}

TEST_F(DotTest, EmptyBatchAndOutputsWithoutTaps) {
  DotProblem problem;
  ConvProblem& p = problem.geometry;
  p.batch = 0;
  p.in_channels = p.out_channels = 8;
  p.in_size = p.out_size = {1, 5, 5};
  p.src = p.dst = ChannelsLastStrides(p.in_size, 8);
  CheckFloats(problem, false);
  p.batch = 1;
  p.in_channels = 0;  // sums of nothing
  CheckFloats(problem, false);
  p.in_channels = 8;
  p.transposed = true;
  p.stride = {1, 3, 3};
  p.out_size = {1, 15, 15};
  p.dst = ChannelsLastStrides(p.out_size, 8);
  p.epilogue.has_bias = true;
  CheckFloats(problem, false);
}

TEST_F(DotTest, TypesThatDoNotGoTogetherHaveNoAlgorithm) {
  DotProblem problem;
  std::vector<Algorithm> algorithms;
  problem.dst = DType::kInt8;
  ListDot(problem, target_, &algorithms);
  EXPECT_TRUE(algorithms.empty());
  problem.src = DType::kInt8;
  problem.geometry.epilogue.activation = Activation::kGelu;
  ListDot(problem, target_, &algorithms);
  EXPECT_TRUE(algorithms.empty());
  problem.geometry.epilogue.activation = Activation::kRelu;
  ListDot(problem, target_, &algorithms);
  ASSERT_FALSE(algorithms.empty());
  EXPECT_EQ(DotAlgorithmName(algorithms.back()), "dot scalar i16");
}

}  // namespace
}  // namespace plumb::kernels
