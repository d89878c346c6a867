#include "kernels/conv/conv.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernels/testing/epilogue_reference.h"
#include "kernels/testing/guard_pages.h"
#include "kernels/testing/kernel_test.h"

namespace plumb::kernels {
namespace {

using Index = std::array<std::int64_t, 3>;
using testing::Guarded;
using testing::GuardPages;

std::int64_t OffsetOf(const ImageStrides& strides, std::int64_t batch, std::int64_t channel,
                      const Index& at) {
  return batch * strides.batch + channel * strides.channel + at[0] * strides.spatial[0] +
         at[1] * strides.spatial[1] + at[2] * strides.spatial[2];
}

// Elements that the tensor spans; 0 when it is empty.
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

std::string Print(const ConvProblem& p) {
  auto text = [](const Index& x) { return absl::StrCat(x[0], "x", x[1], "x", x[2]); };
  return absl::StrCat(p.transposed ? "transposed " : "", p.batch, " x ", p.in_channels, " to ",
                      p.out_channels, " in ", p.group, " groups, ", text(p.in_size), " to ",
                      text(p.out_size), ", kernel ", text(p.kernel), " stride ", text(p.stride),
                      " dilation ", text(p.dilation), " pad ", text(p.pad_begin), " src channel ",
                      p.src.channel, " pixel ", p.src.spatial[2], " dst channel ", p.dst.channel,
                      " activation ", static_cast<int>(p.epilogue.activation));
}

// Sum and sum of magnitudes of one output element in fp64.
struct Sum {
  double value = 0;
  double magnitude = 0;
};

struct Expected {
  bool output = false;
  double value = 0;
  double bound = 0;
  double magnitude = 0;
};

// Transforms mix the inputs of a tile, so that errors are relative to the largest sum of magnitudes
// around. The factor of each size, in units of the rounding of fp32; 0 for algorithms that add the
// products as they are.
double TransformFactor(const std::string& name) {
  if (name.starts_with("fft ")) return 10;
  if (!name.starts_with("winograd F(")) return 0;
  switch (name[11] - '0' + name[13] - '0' - 1) {  // m + r - 1
    case 4: return 6;
    case 6: return 30;
    default: return 100;
  }
}

class ConvTest : public testing::KernelTest {
 protected:
  // Input index of a tap, or -1 where there is none.
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

