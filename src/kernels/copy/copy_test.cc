#include "kernels/copy/copy.h"

#include <algorithm>

#include "kernels/testing/kernel_test.h"

namespace plumb::kernels {
namespace {

using testing::Guarded;

class CopyTest : public testing::KernelTest {
 protected:
  // What a plan must do, one element at a time.
  template <typename T>
  void Expected(const CopyProblem& problem, const std::vector<const T*>& sources, T* dst,
                std::vector<bool>* written) {
    if (problem.fill) {
      testing::ForEachIndex(problem.dst_sizes, [&](const Dims& at) {
        std::size_t o = std::size_t(testing::OffsetOf(at, problem.dst_strides));
        dst[o] = static_cast<T>(problem.fill_bits);
        (*written)[o] = true;
      });
    }
    for (const Region& region : problem.regions) {
      testing::ForEachIndex(region.sizes, [&](const Dims& at) {
        std::int64_t o = region.dst_offset + testing::OffsetOf(at, region.dst_strides);
        std::int64_t i = region.src_offset + testing::OffsetOf(at, region.src_strides);
        dst[o] = sources[std::size_t(region.source)][i];
        (*written)[std::size_t(o)] = true;
      });
    }
  }

  template <typename T>
  void Check(const CopyProblem& problem, std::vector<Guarded<T>>& sources, std::int64_t dst_span) {
    CopyPlan plan;
    PlanCopy(problem, &plan);
    Guarded<T> got(dst_span), want(dst_span);
    std::vector<bool> written(std::size_t(dst_span), false);
    std::vector<void*> operands;
    std::vector<const T*> from;
    for (Guarded<T>& source : sources) {
      for (std::size_t i = 0; i < source.size(); ++i) {
        source[i] = static_cast<T>(random_.NextU64());
      }
      operands.push_back(source.data());
      from.push_back(source.data());
    }
    operands.push_back(got.data());
    RunTwice(BindCopy(&plan, target_), operands, sources.size(), &got);
    Expected(problem, from, want.data(), &written);
    for (std::size_t i = 0; i < got.size(); ++i) {
      if (written[i]) {
        ASSERT_EQ(got[i], want[i]) << "element " << i;
      } else {
        ASSERT_TRUE(got.Poisoned(i)) << "element " << i << " is not of the destination";
      }
    }
  }

