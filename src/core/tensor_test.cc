#include "core/tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "core/file_io.h"
#include "core/mapped_file.h"

namespace plumb {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(TensorTest, ZerosAreAlignedAndZero) {
  const Tensor tensor = Tensor::Zeros(DType::kFloat32, {3, 5});
  EXPECT_EQ(tensor.bytes(), 60);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.raw()) % 64, 0u);
  EXPECT_THAT(tensor.data<float>(), Each(0.0f));
}

TEST(TensorTest, EmptyTensorsHaveMemoryToPointAt) {
  const Tensor tensor = Tensor::Zeros(DType::kInt64, {0, 4});
  EXPECT_EQ(tensor.num_elements(), 0);
  EXPECT_NE(tensor.raw(), nullptr);
  EXPECT_FALSE(Tensor().defined());
}

TEST(TensorTest, HoldsStrings) {
  const std::string long_text(100, 'x');
  Tensor tensor = Tensor::FromVector<std::string>({2}, {"a", long_text});
  const Tensor copy = tensor.Clone();
  tensor.mutable_data<std::string>()[1] = "changed";
  EXPECT_THAT(copy.data<std::string>(), ElementsAre("a", long_text));
  EXPECT_THAT(Tensor::Zeros(DType::kString, {2}).data<std::string>(), Each(""));
}

TEST(TensorTest, CopiesShareAndClonesDoNot) {
  Tensor tensor = Tensor::FromVector<float>({2}, {1, 2});
  const Tensor shared = tensor;
  const Tensor clone = tensor.Clone();
  tensor.mutable_data<float>()[0] = 9;
  EXPECT_THAT(shared.data<float>(), ElementsAre(9, 2));
  EXPECT_THAT(clone.data<float>(), ElementsAre(1, 2));
}

TEST(TensorTest, ReshapedSharesTheBytes) {
  const Tensor tensor = Tensor::FromVector<std::int32_t>({2, 3}, {1, 2, 3, 4, 5, 6});
  const Tensor flat = tensor.Reshaped({6});
  EXPECT_EQ(flat.raw(), tensor.raw());
  EXPECT_EQ(flat.shape(), Shape{6});
  EXPECT_DEATH(tensor.Reshaped({5}), "2x3 to 5");
}

TEST(TensorTest, WrapKeepsTheOwnerAlive) {
  auto values = std::make_shared<std::vector<float>>(std::vector<float>{1, 2});
  std::weak_ptr<std::vector<float>> alive = values;
  Tensor tensor = Tensor::Wrap(DType::kFloat32, {2}, values->data(), values);
  values.reset();
  EXPECT_THAT(tensor.data<float>(), ElementsAre(1, 2));
  tensor = Tensor();
  EXPECT_TRUE(alive.expired());
}

TEST(TensorTest, MappedBytesAtAnyAddressAreReadAligned) {
  const std::string path = ::testing::TempDir() + "/mapped_bytes_at_any_address";
  std::string bytes = "x";  // floats begin at an odd address
  const std::vector<float> floats(3000, 1.5f);
  bytes.append(reinterpret_cast<const char*>(floats.data()), floats.size() * sizeof(float));
  ASSERT_TRUE(WriteFileAtomically(path, bytes).ok());
  const auto file = MappedFile::Open(path);
  ASSERT_TRUE(file.ok()) << file.status();
  const Tensor odd = Tensor::Map(DType::kFloat32, {3000}, (*file)->data() + 1, *file);
  const Tensor even = Tensor::Map(DType::kFloat32, {2999}, (*file)->data() + 4, *file);
  EXPECT_EQ(odd.unaligned(), (*file)->data() + 1);
  EXPECT_EQ(even.raw(), (*file)->data() + 4) << "aligned bytes are not copied";
  const Tensor shared = odd.Reshaped({3, 1000});
  odd.ReleasePages();
  EXPECT_THAT(odd.data<float>(), Each(1.5f));
  EXPECT_EQ(shared.raw(), odd.raw()) << "one copy for all that share the bytes";
  even.ReleasePages();
  EXPECT_EQ(std::memcmp(even.raw(), bytes.data() + 4, 2999 * sizeof(float)), 0);
  EXPECT_THAT(odd.Clone().data<float>(), Each(1.5f));
  Tensor::Scalar(2.0f).ReleasePages();  // nothing to give up
}

TEST(TensorTest, ImpossibleSizesAreErrors) {
  const StatusOr<Tensor> huge = Tensor::TryAllocate(DType::kFloat64, {std::int64_t{1} << 50});
  EXPECT_EQ(huge.status().code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(huge.status().message()),
              HasSubstr("tensor f64 1125899906842624: cannot allocate 8.00 PiB"));
  EXPECT_EQ(Tensor::TryAllocate(DType::kFloat32, {-1}).status(),
            InvalidArgument("shape -1 has a negative size"));
}

TEST(TensorTest, ReadingAsTheWrongTypeAborts) {
  const Tensor tensor = Tensor::Scalar<float>(1);
  EXPECT_EQ(tensor.rank(), 0);
  EXPECT_DEATH(tensor.data<double>(), "tensor holds f32");
}

TEST(TensorTest, ConvertsEveryNumberType) {
  const std::vector<double> values = {0, 1, 1};
  for (DType type : {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kBFloat16,
                     DType::kInt8, DType::kInt16, DType::kInt32, DType::kInt64, DType::kUInt8,
                     DType::kUInt16, DType::kUInt32, DType::kUInt64, DType::kBool}) {
    const Tensor tensor = FromDoubles(type, {3}, values);
    EXPECT_EQ(ToDoubles(tensor), values) << DTypeName(type);
    EXPECT_THAT(ToInt64s(tensor), ElementsAre(0, 1, 1)) << DTypeName(type);
  }
  EXPECT_DEATH(ToDoubles(Tensor::Zeros(DType::kString, {1})), "tensor holds str");
}

TEST(TensorTest, ConversionsOutOfRangeSaturate) {
  const std::vector<double> values = {-1e30, -1.5, 1e30, std::nan("")};
  EXPECT_THAT(FromDoubles(DType::kInt8, {4}, values).data<std::int8_t>(),
              ElementsAre(-128, -1, 127, 0));
  EXPECT_THAT(FromDoubles(DType::kUInt64, {4}, values).data<std::uint64_t>(),
              ElementsAre(0u, 0u, ~std::uint64_t{0}, 0u));
  EXPECT_THAT(ToInt64s(FromDoubles(DType::kFloat64, {4}, values)),
              ElementsAre(std::numeric_limits<std::int64_t>::min(), -1,
                          std::numeric_limits<std::int64_t>::max(), 0));
}

TEST(TensorTest, BoolTensorsFromVectors) {
  const Tensor tensor = Tensor::FromVector<bool>({3}, {true, false, true});
  EXPECT_THAT(tensor.data<bool>(), ElementsAre(true, false, true));
}

}  // namespace
}  // namespace plumb