  Sum ReferenceAt(const ConvProblem& p, const float* src, const std::vector<float>& weights,
                  std::int64_t image, std::int64_t out_channel, const Index& out) {
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
        const std::int64_t weight =
            p.transposed ? (in_channel * outputs + out_channel % outputs) * kernel + t
                         : (out_channel * channels + c) * kernel + t;
        const double product = double{src[OffsetOf(p.src, image, in_channel, at)]} *
                               double{weights[static_cast<std::size_t>(weight)]};
        sum.value += product;
        sum.magnitude += std::fabs(product);
      }
    });
    return sum;
  }

  // Runs every algorithm that is listed and compares with the definition.
  void Check(const ConvProblem& p, bool in_place, bool nasty) {
    SCOPED_TRACE(Print(p));
    const bool at_end = Flip();
    GuardPages src(SpanOf(p.src, p.batch, p.in_channels, p.in_size), at_end);
    Fill(&src, nasty);
    GuardPages residual(
        p.epilogue.has_residual ? SpanOf(p.residual, p.batch, p.out_channels, p.out_size) : 0,
        at_end);
    Fill(&residual, false);
    std::vector<float> weights(static_cast<std::size_t>(p.out_channels * (p.in_channels / p.group) *
                                                        p.kernel[0] * p.kernel[1] * p.kernel[2]));
    for (float& x : weights) x = static_cast<float>(random_.NextNormal());
    std::vector<float> bias(static_cast<std::size_t>(p.out_channels));
    for (float& x : bias) x = static_cast<float>(random_.NextNormal());

    const std::vector<Expected> expected = Expect(p, src.data(), weights, bias, &residual);
    std::vector<Algorithm> algorithms;
    ListConv(p, target_, &algorithms);
    ASSERT_FALSE(algorithms.empty());
    for (const Algorithm& algorithm : algorithms) {
      const double factor = TransformFactor(ConvAlgorithmName(algorithm));
      if (nasty && factor > 0) continue;  // what is not a number reaches the whole tile
      SCOPED_TRACE(ConvAlgorithmName(algorithm));
      GuardPages packed(PackedConvBytes(p, algorithm) / std::int64_t{sizeof(float)}, true);
      PackConv(p, algorithm, weights.data(), p.epilogue.has_bias ? bias.data() : nullptr,
               packed.data());
      // Memory for one thread or for two: no more may work at once.
      Target target = target_;
      target.cores = Flip() ? 1 : 2;
      const BoundKernel kernel = BindConv(p, algorithm, target);
      Guarded<float> dst(SpanOf(p.dst, p.batch, p.out_channels, p.out_size));
      if (in_place) {
        for (std::size_t i = 0; i < dst.size(); ++i) dst[i] = residual[static_cast<int>(i)];
      }
      Guarded<float> again = dst;
      RunOn(&one_, kernel,
            {src.data(), packed.data(), in_place ? dst.data() : residual.data(), dst.data()});
      RunOn(&two_, kernel,
            {src.data(), packed.data(), in_place ? again.data() : residual.data(), again.data()});
      EXPECT_TRUE(dst.GuardsIntact() && again.GuardsIntact()) << "wrote outside of dst";
      EXPECT_TRUE(dst.SameBytes(again)) << "two threads give other bits than one";
      Compare(expected, dst, in_place, factor);
      if (HasFailure()) return;
    }
  }

  // What each element of dst's memory must hold; elements of no output keep what they had.
  std::vector<Expected> Expect(const ConvProblem& p, const float* src,
                               const std::vector<float>& weights, const std::vector<float>& bias,
                               GuardPages* residual) {
    std::vector<Expected> expected(
        static_cast<std::size_t>(SpanOf(p.dst, p.batch, p.out_channels, p.out_size)));
    const double products = static_cast<double>(p.in_channels / p.group) *
                            static_cast<double>(p.kernel[0] * p.kernel[1] * p.kernel[2]);
    for (std::int64_t n = 0; n < p.batch; ++n) {
      for (std::int64_t o = 0; o < p.out_channels; ++o) {
        ForEachPlace(p.out_size, [&](const Index& at) {
          const Sum sum = ReferenceAt(p, src, weights, n, o, at);
          double x = sum.value;
          if (p.epilogue.has_bias) x += bias[static_cast<std::size_t>(o)];
          if (p.epilogue.has_residual) x += (*residual)[OffsetOf(p.residual, n, o, at)];
          // The bound of a sum in any order, and of the activations (slope at most 1.13).
          const double bound = 1.2 * (products + 4) * 6e-8 * (sum.magnitude + std::fabs(x)) + 1e-6;
          expected[static_cast<std::size_t>(OffsetOf(p.dst, n, o, at))] = {
              true, testing::ActivateReference(p.epilogue, x), std::isnan(bound) ? 0 : bound,
              sum.magnitude + std::fabs(x)};
        });
      }
    }
    return expected;
  }

  static void Compare(const std::vector<Expected>& expected, const Guarded<float>& dst,
                      bool in_place, double factor) {
    double largest = 0;
    for (const Expected& e : expected) largest = std::max(largest, e.magnitude);
    for (std::size_t i = 0; i < dst.size(); ++i) {
      if (expected[i].output) {
        const double bound = std::max(expected[i].bound, factor * 6e-8 * largest);
        ASSERT_TRUE(testing::Near(dst[i], expected[i].value, 2e-6, bound))
            << "element " << i << ": " << dst[i] << ", expected " << expected[i].value;
      } else if (!in_place) {
        ASSERT_TRUE(dst.Poisoned(i)) << "wrote between the elements, at " << i;
      }
    }
  }

  void Fill(GuardPages* out, bool nasty) {
    const float values[] = {INFINITY, -INFINITY, NAN, 1e-41f, 0.0f};
    for (std::int64_t i = 0; i < out->size(); ++i) {
      (*out)[i] = nasty && Uniform(0, 40) == 0 ? values[Uniform(0, 4)]
                                               : static_cast<float>(random_.NextNormal());
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
      default: {  // rows and images of a larger buffer
        ImageStrides strides = ChannelsLastStrides({size[0], size[1] + 1, size[2] + 2}, channels);
        return strides;
      }
    }
  }

  // Sets sizes of outputs and strides from what is there.
  void Complete(ConvProblem* p, bool fast) {
    for (std::size_t d = 0; d < 3; ++d) {
      const std::int64_t extent = (p->kernel[d] - 1) * p->dilation[d] + 1;
      const std::int64_t pad_end = p->kernel[d] > 1 ? Uniform(0, 2) : Uniform(0, 8) / 8;
      std::int64_t out =
          p->transposed ? (p->in_size[d] - 1) * p->stride[d] + extent - p->pad_begin[d] - pad_end +
                              Uniform(0, p->stride[d] - 1)
                        : (p->in_size[d] + p->pad_begin[d] + pad_end - extent) / p->stride[d] + 1;
      p->out_size[d] = std::max<std::int64_t>(1, out);
    }
    p->src = AnyStrides(p->in_size, p->in_channels, fast);
    p->dst = AnyStrides(p->out_size, p->out_channels, fast);
    p->residual = AnyStrides(p->out_size, p->out_channels, fast);
  }

  ConvProblem AnyProblem() {
    static constexpr std::int64_t kChannels[] = {1, 2, 3, 4, 8, 16, 17, 20, 33, 48, 70};
    ConvProblem p;
    p.transposed = Uniform(0, 3) == 0;
    p.batch = Uniform(1, 2);
    p.in_channels = kChannels[Uniform(0, 10)];
    p.out_channels = kChannels[Uniform(0, 10)];
    if (Uniform(0, 2) == 0) {  // grouped or depthwise
      p.group = Flip() ? p.in_channels : Uniform(2, 4);
      p.in_channels = p.group == p.in_channels ? p.in_channels : p.group * Uniform(1, 9);
      p.out_channels = p.group * (Flip() ? 1 : Uniform(1, 9));
    }
    const std::int64_t rank = Uniform(1, 3);
    for (std::size_t d = 0; d < 3; ++d) {
      if (static_cast<std::int64_t>(d) < 3 - rank) continue;
      const std::int64_t most = rank == 3 ? 5 : 12;
      p.in_size[d] = Uniform(0, 5) == 0 ? 1 : Uniform(1, d == 2 ? 2 * most : most);
      p.kernel[d] = Uniform(1, rank == 3 ? 3 : 5);
      p.stride[d] = Uniform(0, 4) == 0 ? 5 : Uniform(1, 2);
      p.dilation[d] = Uniform(0, 2) == 0 ? Uniform(2, 3) : 1;
      p.pad_begin[d] = p.kernel[d] > 1 ? Uniform(-1, 3) : 0;
    }
    p.epilogue.activation = static_cast<Activation>(Uniform(0, 9));
    p.epilogue.alpha = p.epilogue.activation == Activation::kClip ? -1.0f : 0.2f;
    p.epilogue.beta = p.epilogue.activation == Activation::kClip ? 6.0f : 0.5f;
    p.epilogue.has_bias = Flip();
    p.epilogue.has_residual = Flip();
    Complete(&p, Flip());
    return p;
  }
};

