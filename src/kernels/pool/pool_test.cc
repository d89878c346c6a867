#include "kernels/pool/pool.h"

#include <algorithm>
#include <cmath>

#include "kernels/testing/kernel_test.h"

namespace plumb::kernels {
namespace {

using testing::Guarded;
using testing::Near;

struct Layout {
  std::int64_t batch, channel, spatial[3], span;
};

// Channels-last with padded pixels, or row-major.
Layout LayoutOf(std::int64_t batch, std::int64_t channels, const std::int64_t* sizes, bool last,
                std::int64_t pad) {
  Layout l;
  const std::int64_t pixel = last ? channels + pad : 1;
  l.channel = last ? 1 : sizes[0] * sizes[1] * sizes[2] + pad;
  l.spatial[2] = pixel;
  l.spatial[1] = pixel * sizes[2];
  l.spatial[0] = l.spatial[1] * sizes[1];
  l.batch = last ? l.spatial[0] * sizes[0] : l.channel * channels;
  l.span = l.batch * batch;
  return l;
}

class PoolTest : public testing::KernelTest {
 protected:
  PoolProblem RandomProblem() {
    PoolProblem p;
    p.kind = static_cast<PoolKind>(Uniform(0, 2));
    p.batch = Uniform(0, 8) == 0 ? 0 : Uniform(1, 3);
    const std::int64_t channels[] = {1, 3, 8, 17, 64, 67, 80};
    p.channels = channels[Uniform(0, 6)];
    p.count_include_pad = Flip();
    p.p = static_cast<int>(Uniform(1, 3));
    for (int d = static_cast<int>(Uniform(0, 2)); d < 3; ++d) {
      p.kernel[d] = Uniform(1, 4);
      p.stride[d] = Uniform(1, 5);
      p.dilation[d] = Uniform(1, 2);
      const std::int64_t reach = (p.kernel[d] - 1) * p.dilation[d] + 1;
      p.pad_begin[d] = Uniform(0, p.kernel[d] - 1);
      p.pad_end[d] = Uniform(0, p.kernel[d] - 1);
      p.in_sizes[d] = std::max(reach - p.pad_begin[d] - p.pad_end[d], Uniform(1, 9));
      const std::int64_t room = p.in_sizes[d] + p.pad_begin[d] + p.pad_end[d] - reach;
      // Some with one output more, as ceil mode gives.
      p.out_sizes[d] = room / p.stride[d] + 1 + (room % p.stride[d] != 0 && Flip() ? 1 : 0);
    }
    return p;
  }

  static double Reference(const PoolProblem& p, const Guarded<float>& src, std::int64_t n,
                          std::int64_t c, const std::int64_t* out, std::int64_t* index) {
    double best = -INFINITY, sum = 0, inside = 0, padded = 0;
    bool found = false;
    for (std::int64_t k0 = 0; k0 < p.kernel[0]; ++k0) {
      for (std::int64_t k1 = 0; k1 < p.kernel[1]; ++k1) {
        for (std::int64_t k2 = 0; k2 < p.kernel[2]; ++k2) {
          const std::int64_t k[3] = {k0, k1, k2};
          std::int64_t at[3], offset = n * p.in_batch + c * p.in_channel;
          bool in = true, in_padded = true;
          for (int d = 0; d < 3; ++d) {
            at[d] = out[d] * p.stride[d] - p.pad_begin[d] + k[d] * p.dilation[d];
            in = in && at[d] >= 0 && at[d] < p.in_sizes[d];
            in_padded = in_padded && at[d] < p.in_sizes[d] + p.pad_end[d];
            offset += at[d] * p.in_spatial[d];
          }
          padded += in_padded;
          if (!in) continue;
          inside += 1;
          const double x = src[std::size_t(offset)];
          sum += p.kind == PoolKind::kLp ? std::pow(std::fabs(x), p.p) : x;
          if (!found || x > best || (std::isnan(x) && !std::isnan(best))) {
            best = x;
            found = true;
            *index = ((n * p.channels + c) * p.in_sizes[0] + at[0]) * p.in_sizes[1] + at[1];
            *index = *index * p.in_sizes[2] + at[2];
          }
        }
      }
    }
    if (p.kind == PoolKind::kMax) return best;
    if (p.kind == PoolKind::kLp) return std::pow(sum, 1.0 / p.p);
    return inside == 0 ? 0 : sum / (p.count_include_pad ? padded : inside);
  }

