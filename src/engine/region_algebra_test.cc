#include "engine/region_algebra.h"

#include <gtest/gtest.h>

#include <numeric>

#include "core/random.h"

namespace plumb::engine {
namespace {

// Copies as region.h says; the definition that composition is held against.
void Execute(std::span<const Region> regions, std::span<const std::vector<int>> sources,
             std::vector<int>* dst) {
  for (const Region& r : regions) {
    if (NumElements(r.sizes) == 0) continue;
    Dims index(r.sizes.rank(), 0);
    const std::vector<int>& src = sources[static_cast<std::size_t>(r.source)];
    for (bool more = true; more;) {
      std::int64_t from = r.src_offset, to = r.dst_offset;
      for (int k = 0; k < index.rank(); ++k) {
        from += index[k] * r.src_strides[k];
        to += index[k] * r.dst_strides[k];
      }
      dst->at(static_cast<std::size_t>(to)) = src.at(static_cast<std::size_t>(from));
      more = false;
      for (int k = index.rank() - 1; k >= 0; --k) {
        if (++index[k] < r.sizes[k]) {
          more = true;
          break;
        }
        index[k] = 0;
      }
    }
  }
}

// A movement of one tensor (source 0), and of a second one for concat (source 1).
struct Step {
  std::string what;
  Shape out;
  std::vector<Region> regions;
};

Step RandomTranspose(const Shape& in, Random* random) {
  std::vector<int> perm(static_cast<std::size_t>(in.rank()));
  std::iota(perm.begin(), perm.end(), 0);
  for (std::size_t i = perm.size(); i > 1; --i) {
    std::swap(perm[i - 1],
              perm[static_cast<std::size_t>(random->Uniform(0, static_cast<std::int64_t>(i) - 1))]);
  }
  const Strides strides = RowMajorStrides(in);
  Step step{"transpose", Shape(in.rank(), 0), {}};
  Region region;
  region.src_strides = Strides(in.rank(), 0);
  for (int k = 0; k < in.rank(); ++k) {
    step.out[k] = in[perm[static_cast<std::size_t>(k)]];
    region.src_strides[k] = strides[perm[static_cast<std::size_t>(k)]];
  }
  region.sizes = step.out;
  region.dst_strides = RowMajorStrides(step.out);
  step.regions = {region};
  return step;
}

Step RandomSlice(const Shape& in, Random* random) {
  Step step{"slice", in, {}};
  Region region;
  region.src_strides = RowMajorStrides(in);
  for (int k = 0; k < in.rank(); ++k) {
    const std::int64_t begin = random->Uniform(0, in[k] - 1);
    const std::int64_t stride = random->Uniform(1, 3);
    step.out[k] = random->Uniform(1, (in[k] - begin + stride - 1) / stride);
    region.src_offset += begin * region.src_strides[k];
    region.src_strides[k] *= stride;
    if (random->Uniform(0, 4) == 0) {  // backwards over the same elements
      region.src_offset += (step.out[k] - 1) * region.src_strides[k];
      region.src_strides[k] = -region.src_strides[k];
    }
  }
  region.sizes = step.out;
  region.dst_strides = RowMajorStrides(step.out);
  step.regions = {region};
  return step;
}

Step RandomPad(const Shape& in, Random* random) {
  Step step{"pad", in, {}};
  Dims before(in.rank(), 0);
  for (int k = 0; k < in.rank(); ++k) {
    before[k] = random->Uniform(0, 2);
    step.out[k] += before[k] + random->Uniform(0, 2);
  }
  Region region = WholeTensor(in, RowMajorStrides(in), RowMajorStrides(step.out));
  for (int k = 0; k < in.rank(); ++k) region.dst_offset += before[k] * region.dst_strides[k];
  step.regions = {region};
  return step;
}

// The tensor, then `second` elements of source 1 along one axis.
Step RandomConcat(const Shape& in, Random* random) {
  Step step{"concat", in, {}};
  const int axis = static_cast<int>(random->Uniform(0, in.rank() - 1));
  Shape other = in;
  other[axis] = random->Uniform(1, 3);
  step.out[axis] += other[axis];
  const Strides strides = RowMajorStrides(step.out);
  Region first = WholeTensor(in, RowMajorStrides(in), strides);
  Region second = WholeTensor(other, RowMajorStrides(other), strides);
  second.source = 1;
  const bool swapped = random->Uniform(0, 1) == 1;
  (swapped ? first : second).dst_offset = (swapped ? other : in)[axis] * strides[axis];
  step.regions = {first, second};
  return step;
}

Step RandomReshape(const Shape& in, Random* random) {
  std::vector<std::int64_t> factors;
  for (std::int64_t rest = NumElements(in), f = 2; rest > 1;) {
    if (rest % f == 0) {
      factors.push_back(f);
      rest /= f;
    } else {
      ++f;
    }
  }
  const int rank = static_cast<int>(random->Uniform(1, 5));
  Step step{"reshape", Shape(rank, 1), {}};
  for (std::int64_t f : factors) step.out[static_cast<int>(random->Uniform(0, rank - 1))] *= f;
  step.regions = {WholeTensor(Shape{NumElements(in)}, Strides{1}, Strides{1})};
  return step;
}

Step RandomStep(const Shape& in, Random* random) {
  switch (random->Uniform(0, 4)) {
    case 0: return RandomTranspose(in, random);
    case 1: return RandomSlice(in, random);
    case 2: return RandomPad(in, random);
    case 3: return RandomConcat(in, random);
    default: return RandomReshape(in, random);
  }
}

std::vector<int> Numbered(std::int64_t count, int from) {
  std::vector<int> values(static_cast<std::size_t>(count));
  std::iota(values.begin(), values.end(), from);
  return values;
}

// `step` after what `chain` does to source 0; source 1 is the extra operand of every concat.
std::optional<std::vector<Region>> Extend(const Step& step, const std::vector<Region>& chain) {
  std::vector<Region> result;
  for (const Region& region : step.regions) {
    if (region.source == 1) {
      result.push_back(region);
      continue;
    }
    const auto composed = ComposeThrough(region, chain);
    if (!composed) return std::nullopt;
    result.insert(result.end(), composed->begin(), composed->end());
  }
  return result;
}

TEST(RegionAlgebraTest, RandomChainsEqualStepByStep) {
  Random random(20260131);
  std::int64_t composed_steps = 0, refused_steps = 0;
  const std::vector<int> extra = Numbered(9000, 100000);
  for (int chain = 0; chain < 100000; ++chain) {
    Shape shape;
    const std::int64_t rank = random.Uniform(1, 4);
    for (std::int64_t k = 0; k < rank; ++k) shape.Append(random.Uniform(1, 5));
    std::vector<std::vector<int>> sources = {Numbered(NumElements(shape), 1), extra};
    std::vector<std::vector<int>> previous = sources;
    std::vector<Region> composed = {
        WholeTensor(shape, RowMajorStrides(shape), RowMajorStrides(shape))};
    const std::int64_t length = random.Uniform(2, 5);
    std::string what;
    for (std::int64_t k = 0; k < length && NumElements(shape) < 3000; ++k) {
      const Step step = RandomStep(shape, &random);
      what += step.what + " ";
      std::vector<int> expected(static_cast<std::size_t>(NumElements(step.out)), 0);
      Execute(step.regions, previous, &expected);
      auto next = Extend(step, composed);
      if (next) {
        ++composed_steps;
        composed = *std::move(next);
        std::vector<int> actual(expected.size(), 0);
        Execute(composed, sources, &actual);
        ASSERT_EQ(actual, expected) << "chain " << chain << ": " << what;
      } else {  // what is not one box is copied: the chain starts anew from the copy
        ++refused_steps;
        sources[0] = expected;
        composed = {WholeTensor(step.out, RowMajorStrides(step.out), RowMajorStrides(step.out))};
      }
      previous[0] = expected;
      shape = step.out;
    }
  }
  RecordProperty("composed", static_cast<int>(composed_steps));
  RecordProperty("refused", static_cast<int>(refused_steps));
  // Refusal is for what is not one box; were it the rule, the test would prove nothing.
  EXPECT_GT(composed_steps, 4 * refused_steps);
}

TEST(RegionAlgebraTest, ChannelShuffleBecomesOneRegion) {
  const Shape grouped{2, 3, 4, 25};  // batch, group, channels of a group, pixels
  const Region transpose{
      0, Shape{2, 4, 3, 25}, 0, Strides{300, 25, 100, 1}, 0, RowMajorStrides(Shape{2, 4, 3, 25})};
  Region flatten = WholeTensor(Shape{600}, Strides{1}, Strides{1});
  const auto composed = ComposeThrough(flatten, std::vector<Region>{transpose});
  ASSERT_TRUE(composed.has_value());
  ASSERT_EQ(composed->size(), 1u);
  EXPECT_EQ(ElementsWritten(*composed), 600);
  EXPECT_EQ(NumElements(grouped), 600);
}

TEST(RegionAlgebraTest, RefusesWhatIsNotOneBox) {
  // Ten consecutive elements from the middle of padded rows of four.
  Region rows = WholeTensor(Shape{4, 3}, Strides{3, 1}, Strides{4, 1});
  Region consecutive = WholeTensor(Shape{10}, Strides{1}, Strides{1});
  consecutive.src_offset = 2;
  Region result;
  EXPECT_EQ(ComposeRegions(consecutive, rows, &result), ComposeResult::kRefused);
}

TEST(RegionAlgebraTest, DisjointRegionsMeetNowhere) {
  Region lower = WholeTensor(Shape{2, 8}, Strides{8, 1}, Strides{8, 1});
  lower.dst_offset = 16;
  const Region upper = WholeTensor(Shape{2, 8}, Strides{8, 1}, Strides{8, 1});
  Region result;
  EXPECT_EQ(ComposeRegions(upper, lower, &result), ComposeResult::kNothing);
}

TEST(RegionAlgebraTest, SliceOfChannelsIsAView) {
  // Channels 2..4 of [1, 5, 3, 3].
  Region slice = WholeTensor(Shape{1, 3, 3, 3}, Strides{45, 9, 3, 1}, Strides{27, 9, 3, 1});
  slice.src_offset = 18;
  const auto view = ViewOf(slice, Shape{1, 3, 3, 3});
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->offset, 18);
  EXPECT_EQ(view->strides[1], 9);
  EXPECT_EQ(view->strides[3], 1);
}

TEST(RegionAlgebraTest, ConcatInputIsPlacedInsideChannelsLast) {
  // [1, 2, 4, 4] into channels 3..4 of [1, 5, 4, 4] laid out channels-last with pixel stride 8.
  const Shape in{1, 2, 4, 4}, out{1, 5, 4, 4};
  Region concat = WholeTensor(in, RowMajorStrides(in), RowMajorStrides(out));
  concat.dst_offset = 3 * 16;
  const auto place = PlaceInside(concat, in, out, Strides{128, 1, 32, 8});
  ASSERT_TRUE(place.has_value());
  EXPECT_EQ(place->offset, 3);
  EXPECT_EQ(place->strides[1], 1);
  EXPECT_EQ(place->strides[2], 32);
  EXPECT_EQ(place->strides[3], 8);
}

}  // namespace
}  // namespace plumb::engine