TEST_F(ConvTest, EveryAlgorithmEqualsTheDefinitionOnRandomProblems) {
  for (int i = 0; i < 160; ++i) {
    ConvProblem p = AnyProblem();
    const bool in_place = p.epilogue.has_residual && Flip();
    if (in_place) p.residual = p.dst;
    Check(p, in_place, false);
    if (HasFailure()) return;
  }
}

TEST_F(ConvTest, InfinitiesAndNanPropagate) {
  for (int i = 0; i < 40; ++i) {
    ConvProblem p = AnyProblem();
    p.epilogue.activation = Flip() ? Activation::kRelu : Activation::kNone;
    Check(p, false, true);
    if (HasFailure()) return;
  }
}

// Channels of the test's image, kernel, stride and pad.
ConvProblem Square(std::int64_t in, std::int64_t out, std::int64_t group, std::int64_t size,
                   std::int64_t kernel, std::int64_t stride, std::int64_t pad) {
  ConvProblem p;
  p.batch = 1;
  p.in_channels = in;
  p.out_channels = out;
  p.group = group;
  p.in_size = {1, size, size};
  p.kernel = {1, kernel, kernel};
  p.stride = {1, stride, stride};
  p.pad_begin = {0, pad, pad};
  const std::int64_t out_size = (size + 2 * pad - kernel) / stride + 1;
  p.out_size = {1, out_size, out_size};
  p.src = ChannelsLastStrides(p.in_size, in);
  p.dst = p.residual = ChannelsLastStrides(p.out_size, out);
  return p;
}

