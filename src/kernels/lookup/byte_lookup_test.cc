#include "kernels/lookup/byte_lookup.h"

#include "kernels/testing/kernel_test.h"

namespace plumb::kernels {
namespace {

using testing::Guarded;

class ByteLookupTest : public testing::KernelTest {
 protected:
  ByteTable AnyTable() {
    ByteTable table;
    for (std::uint8_t& entry : table) entry = static_cast<std::uint8_t>(Uniform(0, 255));
    return table;
  }

  // Dimensions in any order, with gaps between rows and sometimes between elements.
  Strides AnyStrides(const Shape& sizes) {
    Strides strides(sizes.rank(), 0);
    std::vector<int> order;
    for (int d = sizes.rank() - 1; d >= 0; --d) order.push_back(d);
    if (Flip()) std::swap(order[0], order[static_cast<std::size_t>(Uniform(0, sizes.rank() - 1))]);
    std::int64_t stride = Uniform(0, 3) == 0 ? 3 : 1;
    for (const int d : order) {
      strides[d] = stride;
      stride = stride * sizes[d] + (Flip() ? Uniform(0, 5) : 0);
    }
    return strides;
  }

  void Check(const ByteLookupProblem& p) {
    const ByteTable table = AnyTable();
    Guarded<std::uint8_t> src(testing::SpanOf(p.sizes, p.src));
    Guarded<std::uint8_t> dst(testing::SpanOf(p.sizes, p.dst));
    for (std::size_t i = 0; i < src.size(); ++i) {
      src[i] = static_cast<std::uint8_t>(Uniform(0, 255));
    }
    RunTwice(BindByteLookup(p, table, target_), {src.data(), nullptr}, 1, &dst);
    std::vector<bool> written(dst.size());
    testing::ForEachIndex(p.sizes, [&](const Dims& index) {
      const auto at = static_cast<std::size_t>(testing::OffsetOf(index, p.dst));
      const auto from = static_cast<std::size_t>(testing::OffsetOf(index, p.src));
      written[at] = true;
      ASSERT_EQ(dst[at], table[src[from]]);
    });
    for (std::size_t i = 0; i < dst.size(); ++i) {
      ASSERT_TRUE(written[i] || dst.Poisoned(i)) << "wrote between elements";
    }
  }
};

TEST_F(ByteLookupTest, AnyShapeAndStrides) {
  const std::int64_t sizes[] = {0, 1, 2, 3, 17, 31, 32, 33, 63, 64, 65, 130};
  for (int round = 0; round < 300; ++round) {
    ByteLookupProblem p;
    const auto rank = static_cast<int>(Uniform(1, 4));
    p.sizes = Shape(rank, 1);
    for (int d = 0; d < rank; ++d)
      p.sizes[d] = sizes[Uniform(round % 8 == 0 ? 0 : 1, d == 0 ? 11 : 5)];
    p.src = AnyStrides(p.sizes);
    p.dst = AnyStrides(p.sizes);
    Check(p);
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST_F(ByteLookupTest, ManyTasks) {
  for (const Shape& sizes : {Shape{100000}, Shape{3, 40000}, Shape{4000, 33}, Shape{2, 700, 65}}) {
    ByteLookupProblem p;
    p.sizes = sizes;
    p.src = p.dst = RowMajorStrides(sizes);
    if (sizes.rank() > 1) p.dst[0] += 7;
    Check(p);
  }
}

TEST_F(ByteLookupTest, AScalarAndInPlace) {
  Check({});
  const ByteTable table = AnyTable();
  Guarded<std::uint8_t> bytes(256);
  for (std::size_t i = 0; i < 256; ++i) bytes[i] = static_cast<std::uint8_t>(i);
  RunOn(&one_, BindByteLookup({Shape{256}, Strides{1}, Strides{1}}, table, target_),
        {bytes.data(), bytes.data()});
  for (std::size_t i = 0; i < 256; ++i) ASSERT_EQ(bytes[i], table[i]);
}

}  // namespace
}  // namespace plumb::kernels