  void Check(PoolProblem p, bool in_last, bool out_last, bool nasty) {
    const Layout in = LayoutOf(p.batch, p.channels, p.in_sizes, in_last, Uniform(0, 2) * 5);
    const Layout out = LayoutOf(p.batch, p.channels, p.out_sizes, out_last, Uniform(0, 2) * 3);
    p.in_batch = in.batch;
    p.in_channel = in.channel;
    p.out_batch = out.batch;
    p.out_channel = out.channel;
    for (int d = 0; d < 3; ++d) {
      p.in_spatial[d] = in.spatial[d];
      p.out_spatial[d] = out.spatial[d];
    }
    Guarded<float> src(in.span), dst(out.span);
    Guarded<std::int64_t> indices(out.span);
    FillNormal(&src);
    if (nasty) SprinkleNasty(&src, 12);
    RunTwice(BindPool(p, target_), {src.data(), nullptr, indices.data()}, 1, &dst);
    std::vector<bool> written(dst.size(), false);
    testing::ForEachIndex(
        {p.batch, p.channels, p.out_sizes[0], p.out_sizes[1], p.out_sizes[2]}, [&](const Dims& at) {
          const std::int64_t pixel[3] = {at[2], at[3], at[4]};
          std::int64_t o = at[0] * p.out_batch + at[1] * p.out_channel, index = 0;
          for (int d = 0; d < 3; ++d) o += pixel[d] * p.out_spatial[d];
          const double want = Reference(p, src, at[0], at[1], pixel, &index);
          ASSERT_TRUE(Near(dst[std::size_t(o)], want, 2e-6, nasty ? 1e-35 : 2e-6))
              << dst[std::size_t(o)] << " at " << at.ToString() << ", expected " << want;
          if (p.indices && want != -INFINITY) {
            ASSERT_EQ(indices[std::size_t(o)], index);
          }
          written[std::size_t(o)] = true;
        });
    for (std::size_t i = 0; i < dst.size(); ++i) {
      ASSERT_TRUE(written[i] || dst.Poisoned(i)) << "element " << i << " is not of the output";
    }
  }
};

TEST_F(PoolTest, RandomShapesMatchTheDefinition) {
  for (int round = 0; round < 250; ++round) {
    PoolProblem p = RandomProblem();
    const bool last = Uniform(0, 3) != 0;
    Check(p, last, last || Flip(), p.kind == PoolKind::kMax && Flip());
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST_F(PoolTest, GlobalPoolsAreDividedByChannels) {
  for (PoolKind kind : {PoolKind::kMax, PoolKind::kAverage, PoolKind::kLp}) {
    PoolProblem p;
    p.kind = kind;
    p.batch = 2;
    p.channels = 1030;
    p.in_sizes[1] = p.kernel[1] = 14;
    p.in_sizes[2] = p.kernel[2] = 15;
    Check(p, true, true, false);
  }
}

TEST_F(PoolTest, MaximumSaysWhereItWas) {
  for (int round = 0; round < 60; ++round) {
    PoolProblem p = RandomProblem();
    p.kind = PoolKind::kMax;
    p.indices = true;
    const bool last = Flip();
    Check(p, last, last, Flip());
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST_F(PoolTest, BytesAreCompared) {
  const auto check = [&]<typename T>(T) {
    PoolProblem p = RandomProblem();
    p.kind = PoolKind::kMax;
    p.dtype = DTypeOf<T>::value;
    const Layout in = LayoutOf(p.batch, p.channels, p.in_sizes, true, Uniform(0, 2) * 5);
    const Layout out = LayoutOf(p.batch, p.channels, p.out_sizes, true, Uniform(0, 2) * 3);
    p.in_batch = in.batch;
    p.out_batch = out.batch;
    for (int d = 0; d < 3; ++d) {
      p.in_spatial[d] = in.spatial[d];
      p.out_spatial[d] = out.spatial[d];
    }
    Guarded<T> src(in.span), dst(out.span);
    Guarded<float> same(in.span);
    constexpr int kLow = std::numeric_limits<T>::lowest();
    for (std::size_t i = 0; i < src.size(); ++i) {
      src[i] = static_cast<T>(Uniform(kLow, kLow + 255));
      same[i] = src[i];
    }
    RunTwice(BindPool(p, target_), {src.data(), nullptr}, 1, &dst);
    testing::ForEachIndex(
        {p.batch, p.channels, p.out_sizes[0], p.out_sizes[1], p.out_sizes[2]}, [&](const Dims& at) {
          const std::int64_t pixel[3] = {at[2], at[3], at[4]};
          std::int64_t o = at[0] * p.out_batch + at[1], index = 0;
          for (int d = 0; d < 3; ++d) o += pixel[d] * p.out_spatial[d];
          const double want = Reference(p, same, at[0], at[1], pixel, &index);
          ASSERT_EQ(dst[std::size_t(o)], std::max(want, double{kLow})) << at.ToString();
        });
  };
  for (int round = 0; round < 60; ++round) {
    check(std::int8_t{});
    check(std::uint8_t{});
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

}  // namespace
}  // namespace plumb::kernels
