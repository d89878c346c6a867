#include "kernels/gather/gather.h"

#include <algorithm>

#include "kernels/testing/kernel_test.h"

namespace plumb::kernels {
namespace {

using testing::Guarded;

class GatherTest : public testing::KernelTest {
 protected:
  // Indices in [-size, size), with one bad one where asked.
  std::vector<std::int64_t> Indices(std::int64_t count, std::int64_t size, bool bad) {
    std::vector<std::int64_t> out;
    for (std::int64_t i = 0; i < count; ++i) out.push_back(Uniform(-size, size - 1));
    if (bad && count > 0) out[std::size_t(count / 2)] = Flip() ? size : -size - 1;
    return out;
  }
  // The same in the width of the problem; owns the narrow copy.
  void* Narrowed(const std::vector<std::int64_t>& wide, bool keep) {
    if (keep) return const_cast<std::int64_t*>(wide.data());
    narrow_.assign(wide.begin(), wide.end());
    return narrow_.data();
  }
  static std::int64_t Wrap(std::int64_t index, std::int64_t size) {
    return index < 0 ? index + size : index;
  }
  static bool Good(std::int64_t index, std::int64_t size) { return index >= -size && index < size; }

  // Scatters `updates` to the slices `flat` that the tuples of `raw` name.
  void CheckScatterNd(const GatherNdProblem& p, std::int64_t slice, Guarded<std::int32_t>& src,
                      void* raw, const std::vector<std::int64_t>& flat,
                      Guarded<std::int32_t>& updates) {
    ScatterNdProblem s;
    s.reduction = Flip() ? ScatterReduction::kReplace : ScatterReduction::kAdd;
    s.dtype = DType::kInt32;
    s.wide_indices = p.wide_indices;
    s.tuples = p.tuples;
    s.depth = p.depth;
    s.indexed_sizes = p.indexed_sizes;
    s.slice_elements = slice;
    Guarded<std::int32_t> out(static_cast<std::int64_t>(src.size()));
    std::int64_t errors = 0;
    RunTwice(BindScatterNd(s, target_), {src.data(), raw, updates.data(), nullptr, &errors}, 3,
             &out);
    std::vector<std::int32_t> want(src.data(), src.data() + src.size());
    for (std::size_t t = 0; t < flat.size(); ++t) {
      for (std::size_t k = 0; k < std::size_t(slice); ++k) {
        std::int32_t& to = want[std::size_t(flat[t] * slice) + k];
        const std::uint32_t u = static_cast<std::uint32_t>(updates[t * std::size_t(slice) + k]);
        const bool replace = s.reduction == ScatterReduction::kReplace;
        to = static_cast<std::int32_t>(replace ? u : static_cast<std::uint32_t>(to) + u);
      }
    }
    for (std::size_t k = 0; k < want.size(); ++k) ASSERT_EQ(out[k], want[k]);
    EXPECT_EQ(errors, 0);
  }