TEST_F(ConvTest, LayersOfRealNetworks) {
  Check(Square(3, 20, 1, 30, 7, 2, 3), false, false);
  Check(Square(3, 24, 1, 17, 3, 2, 0), false, false);
  Check(Square(64, 40, 1, 14, 3, 1, 1), false, false);
  Check(Square(520, 24, 1, 13, 3, 1, 1), false, false);
  Check(Square(16, 24, 1, 48, 3, 1, 1), false, false);  // tiles enough for every thread
  Check(Square(70, 96, 1, 7, 1, 1, 0), false, false);
  Check(Square(33, 33, 33, 14, 3, 2, 1), false, false);
  Check(Square(40, 40, 40, 14, 5, 1, 2), false, false);
  Check(Square(32, 32, 8, 7, 3, 1, 1), false, false);   // groups of 4 channels
  Check(Square(30, 30, 5, 9, 3, 2, 1), false, false);   // 6: vectors cut groups
  Check(Square(10, 30, 10, 9, 5, 1, 2), false, false);  // depthwise, three outputs each
  ConvProblem planar = Square(3, 20, 1, 30, 7, 2, 3);
  planar.src = PlanarStrides(planar.in_size, 3);
  planar.epilogue = {.activation = Activation::kRelu, .has_bias = true};
  Check(planar, false, false);
}

TEST_F(ConvTest, WinogradOnEverySizeOfImage) {
  static constexpr std::int64_t kChannels[] = {8, 9, 16, 17, 33, 48, 70};
  static constexpr std::int64_t kTaps[] = {3, 3, 5, 7};
  for (int i = 0; i < 60; ++i) {
    ConvProblem p = Square(kChannels[Uniform(0, 6)], kChannels[Uniform(0, 6)], 1, 1, 3, 1, 1);
    p.batch = Uniform(1, 3);
    p.in_size = {Uniform(1, 2), Uniform(1, 20), Uniform(1, 20)};
    p.pad_begin = {0, Uniform(-1, 3), Uniform(-1, 3)};
    const std::int64_t taps = kTaps[Uniform(0, 3)];
    const std::int64_t shape = Uniform(0, 2);  // both axes, or one
    p.kernel = {1, shape == 2 ? 1 : taps, shape == 1 ? 1 : taps};
    if (Uniform(0, 2) == 0) p.dilation = {1, Uniform(1, 3), Uniform(1, 3)};
    p.epilogue.activation = static_cast<Activation>(Uniform(0, 9));
    p.epilogue.alpha = p.epilogue.activation == Activation::kClip ? -1.0f : 0.2f;
    p.epilogue.beta = 0.5f;
    p.epilogue.has_bias = Flip();
    p.epilogue.has_residual = Flip();
    Complete(&p, true);
    const bool in_place = p.epilogue.has_residual && Flip();
    if (in_place) p.residual = p.dst;
    Check(p, in_place, false);
    if (HasFailure()) return;
  }
}

