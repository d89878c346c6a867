#include "kernels/norm/norm.h"

#include <algorithm>
#include <cmath>

#include "kernels/testing/kernel_test.h"

namespace plumb::kernels {
namespace {

using testing::Guarded;
using testing::Near;

// [batch, channels, pixels] in one of three layouts.
struct Layout {
  std::int64_t batch, channel, pixel, span;
  std::size_t At(std::int64_t n, std::int64_t c, std::int64_t p) const {
    return static_cast<std::size_t>(n * batch + c * channel + p * pixel);
  }
};

class NormTest : public testing::KernelTest {
 protected:
  enum class Order { kLast, kPlanes, kSpread };
  Layout RandomLayout(std::int64_t batch, std::int64_t channels, std::int64_t pixels, Order order) {
    const std::int64_t gap = Flip() ? 3 : 0;
    Layout l;
    if (order == Order::kLast) {
      l.channel = 1;
      l.pixel = channels + gap;
      l.batch = l.pixel * pixels + gap;
    } else {
      l.pixel = order == Order::kPlanes ? 1 : 2;
      l.channel = l.pixel * pixels + gap;
      l.batch = l.channel * channels;
    }
    l.span = l.batch * batch;
    return l;
  }

  // want(n, c, p) at every element, poison elsewhere.
  template <typename Fn>
  void Expect(const Guarded<float>& got, const Layout& l, std::int64_t batch, std::int64_t channels,
              std::int64_t pixels, double relative, double absolute, Fn want) {
    std::vector<bool> written(got.size(), false);
    for (std::int64_t n = 0; n < batch; ++n) {
      for (std::int64_t c = 0; c < channels; ++c) {
        for (std::int64_t p = 0; p < pixels; ++p) {
          const std::size_t at = l.At(n, c, p);
          ASSERT_TRUE(Near(got[at], want(n, c, p), relative, absolute))
              << got[at] << ", expected " << want(n, c, p) << " at image " << n << " channel " << c
              << " pixel " << p;
          written[at] = true;
        }
      }
    }
    for (std::size_t i = 0; i < got.size(); ++i) {
      ASSERT_TRUE(written[i] || got.Poisoned(i)) << "element " << i << " is not of the output";
    }
  }

  std::int64_t RandomChannels() {
    const std::int64_t channels[] = {1, 3, 8, 17, 32, 64, 70, 500};
    return channels[Uniform(0, 7)];
  }
};

// Operands of a row normalisation and the check of its results.
struct RowCase {
  LayerNormProblem p;
  std::int64_t rows, span;
  Guarded<float> src, residual, dst, sum, gamma, beta, mean, inv_std;

  RowCase(const LayerNormProblem& problem, std::int64_t stride)
      : p(problem),
        rows(NumElements(problem.outer)),
        span(rows * stride),
        src(span),
        residual(span),
        dst(span),
        sum(span),
        gamma(problem.length),
        beta(problem.length),
        mean(rows),
        inv_std(rows) {}

  std::vector<void*> Operands(std::size_t* out) {
    std::vector<void*> operands{src.data()};
    if (p.has_gamma) operands.push_back(gamma.data());
    if (p.has_beta) operands.push_back(beta.data());
    if (p.has_residual) operands.push_back(residual.data());
    *out = operands.size();
    operands.push_back(dst.data());
    if (p.has_mean) operands.push_back(mean.data());
    if (p.has_inv_std) operands.push_back(inv_std.data());
    if (p.has_sum) operands.push_back(sum.data());
    return operands;
  }

