#include "kernels/softmax/softmax.h"

#include <cmath>

#include "kernels/testing/kernel_test.h"

namespace plumb::kernels {
namespace {

using testing::Guarded;
using testing::Near;

class SoftmaxTest : public testing::KernelTest {
 protected:
  // Row-major strides of a random order of the axes, some with gaps.
  Strides RandomStrides(const Shape& sizes) {
    Strides strides(sizes.rank(), 0);
    std::vector<int> order;
    for (int d = 0; d < sizes.rank(); ++d) {
      order.insert(order.begin() + Uniform(0, static_cast<std::int64_t>(order.size())), d);
    }
    std::int64_t stride = 1;
    for (int axis : order) {
      strides[axis] = stride;
      stride = stride * std::max<std::int64_t>(1, sizes[axis]) + (Uniform(0, 4) == 0 ? 3 : 0);
    }
    return strides;
  }

  void Check(const SoftmaxProblem& problem, bool nasty) {
    Guarded<float> src(testing::SpanOf(problem.sizes, problem.src_strides));
    Guarded<float> dst(testing::SpanOf(problem.sizes, problem.dst_strides));
    FillNormal(&src, 4);
    if (nasty) SprinkleNasty(&src, 60);
    RunTwice(BindSoftmax(problem, target_), {src.data(), nullptr}, 1, &dst);
    std::vector<bool> written(dst.size(), false);
    Shape rows = problem.sizes;
    const std::int64_t n = rows[problem.axis];
    rows[problem.axis] = n == 0 ? 0 : 1;
    testing::ForEachIndex(rows, [&](const Dims& row) {
      auto x = [&](std::int64_t i) {
        Dims at = row;
        at[problem.axis] = i;
        return static_cast<double>(src[std::size_t(testing::OffsetOf(at, problem.src_strides))]);
      };
      double top = -INFINITY, sum = 0;
      std::int64_t best = 0;
      for (std::int64_t i = 0; i < n; ++i) {
        if (x(i) > top) {
          top = x(i);
          best = i;
        }
      }
      for (std::int64_t i = 0; i < n; ++i) sum += std::exp(x(i) - top);
      for (std::int64_t i = 0; i < n; ++i) {
        Dims at = row;
        at[problem.axis] = i;
        const std::size_t o = std::size_t(testing::OffsetOf(at, problem.dst_strides));
        double want = i == best ? 1 : 0;
        if (problem.kind == SoftmaxKind::kSoftmax) want = std::exp(x(i) - top) / sum;
        if (problem.kind == SoftmaxKind::kLogSoftmax) want = x(i) - top - std::log(sum);
        ASSERT_TRUE(
            Near(dst[o], want, 2e-6, 1e-36 + (problem.kind == SoftmaxKind::kLogSoftmax ? 1e-6 : 0)))
            << dst[o] << " for " << x(i) << ", expected " << want;
        written[o] = true;
      }
    });
    for (std::size_t i = 0; i < dst.size(); ++i) {
      ASSERT_TRUE(written[i] || dst.Poisoned(i)) << "element " << i << " is not of the output";
    }
  }
};

TEST_F(SoftmaxTest, RandomShapesAxesAndStrides) {
  for (int round = 0; round < 200; ++round) {
    SoftmaxProblem problem;
    problem.kind = static_cast<SoftmaxKind>(Uniform(0, 2));
    const int rank = static_cast<int>(Uniform(1, 4));
    for (int d = 0; d < rank; ++d) {
      const std::int64_t sizes[] = {1, 2, 3, 17, 40, 70, 0};
      problem.sizes.Append(sizes[Uniform(0, round % 15 == 0 ? 6 : 5)]);
    }
    if (NumElements(problem.sizes) > 100000) continue;
    problem.axis = static_cast<int>(Uniform(0, rank - 1));
    problem.src_strides = RandomStrides(problem.sizes);
    problem.dst_strides = Flip() ? problem.src_strides : RandomStrides(problem.sizes);
    Check(problem, problem.kind != SoftmaxKind::kHardmax && Flip());
    if (HasFatalFailure()) FAIL() << "round " << round << " " << problem.sizes.ToString();
  }
}

TEST_F(SoftmaxTest, RowsOfEveryLength) {
  for (std::int64_t n = 1; n < 140; ++n) {
    SoftmaxProblem problem;
    problem.kind = n % 2 ? SoftmaxKind::kSoftmax : SoftmaxKind::kLogSoftmax;
    problem.sizes = {3, n};
    problem.axis = 1;
    problem.src_strides = problem.dst_strides = {n + 5, 1};
    Check(problem, false);
    if (HasFatalFailure()) FAIL() << "length " << n;
  }
}

TEST_F(SoftmaxTest, WorksInPlace) {
  const std::int64_t rows = 40, n = 100;
  for (const bool side_by_side : {false, true}) {
    SoftmaxProblem problem;
    problem.sizes = {rows, n};
    problem.axis = side_by_side ? 0 : 1;
    problem.src_strides = problem.dst_strides = {n, 1};
    Guarded<float> src(rows * n), dst(rows * n);
    FillNormal(&src);
    const BoundKernel kernel = BindSoftmax(problem, target_);
    RunOn(&one_, kernel, {src.data(), dst.data()});
    RunOn(&one_, kernel, {src.data(), src.data()});
    EXPECT_TRUE(src.SameBytes(dst));
  }
}

TEST_F(SoftmaxTest, DoubleIsExactToItsPrecision) {
  SoftmaxProblem problem;
  problem.dtype = DType::kFloat64;
  problem.sizes = {50};
  problem.src_strides = problem.dst_strides = {1};
  Guarded<double> src(50), dst(50);
  double sum = 0;
  for (std::size_t i = 0; i < 50; ++i) sum += std::exp(src[i] = random_.NextNormal());
  RunTwice(BindSoftmax(problem, target_), {src.data(), nullptr}, 1, &dst);
  for (std::size_t i = 0; i < 50; ++i) EXPECT_NEAR(dst[i], std::exp(src[i]) / sum, 1e-15);
}

}  // namespace
}  // namespace plumb::kernels
