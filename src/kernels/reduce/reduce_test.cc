#include "kernels/reduce/reduce.h"

#include <algorithm>
#include <cmath>

#include "kernels/testing/kernel_test.h"

namespace plumb::kernels {
namespace {

using testing::Guarded;
using testing::Near;

class ReduceTest : public testing::KernelTest {
 protected:
  Strides RandomStrides(const Shape& sizes, std::uint32_t skip) {
    Strides strides(sizes.rank(), 0);
    std::vector<int> order;
    for (int d = 0; d < sizes.rank(); ++d) {
      if ((skip >> d & 1) == 0) {
        order.insert(order.begin() + Uniform(0, static_cast<std::int64_t>(order.size())), d);
      }
    }
    std::int64_t stride = Uniform(0, 5) == 0 ? 2 : 1;
    for (int axis : order) {
      strides[axis] = stride;
      stride = stride * std::max<std::int64_t>(1, sizes[axis]) + (Uniform(0, 4) == 0 ? 3 : 0);
    }
    return strides;
  }

  static double Reference(ReduceKind kind, const std::vector<double>& x) {
    double sum = 0, square = 0, absolute = 0, product = 1, low = INFINITY, high = -INFINITY;
    bool nan = false;
    for (double v : x) {
      sum += v;
      square += v * v;
      absolute += std::fabs(v);
      product *= v;
      low = std::min(low, v);
      high = std::max(high, v);
      nan = nan || std::isnan(v);
    }
    double exponentials = 0;
    for (double v : x) exponentials += std::exp(v - (std::isinf(high) ? 0 : high));
    switch (kind) {
      case ReduceKind::kSum: return sum;
      case ReduceKind::kMean: return sum / static_cast<double>(x.size());
      case ReduceKind::kMax: return nan ? NAN : high;
      case ReduceKind::kMin: return nan ? NAN : low;
      case ReduceKind::kProd: return product;
      case ReduceKind::kL1: return absolute;
      case ReduceKind::kL2: return std::sqrt(square);
      case ReduceKind::kLogSum: return std::log(sum);
      case ReduceKind::kLogSumExp: return std::log(exponentials) + (std::isinf(high) ? 0 : high);
      case ReduceKind::kSumSquare: return square;
    }
    return 0;
  }