  void CheckRow(std::int64_t row) const {
    const std::int64_t a = row / p.outer[1], b = row % p.outer[1];
    const std::size_t from = std::size_t(a * p.src_outer[0] + b * p.src_outer[1]);
    const std::size_t to = std::size_t(a * p.dst_outer[0] + b * p.dst_outer[1]);
    const double n = double(p.length);
    std::vector<double> x;
    double average = 0, square = 0;
    for (std::size_t i = 0; i < std::size_t(p.length); ++i) {
      float value = src[from + i];
      if (p.has_residual) value += residual[from + i];
      x.push_back(value);
      average += value / n;
      ASSERT_TRUE(!p.has_sum || sum[from + i] == value) << "sum";
    }
    if (p.rms) average = 0;
    for (double v : x) square += (v - average) * (v - average) / n;
    const double inv = 1 / std::sqrt(square + double(p.epsilon));
    for (std::size_t i = 0; i < x.size(); ++i) {
      double want = (x[i] - average) * inv;
      if (p.has_gamma) want *= gamma[i];
      if (p.has_beta) want += beta[i];
      // A row of one element is its own mean: only the error of the mean is left.
      ASSERT_TRUE(Near(dst[to + i], want, 1e-5, n == 1 ? 2e-4 : 2e-5))
          << dst[to + i] << ", expected " << want << ", length " << n;
    }
    if (n == 0) return;
    const std::size_t at = std::size_t(row);
    ASSERT_TRUE(!p.has_mean || Near(mean[at], average, 1e-6, 0)) << "mean";
    ASSERT_TRUE(!p.has_inv_std || Near(inv_std[at], inv, 1e-5, 0)) << "inverse deviation";
  }
};

TEST_F(NormTest, LayerNormAndRmsNormOfRandomRows) {
  for (int round = 0; round < 120; ++round) {
    LayerNormProblem p;
    p.rms = Flip();
    p.has_gamma = Flip();
    p.has_beta = Flip();
    p.has_residual = Flip();
    p.has_mean = Flip();
    p.has_inv_std = Flip();
    p.has_sum = p.has_residual && Flip();
    p.length = round < 70 ? round + 1 : Uniform(0, 1500);
    p.outer = {Uniform(1, 3), Uniform(0, 6)};
    const std::int64_t stride = p.length + (Flip() ? 4 : 0);
    // The rows of src are enumerated along the second dimension first in memory.
    p.src_outer = {stride, stride * p.outer[0]};
    p.dst_outer = {stride * p.outer[1], stride};
    RowCase rows(p, stride);
    FillNormal(&rows.src, 2);
    for (std::size_t i = 0; i < rows.src.size(); ++i) rows.src[i] += 5;
    FillNormal(&rows.residual);
    FillNormal(&rows.gamma);
    FillNormal(&rows.beta);
    std::size_t out = 0;
    const std::vector<void*> operands = rows.Operands(&out);
    RunTwice(BindLayerNorm(p, target_), operands, out, &rows.dst);
    for (std::int64_t row = 0; row < rows.rows; ++row) rows.CheckRow(row);
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST_F(NormTest, LayerNormWorksInPlace) {
  LayerNormProblem p;
  p.length = 768;
  p.outer = {9};
  p.src_outer = p.dst_outer = {768};
  Guarded<float> x(9 * 768), y(9 * 768), gamma(768), beta(768);
  FillNormal(&x);
  FillNormal(&gamma);
  FillNormal(&beta);
  const BoundKernel kernel = BindLayerNorm(p, target_);
  RunOn(&one_, kernel, {x.data(), gamma.data(), beta.data(), y.data()});
  RunOn(&one_, kernel, {x.data(), gamma.data(), beta.data(), x.data()});
  EXPECT_TRUE(x.SameBytes(y));
}

double Activated(Activation activation, double x) {
  auto clamp = [](double v, double low, double high) { return std::min(high, std::max(low, v)); };
  const double sigmoid = 1 / (1 + std::exp(-x));
  switch (activation) {
    case Activation::kNone: return x;
    case Activation::kRelu: return std::max(0.0, x);
    case Activation::kClip: return clamp(x, -0.5, 0.75);
    case Activation::kSigmoid: return sigmoid;
    case Activation::kTanh: return std::tanh(x);
    case Activation::kSilu: return x * sigmoid;
    case Activation::kHardSigmoid: return clamp(0.25 * x + 0.75, 0, 1);
    case Activation::kHardSwish: return x * clamp(x / 6 + 0.5, 0, 1);
    case Activation::kLeakyRelu: return x < 0 ? 0.25 * x : x;
    case Activation::kGelu: return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
  }
  return x;
}

TEST_F(NormTest, ScaleAndShiftWithEveryActivation) {
  for (int round = 0; round < 90; ++round) {
    ChannelAffineProblem p;
    p.batch = Uniform(1, 2);
    p.channels = RandomChannels();
    p.height = Uniform(1, 5);
    p.width = Uniform(0, 20);
    const Order order = static_cast<Order>(Uniform(0, 2));
    const std::int64_t pixels = p.height * p.width;
    const Layout in = RandomLayout(p.batch, p.channels, pixels, order);
    const Layout out = RandomLayout(p.batch, p.channels, pixels, order);
    p.src_batch = in.batch;
    p.src_channel = in.channel;
    p.src_pixel = in.pixel;
    p.src_row = in.pixel * p.width;
    p.dst_batch = out.batch;
    p.dst_channel = out.channel;
    p.dst_pixel = out.pixel;
    p.dst_row = out.pixel * p.width;
    p.activation = static_cast<Activation>(round % 10);
    p.alpha = p.activation == Activation::kClip ? -0.5f : 0.25f;
    p.beta = 0.75f;
    Guarded<float> src(in.span), scale(p.channels), shift(p.channels), dst(out.span);
    FillNormal(&src);
    FillNormal(&scale);
    FillNormal(&shift);
    RunTwice(BindChannelAffine(p, target_), {src.data(), scale.data(), shift.data(), nullptr}, 3,
             &dst);
    Expect(dst, out, p.batch, p.channels, pixels, 1e-5, 2e-6, [&](auto n, auto c, auto i) {
      const double x = src[in.At(n, c, i)];
      return Activated(p.activation, x * scale[std::size_t(c)] + shift[std::size_t(c)]);
    });
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST_F(NormTest, GroupAndInstanceNorm) {
  for (int round = 0; round < 80; ++round) {
    GroupNormProblem p;
    p.batch = Uniform(0, 3);
    p.channels = RandomChannels();
    p.groups = p.channels % 4 == 0 && Flip() ? 4 : Flip() ? p.channels : 1;
    p.pixels = round % 8 == 0 ? Uniform(1, 3000) : Uniform(1, 60);
    if (p.channels * p.pixels > 200000) p.pixels = 40;
    p.has_scale = Flip();
    p.has_shift = Flip();
    p.activation = Flip() ? Activation::kRelu : Activation::kNone;
    const Order order = static_cast<Order>(Uniform(0, 2));
    const Layout in = RandomLayout(p.batch, p.channels, p.pixels, order);
    const Layout out = RandomLayout(p.batch, p.channels, p.pixels, order);
    p.src_batch = in.batch;
    p.src_channel = in.channel;
    p.src_pixel = in.pixel;
    p.dst_batch = out.batch;
    p.dst_channel = out.channel;
    p.dst_pixel = out.pixel;
    Guarded<float> src(in.span), scale(p.channels), shift(p.channels), dst(out.span);
    FillNormal(&src, 3);
    for (std::size_t i = 0; i < src.size(); ++i) src[i] += 10;
    FillNormal(&scale);
    FillNormal(&shift);
    std::vector<void*> operands{src.data()};
    if (p.has_scale) operands.push_back(scale.data());
    if (p.has_shift) operands.push_back(shift.data());
    operands.push_back(nullptr);
    RunTwice(BindGroupNorm(p, target_), operands, operands.size() - 1, &dst);
    const std::int64_t width = p.channels / p.groups;
    std::vector<double> mean(std::size_t(p.batch * p.groups), 0), variance = mean;
    for (std::int64_t n = 0; n < p.batch; ++n) {
      for (std::int64_t g = 0; g < p.groups; ++g) {
        const std::size_t at = std::size_t(n * p.groups + g);
        const double count = double(width * p.pixels);
        for (int pass = 0; pass < 2; ++pass) {
          for (std::int64_t c = g * width; c < (g + 1) * width; ++c) {
            for (std::int64_t i = 0; i < p.pixels; ++i) {
              const double x = src[in.At(n, c, i)];
              if (pass == 0) mean[at] += x / count;
              if (pass == 1) variance[at] += (x - mean[at]) * (x - mean[at]) / count;
            }
          }
        }
      }
    }
    Expect(dst, out, p.batch, p.channels, p.pixels, 1e-5, width * p.pixels == 1 ? 3e-3 : 2e-4,
           [&](auto n, auto c, auto i) {
             const std::size_t at = std::size_t(n * p.groups + c / width);
             double y =
                 (src[in.At(n, c, i)] - mean[at]) / std::sqrt(variance[at] + double(p.epsilon));
             if (p.has_scale) y *= scale[std::size_t(c)];
             if (p.has_shift) y += shift[std::size_t(c)];
             return p.activation == Activation::kRelu ? std::max(0.0, y) : y;
           });
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST_F(NormTest, LrnOfRandomShapesWindowsAndPowers) {
  for (int round = 0; round < 120; ++round) {
    LrnProblem p;
    p.batch = Uniform(0, 2);
    p.channels = RandomChannels();
    p.pixels = Uniform(1, 90);
    const int sizes[] = {1, 2, 3, 5, 8, 63, 64, 65, 100};
    p.size = sizes[Uniform(0, 8)];
    const float powers[] = {0.75f, 0.75f, 0.5f, 1.0f, 0.6f};
    p.beta = powers[Uniform(0, 4)];
    p.alpha = Flip() ? 1e-4f : 0.5f;
    p.bias = Flip() ? 1.0f : 2.0f;
    const Order order = static_cast<Order>(Uniform(0, 2));
    const Layout in = RandomLayout(p.batch, p.channels, p.pixels, order);
    const Layout out = RandomLayout(p.batch, p.channels, p.pixels, order);
    p.src_batch = in.batch;
    p.src_channel = in.channel;
    p.src_pixel = in.pixel;
    p.dst_batch = out.batch;
    p.dst_channel = out.channel;
    p.dst_pixel = out.pixel;
    Guarded<float> src(in.span), dst(out.span);
    FillNormal(&src, 3);
    const bool nasty = round % 4 == 0;
    if (nasty) SprinkleNasty(&src, 50);
    // Finite squares: whether a window overflows depends on the width of its sum.
    for (std::size_t i = 0; i < src.size(); ++i) {
      if (std::isfinite(src[i])) src[i] = std::clamp(src[i], -1e18f, 1e18f);
    }
    RunTwice(BindLrn(p, target_), {src.data(), nullptr}, 1, &dst);
    Expect(dst, out, p.batch, p.channels, p.pixels, 3e-6, 1e-30, [&](auto n, auto c, auto i) {
      double sum = 0;
      for (std::int64_t k = c - (p.size - 1) / 2; k <= c + p.size / 2; ++k) {
        if (k < 0 || k >= p.channels) continue;
        const double x = src[in.At(n, k, i)];
        sum += x * x;
      }
      const double base = double(p.bias) + double(p.alpha) / p.size * sum;
      return src[in.At(n, c, i)] / std::pow(base, double(p.beta));
    });
    if (HasFatalFailure()) FAIL() << "round " << round << " size " << p.size;
  }
}

TEST_F(NormTest, LpNormOfRowsAndColumns) {
  for (int round = 0; round < 60; ++round) {
    LpNormProblem p;
    p.p = Flip() ? 1 : 2;
    p.sizes = {Uniform(1, 5), Uniform(1, 80)};
    p.axis = static_cast<int>(Uniform(0, 1));
    p.src_strides = p.dst_strides = RowMajorStrides(p.sizes);
    Guarded<float> src(NumElements(p.sizes)), dst(NumElements(p.sizes));
    FillNormal(&src);
    if (round % 5 == 0) std::fill_n(src.data(), src.size(), 0.0f);
    RunTwice(BindLpNorm(p, target_), {src.data(), nullptr}, 1, &dst);
    testing::ForEachIndex(p.sizes, [&](const Dims& at) {
      double norm = 0;
      for (std::int64_t k = 0; k < p.sizes[p.axis]; ++k) {
        Dims other = at;
        other[p.axis] = k;
        const double x = src[std::size_t(testing::OffsetOf(other, p.src_strides))];
        norm += p.p == 1 ? std::fabs(x) : x * x;
      }
      if (p.p == 2) norm = std::sqrt(norm);
      const std::size_t o = std::size_t(testing::OffsetOf(at, p.src_strides));
      const double want = norm == 0 ? 0 : src[o] / norm;
      ASSERT_TRUE(Near(dst[o], want, 2e-6, 0)) << dst[o] << ", expected " << want;
    });
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace plumb::kernels