TEST_F(ConvTest, FourierTransformsOnEverySizeOfImage) {
  static constexpr std::int64_t kChannels[] = {1, 3, 8, 16, 17, 40};
  for (int i = 0; i < 16; ++i) {
    ConvProblem p = Square(kChannels[Uniform(0, 5)], kChannels[Uniform(0, 5)], 1, 1, 9, 1, 1);
    switch (Uniform(0, 3)) {
      case 0:  // depthwise
        p.group = p.out_channels = p.in_channels;
        break;
      case 1:  // groups of a few channels
        p.group = Uniform(2, 3);
        p.in_channels = p.group * Uniform(1, 5);
        p.out_channels = p.group * Uniform(1, 5);
        break;
      default: break;
    }
    p.batch = Uniform(1, 2);
    p.in_size = {Uniform(1, 2), Uniform(5, 36), Uniform(5, 36)};
    const std::int64_t most = Uniform(0, 2) == 0 ? 20 : 12;
    p.kernel = {1, Uniform(9, most), Uniform(9, most)};
    p.pad_begin = {0, Uniform(-1, 12), Uniform(-1, 12)};
    p.epilogue.activation = static_cast<Activation>(Uniform(0, 9));
    p.epilogue.alpha = p.epilogue.activation == Activation::kClip ? -1.0f : 0.2f;
    p.epilogue.beta = 0.5f;
    p.epilogue.has_bias = Flip();
    p.epilogue.has_residual = Flip();
    Complete(&p, true);
    if (Uniform(0, 3) == 0) p.src = PlanarStrides(p.in_size, p.in_channels);
    const bool in_place = p.epilogue.has_residual && Flip();
    if (in_place) p.residual = p.dst;
    Check(p, in_place, false);
    if (HasFailure()) return;
  }
}

TEST_F(ConvTest, FourierTransformsOfTheLargestKernels) {
  Check(Square(3, 2, 1, 33, 31, 1, 15), false, false);
  Check(Square(17, 17, 17, 40, 31, 1, 15), false, false);
  Check(Square(2, 1, 1, 33, 48, 1, 24), false, false);
}

// First layers: rows of any length, planar and interleaved, with windows beyond either edge.
TEST_F(ConvTest, FewChannelsOnEveryWidthOfImage) {
  for (int i = 0; i < 60; ++i) {
    const std::int64_t out = Uniform(0, 1) == 0 ? Uniform(1, 40) : 16 * Uniform(1, 5);
    ConvProblem p = Square(Uniform(1, 7), out, 1, 1, 1, 1, 0);
    p.in_size = {Uniform(1, 2), Uniform(1, 6), Uniform(1, 60)};
    p.kernel = {Uniform(1, 2), Uniform(1, 5), Uniform(1, 11)};
    p.stride = {1, Uniform(1, 2), Uniform(1, 6)};
    p.dilation = {1, 1, Uniform(0, 3) == 0 ? 2 : 1};
    p.pad_begin = {0, Uniform(-1, 2), Uniform(-1, 12)};
    p.epilogue.activation = static_cast<Activation>(Uniform(0, 9));
    p.epilogue.alpha = p.epilogue.activation == Activation::kClip ? -1.0f : 0.2f;
    p.epilogue.beta = 0.5f;
    p.epilogue.has_bias = Flip();
    Complete(&p, Flip());
    p.dst = ChannelsLastStrides(p.out_size, out + Uniform(0, 1) * 5);
    Check(p, false, Uniform(0, 3) == 0);
    if (HasFailure()) return;
  }
}