  std::vector<std::int32_t> narrow_;
};

TEST_F(GatherTest, SlicesAlongAnAxis) {
  for (int round = 0; round < 80; ++round) {
    GatherProblem p;
    p.wide_indices = Flip();
    p.outer = Uniform(0, 4);
    p.axis = Uniform(1, 30);
    p.count = Uniform(0, 50);
    const std::int64_t inner[] = {1, 2, 3, 4, 8, 12, 400};
    p.inner_bytes = inner[Uniform(0, 6)];
    const bool bad = round % 5 == 0;
    Guarded<std::uint8_t> src(p.outer * p.axis * p.inner_bytes);
    Guarded<std::uint8_t> dst(p.outer * p.count * p.inner_bytes);
    for (std::size_t i = 0; i < src.size(); ++i)
      src[i] = static_cast<std::uint8_t>(Uniform(1, 255));
    const auto indices = Indices(p.count, p.axis, bad);
    std::int64_t errors = 0;
    RunTwice(BindGather(p, target_),
             {src.data(), Narrowed(indices, p.wide_indices), nullptr, &errors}, 2, &dst);
    EXPECT_EQ(errors, bad && p.count > 0 ? 2 * p.outer : 0);
    for (std::int64_t o = 0; o < p.outer; ++o) {
      for (std::int64_t i = 0; i < p.count; ++i) {
        const std::int64_t index = indices[std::size_t(i)];
        for (std::int64_t b = 0; b < p.inner_bytes; ++b) {
          const std::uint8_t want =
              Good(index, p.axis)
                  ? src[std::size_t((o * p.axis + Wrap(index, p.axis)) * p.inner_bytes + b)]
                  : 0;
          ASSERT_EQ(dst[std::size_t((o * p.count + i) * p.inner_bytes + b)], want);
        }
      }
    }
  }
}

float Combined(ScatterReduction reduction, float old, float update) {
  switch (reduction) {
    case ScatterReduction::kReplace: return update;
    case ScatterReduction::kAdd: return old + update;
    case ScatterReduction::kMul: return old * update;
    case ScatterReduction::kMin: return std::min(old, update);
    case ScatterReduction::kMax: return std::max(old, update);
  }
  return update;
}

TEST_F(GatherTest, ElementsAndTheirScatter) {
  for (int round = 0; round < 80; ++round) {
    GatherElementsProblem p;
    p.wide_indices = Flip();
    p.src_sizes = {Uniform(1, 5), Uniform(1, 6), Uniform(1, 7)};
    p.axis = static_cast<int>(Uniform(0, 2));
    p.index_sizes = p.src_sizes;
    for (int d = 0; d < 3; ++d) {
      p.index_sizes[d] = d == p.axis ? Uniform(0, 9) : Uniform(1, p.src_sizes[d]);
    }
    const std::int64_t n = NumElements(p.index_sizes), size = p.src_sizes[p.axis];
    Guarded<float> src(NumElements(p.src_sizes)), dst(n), updates(n);
    FillNormal(&src);
    FillNormal(&updates);
    const bool bad = round % 5 == 0;
    const auto indices = Indices(n, size, bad);
    void* raw = Narrowed(indices, p.wide_indices);
    std::int64_t errors = 0;
    RunTwice(BindGatherElements(p, target_), {src.data(), raw, nullptr, &errors}, 2, &dst);
    EXPECT_EQ(errors, bad && n > 0 ? 2 : 0);

    ScatterElementsProblem s;
    s.reduction = static_cast<ScatterReduction>(round % 5);
    s.wide_indices = p.wide_indices;
    s.axis = p.axis;
    s.src_sizes = p.src_sizes;
    s.index_sizes = p.index_sizes;
    Guarded<float> scattered(NumElements(p.src_sizes));
    std::vector<float> want(src.data(), src.data() + src.size());
    errors = 0;
    RunTwice(BindScatterElements(s, target_), {src.data(), raw, updates.data(), nullptr, &errors},
             3, &scattered);
    EXPECT_EQ(errors, bad && n > 0 ? 2 : 0);
    std::size_t i = 0;
    const Strides strides = RowMajorStrides(p.src_sizes);
    testing::ForEachIndex(p.index_sizes, [&](const Dims& at) {
      Dims from = at;
      const std::int64_t index = indices[i];
      from[p.axis] = Wrap(index, size);
      if (!Good(index, size)) {
        ASSERT_EQ(dst[i++], 0);
        return;
      }
      const std::size_t o = std::size_t(testing::OffsetOf(from, strides));
      ASSERT_EQ(dst[i], src[o]);
      const float u = updates[i++];
      want[o] = Combined(s.reduction, want[o], u);
    });
    for (std::size_t k = 0; k < want.size(); ++k) ASSERT_EQ(scattered[k], want[k]);
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST_F(GatherTest, TuplesAndTheirScatter) {
  for (int round = 0; round < 60; ++round) {
    GatherNdProblem p;
    p.wide_indices = Flip();
    p.batch = Uniform(1, 3);
    p.tuples = Uniform(0, 20);
    p.depth = static_cast<int>(Uniform(1, 3));
    std::int64_t slices = 1;
    for (int d = 0; d < p.depth; ++d) {
      p.indexed_sizes.Append(Uniform(1, 6));
      slices *= p.indexed_sizes[d];
    }
    const std::int64_t slice = Uniform(1, 5);
    p.slice_bytes = slice * 4;
    Guarded<std::int32_t> src(p.batch * slices * slice), dst(p.batch * p.tuples * slice);
    for (std::size_t i = 0; i < src.size(); ++i)
      src[i] = static_cast<std::int32_t>(random_.NextU32());
    std::vector<std::int64_t> indices, flat;
    for (std::int64_t t = 0; t < p.batch * p.tuples; ++t) {
      flat.push_back(t / std::max<std::int64_t>(1, p.tuples) * slices);
      std::int64_t inside = 0;
      for (int d = 0; d < p.depth; ++d) {
        indices.push_back(Uniform(-p.indexed_sizes[d], p.indexed_sizes[d] - 1));
        inside = inside * p.indexed_sizes[d] + Wrap(indices.back(), p.indexed_sizes[d]);
      }
      flat.back() += inside;
    }
    void* raw = Narrowed(indices, p.wide_indices);
    std::int64_t errors = 0;
    RunTwice(BindGatherNd(p, target_), {src.data(), raw, nullptr, &errors}, 2, &dst);
    for (std::size_t t = 0; t < flat.size(); ++t) {
      for (std::size_t k = 0; k < std::size_t(slice); ++k) {
        ASSERT_EQ(dst[t * std::size_t(slice) + k], src[std::size_t(flat[t] * slice) + k]);
      }
    }
    if (p.batch == 1) CheckScatterNd(p, slice, src, raw, flat, dst);
    EXPECT_EQ(errors, 0);
  }
}

TEST_F(GatherTest, BadTuplesAreCountedAndLeaveZeros) {
  GatherNdProblem p;
  p.tuples = 3;
  p.depth = 2;
  p.indexed_sizes = {2, 2};
  Guarded<float> src(4), dst(3);
  for (std::size_t i = 0; i < 4; ++i) src[i] = static_cast<float>(i + 1);
  std::int64_t indices[] = {1, 1, 0, 2, -3, 0}, errors = 0;
  RunOn(&one_, BindGatherNd(p, target_), {src.data(), indices, dst.data(), &errors});
  EXPECT_EQ(errors, 2);
  EXPECT_EQ(dst[0], 4);
  EXPECT_EQ(dst[1], 0);
  EXPECT_EQ(dst[2], 0);
}

TEST_F(GatherTest, ScatterWorksInPlace) {
  ScatterNdProblem p;
  p.reduction = ScatterReduction::kMax;
  p.tuples = 2;
  p.indexed_sizes = {4};
  Guarded<float> data(4), updates(2);
  for (std::size_t i = 0; i < 4; ++i) data[i] = static_cast<float>(i);
  updates[0] = 10;
  updates[1] = -1;
  std::int64_t indices[] = {1, 2}, errors = 0;
  RunOn(&one_, BindScatterNd(p, target_),
        {data.data(), indices, updates.data(), data.data(), &errors});
  EXPECT_EQ(data[1], 10);
  EXPECT_EQ(data[2], 2);
}

}  // namespace
}  // namespace plumb::kernels