  // A box copied from a randomly permuted, padded, reversed or broadcast source.
  template <typename T>
  void CheckRandomBox() {
    const int rank = static_cast<int>(Uniform(0, 5));
    Region region;
    std::int64_t src_first = 0;
    Shape padded(rank, 0);
    for (int d = 0; d < rank; ++d) {
      const std::int64_t sizes[] = {1, 2, 3, 8, 17, 40};
      region.sizes.Append(sizes[Uniform(0, 5)]);
      padded[d] = region.sizes[d] + (Uniform(0, 2) == 0 ? Uniform(0, 3) : 0);
    }
    if (NumElements(region.sizes) > 200000) return;
    region.dst_strides = RowMajorStrides(padded);
    std::vector<int> order(static_cast<std::size_t>(rank));
    for (int d = 0; d < rank; ++d) order[std::size_t(d)] = d;
    for (int d = rank - 1; d > 0; --d) {
      std::swap(order[std::size_t(d)], order[std::size_t(Uniform(0, d))]);
    }
    region.src_strides = Dims(rank, 0);
    std::int64_t stride = Uniform(0, 3) == 0 ? 2 : 1;
    for (int d = rank - 1; d >= 0; --d) {
      const int axis = order[std::size_t(d)];
      if (Uniform(0, 6) == 0) continue;  // broadcast
      region.src_strides[axis] = stride;
      stride *= region.sizes[axis];
      if (Uniform(0, 5) == 0) {
        src_first += region.src_strides[axis] * (region.sizes[axis] - 1);
        region.src_strides[axis] = -region.src_strides[axis];
      }
    }
    region.src_offset = src_first + 3;
    for (int d = 0; d < rank; ++d) {
      region.dst_offset += region.dst_strides[d] * Uniform(0, padded[d] - region.sizes[d]);
    }
    CopyProblem problem;
    problem.element_bytes = sizeof(T);
    problem.regions = {&region, 1};
    problem.fill = Flip();
    problem.fill_bits = 0x3f;
    problem.dst_sizes = padded;
    problem.dst_strides = region.dst_strides;
    std::vector<Guarded<T>> sources;
    sources.emplace_back(stride + 4);
    Check(problem, sources, NumElements(padded));
  }
};

TEST_F(CopyTest, RandomBoxesOfEveryElementSize) {
  for (int round = 0; round < 250; ++round) {
    CheckRandomBox<std::uint8_t>();
    CheckRandomBox<std::uint16_t>();
    CheckRandomBox<std::uint32_t>();
    CheckRandomBox<std::uint64_t>();
    if (HasFatalFailure()) return;
  }
}

// Concatenation of three inputs along the channels of a channels-last image, the destination wider
// than their sum; then the same with a fill of the rest.
TEST_F(CopyTest, ConcatenatesIntoAWiderBufferAndFillsTheRest) {
  const std::int64_t pixels = 37, widths[] = {3, 16, 5}, wide = 30;
  std::vector<Region> regions;
  std::vector<Guarded<std::uint32_t>> sources;
  std::int64_t channel = 0;
  for (int s = 0; s < 3; ++s) {
    Region region;
    region.source = s;
    region.sizes = {pixels, widths[s]};
    region.src_strides = {widths[s], 1};
    region.dst_strides = {wide, 1};
    region.dst_offset = channel;
    channel += widths[s];
    regions.push_back(region);
    sources.emplace_back(pixels * widths[s]);
  }
  CopyProblem problem;
  problem.sources = 3;
  problem.regions = regions;
  Check(problem, sources, pixels * wide);
  problem.fill = true;
  problem.fill_bits = 7;
  problem.dst_sizes = {pixels, wide};
  problem.dst_strides = {wide, 1};
  Check(problem, sources, pixels * wide);
}

TEST_F(CopyTest, PadWritesEveryElementOnce) {
  Region region;
  region.sizes = {2, 5, 6, 3};
  region.src_strides = RowMajorStrides(region.sizes);
  CopyProblem problem;
  problem.fill = true;
  problem.dst_sizes = {2, 9, 8, 3};
  problem.dst_strides = RowMajorStrides(problem.dst_sizes);
  region.dst_strides = problem.dst_strides;
  region.dst_offset = 2 * 8 * 3 + 1 * 3;
  problem.regions = {&region, 1};
  CopyPlan plan;
  PlanCopy(problem, &plan);
  EXPECT_EQ(plan.bytes_moved, (2 * 2 * 5 * 6 * 3 + (2 * 9 * 8 * 3 - 2 * 5 * 6 * 3)) * 4);
  std::vector<Guarded<std::uint32_t>> sources;
  sources.emplace_back(NumElements(region.sizes));
  Check(problem, sources, NumElements(problem.dst_sizes));
}

TEST_F(CopyTest, SimplifiesToOneRunWhereBothSidesAreContiguous) {
  Region region;
  region.sizes = {4, 1, 50, 8};
  region.src_strides = {400, 7, 8, 1};
  region.dst_strides = {400, 9, 8, 1};
  CopyProblem problem;
  problem.regions = {&region, 1};
  CopyPlan plan;
  PlanCopy(problem, &plan);
  ASSERT_EQ(plan.pieces.size(), 1u);
  EXPECT_EQ(plan.pieces[0].kind, CopyPiece::Kind::kWholeRun);
  EXPECT_EQ(plan.pieces[0].run_bytes, 1600 * 4);
  EXPECT_EQ(plan.bytes_moved, 2 * 1600 * 4);
}

TEST_F(CopyTest, EmptyBoxesMoveNothing) {
  Region region;
  region.sizes = {4, 0};
  region.src_strides = {1, 1};
  region.dst_strides = {1, 1};
  CopyProblem problem;
  problem.regions = {&region, 1};
  std::vector<Guarded<std::uint32_t>> sources;
  sources.emplace_back(1);
  Check(problem, sources, 4);
}

TEST_F(CopyTest, LargeMovesAreCutIntoTasks) {
  // 2 MB: a transpose of NCHW to channels-last, and a plain copy.
  Region region;
  region.sizes = {1, 64, 90, 91};
  region.src_strides = RowMajorStrides(region.sizes);
  region.dst_strides = {64 * 90 * 91, 1, 91 * 64, 64};
  CopyProblem problem;
  problem.regions = {&region, 1};
  std::vector<Guarded<std::uint32_t>> sources;
  sources.emplace_back(NumElements(region.sizes));
  Check(problem, sources, NumElements(region.sizes));
  region.dst_strides = region.src_strides;
  Check(problem, sources, NumElements(region.sizes));
}

}  // namespace
}  // namespace plumb::kernels