// What is not a number spreads within its tile, and no further.
TEST_F(ConvTest, NanStaysInItsWinogradTile) {
  const ConvProblem p = Square(16, 24, 1, 20, 3, 1, 1);
  const auto elements = [](const ImageStrides& strides, std::int64_t channels) {
    return static_cast<std::size_t>(20 * 20 * channels * (strides.channel == 1));
  };
  std::vector<float> src(elements(p.src, 16)), weights(24 * 16 * 9);
  for (float& x : src) x = static_cast<float>(random_.NextNormal());
  for (float& x : weights) x = static_cast<float>(random_.NextNormal());
  std::vector<Algorithm> algorithms;
  ListConv(p, target_, &algorithms);
  for (const Algorithm& algorithm : algorithms) {
    if (TransformFactor(ConvAlgorithmName(algorithm)) == 0) continue;
    SCOPED_TRACE(ConvAlgorithmName(algorithm));
    GuardPages packed(PackedConvBytes(p, algorithm) / std::int64_t{sizeof(float)}, true);
    PackConv(p, algorithm, weights.data(), nullptr, packed.data());
    const BoundKernel kernel = BindConv(p, algorithm, target_);
    std::vector<float> clean(elements(p.dst, 24)), dirty = clean;
    RunOn(&one_, kernel, {src.data(), packed.data(), nullptr, clean.data()});
    std::vector<float> bad = src;
    bad[0] = NAN;  // of the first pixel, which only the first tile sees
    RunOn(&one_, kernel, {bad.data(), packed.data(), nullptr, dirty.data()});
    EXPECT_TRUE(std::isnan(dirty[0]));
    constexpr std::int64_t kMostOutputs = 6;
    for (std::int64_t y = 0; y < 20; ++y) {
      for (std::int64_t x = 0; x < 20; ++x) {
        if (y < kMostOutputs && x < kMostOutputs) continue;
        for (std::int64_t o = 0; o < 24; ++o) {
          const auto at = static_cast<std::size_t>((y * 20 + x) * 24 + o);
          ASSERT_EQ(clean[at], dirty[at]) << y << ", " << x;
        }
      }
    }
  }
}

// Long sums are computed in parts that wait in dst; in place of the residual they cannot.
TEST_F(ConvTest, LongSumsWithAResidualInPlace) {
  ConvProblem p = Square(700, 20, 1, 4, 3, 1, 1);
  p.epilogue.has_residual = true;
  p.epilogue.has_bias = true;
  p.epilogue.activation = Activation::kRelu;
  Check(p, true, false);
  Check(p, false, false);
  ConvProblem wide = Square(5000, 9, 1, 3, 1, 1, 0);
  wide.epilogue.has_residual = true;
  Check(wide, true, false);
}

TEST_F(ConvTest, EmptyBatchTouchesNothing) {
  ConvProblem p = Square(8, 8, 1, 5, 3, 1, 1);
  p.batch = 0;
  Check(p, false, false);
}

TEST_F(ConvTest, OutputsWithoutTapsAreTheEpilogue) {
  ConvProblem p = Square(4, 6, 1, 3, 1, 3, 0);
  p.transposed = true;
  p.out_size = {1, 9, 9};
  p.dst = p.residual = ChannelsLastStrides(p.out_size, 6);
  p.epilogue.has_bias = true;
  Check(p, false, false);
}

TEST_F(ConvTest, NamesSayAlgorithmInstructionSetAndTile) {
  const ConvProblem p = Square(64, 64, 1, 14, 3, 1, 1);
  std::vector<Algorithm> algorithms;
  ListConv(p, TargetFor(Isa::kScalar), &algorithms);
  ASSERT_EQ(algorithms.size(), 4u);
  EXPECT_EQ(ConvAlgorithmName(algorithms[1]), "winograd F(4,3) scalar 3x4");
  EXPECT_EQ(ConvAlgorithmName(algorithms[3]), "implicit_gemm scalar 3x4");
  const Estimate estimate = EstimateConv(p, algorithms[3], TargetFor(Isa::kScalar));
  EXPECT_EQ(estimate.ops, 2.0 * 14 * 14 * 64 * 64 * 9);
}

}  // namespace
}  // namespace plumb::kernels