  void Check(const ReduceProblem& p, bool nasty) {
    Guarded<float> src(testing::SpanOf(p.sizes, p.src_strides));
    Shape kept = p.sizes;
    for (int d = 0; d < kept.rank(); ++d) {
      if (p.reduced >> d & 1) kept[d] = 1;
    }
    Strides dst_strides = p.dst_strides;
    for (int d = 0; d < kept.rank(); ++d) {
      if (p.reduced >> d & 1) dst_strides[d] = 0;
    }
    Guarded<float> dst(testing::SpanOf(kept, dst_strides));
    FillNormal(&src, p.kind == ReduceKind::kProd ? 1 : 2);
    if (p.kind == ReduceKind::kLogSum) {
      for (std::size_t i = 0; i < src.size(); ++i) src[i] = std::fabs(src[i]) + 0.1f;
    }
    if (nasty) SprinkleNasty(&src, 40);
    RunTwice(BindReduce(p, target_), {src.data(), nullptr}, 1, &dst);
    std::vector<bool> written(dst.size(), false);
    testing::ForEachIndex(kept, [&](const Dims& at) {
      Shape reduced = p.sizes;
      for (int d = 0; d < reduced.rank(); ++d) {
        if ((p.reduced >> d & 1) == 0) reduced[d] = 1;
      }
      std::vector<double> x;
      double scale = 0;
      testing::ForEachIndex(reduced, [&](const Dims& inner) {
        x.push_back(src[std::size_t(testing::OffsetOf(at, p.src_strides) +
                                    testing::OffsetOf(inner, p.src_strides))]);
        scale += std::fabs(x.back());
      });
      const double want = Reference(p.kind, x);
      const std::size_t o = std::size_t(testing::OffsetOf(at, dst_strides));
      if (p.kind == ReduceKind::kMean) scale /= static_cast<double>(x.size());
      const bool sums = p.kind == ReduceKind::kSum || p.kind == ReduceKind::kMean;
      const double absolute = sums ? 1e-6 * scale
                              : p.kind == ReduceKind::kLogSum || p.kind == ReduceKind::kLogSumExp
                                  ? 2e-6
                                  : 1e-37;
      const double relative = p.kind == ReduceKind::kProd ? 1e-4 : 3e-6;
      ASSERT_TRUE(Near(dst[o], want, relative, absolute))
          << dst[o] << ", expected " << want << " from " << x.size() << " elements, kind "
          << static_cast<int>(p.kind);
      written[o] = true;
    });
    for (std::size_t i = 0; i < dst.size(); ++i) {
      ASSERT_TRUE(written[i] || dst.Poisoned(i)) << "element " << i << " is not of the output";
    }
  }
};

TEST_F(ReduceTest, RandomShapesAxesAndStrides) {
  for (int round = 0; round < 300; ++round) {
    ReduceProblem p;
    p.kind = static_cast<ReduceKind>(round % 10);
    const int rank = static_cast<int>(Uniform(0, 4));
    for (int d = 0; d < rank; ++d) {
      const std::int64_t sizes[] = {1, 2, 3, 17, 40, 70, 0};
      p.sizes.Append(sizes[Uniform(0, round % 12 == 0 ? 6 : 5)]);
    }
    if (NumElements(p.sizes) > 100000) continue;
    p.reduced = static_cast<std::uint32_t>(Uniform(0, (1 << rank) - 1));
    p.src_strides = RandomStrides(p.sizes, 0);
    p.dst_strides = RandomStrides(p.sizes, p.reduced);
    const bool extreme = p.kind == ReduceKind::kMax || p.kind == ReduceKind::kMin;
    Check(p, extreme && Flip());
    if (HasFatalFailure()) FAIL() << "round " << round << " " << p.sizes.ToString();
  }
}

TEST_F(ReduceTest, LargeSumsAreSplitAndStayAccurate) {
  for (ReduceKind kind : {ReduceKind::kSum, ReduceKind::kL2, ReduceKind::kLogSumExp,
                          ReduceKind::kMax, ReduceKind::kMean}) {
    for (std::uint32_t reduced : {3u, 1u, 2u}) {
      ReduceProblem p;
      p.kind = kind;
      p.sizes = reduced == 2 ? Shape{3, 300001} : Shape{9000, 70};
      p.reduced = reduced;
      p.src_strides = RowMajorStrides(p.sizes);
      p.dst_strides = reduced == 1 ? Strides{0, 1} : Strides{1, 0};
      Check(p, false);
      if (HasFatalFailure()) FAIL() << static_cast<int>(kind) << " " << reduced;
    }
  }
}

TEST_F(ReduceTest, InfinitiesInLogSumExp) {
  const float values[4][3] = {
      {-INFINITY, -INFINITY, -INFINITY}, {INFINITY, 1, 2}, {-INFINITY, 0, -INFINITY}, {NAN, 1, 2}};
  const double want[4] = {-INFINITY, INFINITY, 0, NAN};
  ReduceProblem p;
  p.kind = ReduceKind::kLogSumExp;
  p.sizes = {4, 3};
  p.reduced = 2;
  p.src_strides = {3, 1};
  p.dst_strides = {1, 0};
  Guarded<float> src(12), dst(4);
  for (std::size_t i = 0; i < 12; ++i) src[i] = values[i / 3][i % 3];
  RunTwice(BindReduce(p, target_), {src.data(), nullptr}, 1, &dst);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_TRUE(Near(dst[i], want[i], 0, 0)) << dst[i];
}

TEST_F(ReduceTest, IntegersWrapAndDoublesAreExact) {
  ReduceProblem p;
  p.dtype = DType::kInt64;
  p.sizes = {2, 3};
  p.reduced = 2;
  p.src_strides = {3, 1};
  p.dst_strides = {1, 0};
  Guarded<std::int64_t> src(6);
  const std::int64_t values[] = {INT64_MAX, 1, 1, -5, 2, 4};
  std::copy_n(values, 6, src.data());
  const std::pair<ReduceKind, std::pair<std::int64_t, std::int64_t>> cases[] = {
      {ReduceKind::kSum, {INT64_MIN + 1, 1}},
      {ReduceKind::kMax, {INT64_MAX, 4}},
      {ReduceKind::kMin, {1, -5}},
      {ReduceKind::kProd, {INT64_MAX, -40}},
      {ReduceKind::kL1, {INT64_MIN + 1, 11}}};
  for (const auto& [kind, want] : cases) {
    p.kind = kind;
    Guarded<std::int64_t> dst(2);
    RunTwice(BindReduce(p, target_), {src.data(), nullptr}, 1, &dst);
    EXPECT_EQ(dst[0], want.first) << static_cast<int>(kind);
    EXPECT_EQ(dst[1], want.second) << static_cast<int>(kind);
  }
  p.dtype = DType::kFloat64;
  p.kind = ReduceKind::kSum;
  Guarded<double> real(6), sums(2);
  const double reals[] = {1e17, 1, -1e17, 0.1, 0.2, 0.3};
  std::copy_n(reals, 6, real.data());
  RunTwice(BindReduce(p, target_), {real.data(), nullptr}, 1, &sums);
  EXPECT_EQ(sums[0], 1);
  EXPECT_EQ(sums[1], 0.6);
}

TEST_F(ReduceTest, PositionsOfExtremes) {
  for (int round = 0; round < 120; ++round) {
    ArgReduceProblem p;
    p.smallest = Flip();
    p.select_last = Flip();
    p.sizes = {Uniform(1, 4), Uniform(1, 30), Uniform(0, 5)};
    p.axis = static_cast<int>(Uniform(0, 2));
    if (p.sizes[p.axis] == 0) p.sizes[p.axis] = 1;
    p.src_strides = RandomStrides(p.sizes, 0);
    p.dst_strides = RandomStrides(p.sizes, 1u << p.axis);
    Shape kept = p.sizes;
    kept[p.axis] = 1;
    Strides dst_strides = p.dst_strides;
    dst_strides[p.axis] = 0;
    Guarded<float> src(testing::SpanOf(p.sizes, p.src_strides));
    Guarded<std::int64_t> dst(testing::SpanOf(kept, dst_strides));
    for (std::size_t i = 0; i < src.size(); ++i) src[i] = static_cast<float>(Uniform(0, 5));
    if (round % 4 == 0) {
      for (std::size_t i = 0; i < src.size(); i += 9) src[i] = NAN;
    }
    RunTwice(BindArgReduce(p, target_), {src.data(), nullptr}, 1, &dst);
    testing::ForEachIndex(kept, [&](const Dims& at) {
      auto x = [&](std::int64_t k) {
        Dims index = at;
        index[p.axis] = k;
        return src[std::size_t(testing::OffsetOf(index, p.src_strides))];
      };
      std::int64_t want = 0;
      for (std::int64_t k = 1; k < p.sizes[p.axis]; ++k) {
        if (std::isnan(x(want))) break;
        const bool better = p.smallest ? x(k) < x(want) : x(k) > x(want);
        if (better || std::isnan(x(k)) || (p.select_last && x(k) == x(want))) want = k;
      }
      ASSERT_EQ(dst[std::size_t(testing::OffsetOf(at, dst_strides))], want);
    });
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

}  // namespace
}  // namespace plumb::kernels
