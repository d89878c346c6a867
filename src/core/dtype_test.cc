#include "core/dtype.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace plumb {
namespace {

TEST(DTypeTest, NamesReadBack) {
  for (int i = 1; i <= static_cast<int>(DType::kUInt4); ++i) {
    const DType type = static_cast<DType>(i);
    EXPECT_EQ(*ParseDType(DTypeName(type)), type) << DTypeName(type);
  }
  EXPECT_EQ(ParseDType("float").status(),
            InvalidArgument("unknown element type 'float'; expected one of: f32 f64 f16 bf16 i8 "
                            "i16 i32 i64 u8 u16 u32 u64 bool str i4 u4"));
  EXPECT_FALSE(ParseDType("undefined").ok());
}

TEST(DTypeTest, StorageRoundsHalfBytesUp) {
  EXPECT_EQ(StorageBytes(DType::kFloat32, 3), 12);
  EXPECT_EQ(StorageBytes(DType::kBool, 3), 3);
  EXPECT_EQ(StorageBytes(DType::kInt4, 3), 2);
  EXPECT_EQ(StorageBytes(DType::kUInt4, 4), 2);
  EXPECT_EQ(StorageBytes(DType::kInt4, 0), 0);
  EXPECT_EQ(StorageBytes(DType::kString, 2), 2 * static_cast<std::int64_t>(sizeof(std::string)));
  EXPECT_DEATH(StorageBytes(DType::kUndefined, 1), "type undefined");
}

TEST(DTypeTest, KindsOfTypes) {
  EXPECT_TRUE(IsFloating(DType::kBFloat16));
  EXPECT_FALSE(IsFloating(DType::kInt8));
  EXPECT_TRUE(IsInteger(DType::kUInt4));
  EXPECT_FALSE(IsInteger(DType::kBool));
  EXPECT_TRUE(IsSigned(DType::kInt4));
  EXPECT_TRUE(IsSigned(DType::kFloat16));
  EXPECT_FALSE(IsSigned(DType::kUInt8));
}

// What rounding to nearest even means, computed on the grid itself: a number with `digits` binary
// digits and exponents from `smallest` on, infinite from `limit` on.
double RoundToGrid(double value, int digits, int smallest, double limit) {
  if (value == 0 || std::isnan(value) || std::isinf(value)) return value;
  int exponent = 0;
  std::frexp(value, &exponent);
  const int step = std::max(exponent - digits, smallest);
  const double rounded = std::ldexp(std::nearbyint(std::ldexp(value, -step)), step);
  return std::abs(rounded) >= limit ? std::copysign(HUGE_VAL, value) : rounded;
}

TEST(Float16Test, EveryValueSurvivesTheRoundTrip) {
  for (std::uint32_t bits = 0; bits <= 0xFFFF; ++bits) {
    Float16 half;
    half.bits = static_cast<std::uint16_t>(bits);
    const float value = static_cast<float>(half);
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(static_cast<float>(Float16(value)))) << bits;
    } else {
      ASSERT_EQ(Float16(value).bits, bits);
    }
  }
}

TEST(Float16Test, RoundsToNearestEven) {
  // All exponents with mantissas around the rounding points, both signs.
  for (std::uint32_t word = 0; word < 0x7F800000; word += 0x0FFF) {
    for (std::uint32_t sign : {0u, 0x80000000u}) {
      const float value = std::bit_cast<float>(word | sign);
      const double expected = RoundToGrid(value, 11, -24, 65520);
      ASSERT_EQ(static_cast<double>(static_cast<float>(Float16(value))), expected) << word;
    }
  }
  EXPECT_EQ(Float16(0x1.002p0f).bits, Float16(1.0f).bits);  // a tie, to even
  EXPECT_EQ(Float16(0x1.006p0f).bits, 0x3C02);              // a tie, to even
  EXPECT_EQ(Float16(65519.996f).bits, 0x7BFF);
  EXPECT_EQ(Float16(65520.0f).bits, 0x7C00);
  EXPECT_EQ(Float16(-0.0f).bits, 0x8000);
}

TEST(BFloat16Test, RoundsToNearestEvenAndKeepsNan) {
  for (std::uint32_t word = 0; word < 0x7F800000; word += 0x7FFF) {
    const float value = std::bit_cast<float>(word);
    const double expected = RoundToGrid(value, 8, -133, 0x1p128);
    ASSERT_EQ(static_cast<double>(static_cast<float>(BFloat16(value))), expected) << word;
  }
  // A NaN whose payload lies only in the dropped bits.
  EXPECT_TRUE(std::isnan(static_cast<float>(BFloat16(std::bit_cast<float>(0x7F800001u)))));
  EXPECT_TRUE(std::isinf(static_cast<float>(BFloat16(std::numeric_limits<float>::infinity()))));
  EXPECT_EQ(BFloat16(-1.0f).bits, 0xBF80);
}

}  // namespace
}  // namespace plumb
