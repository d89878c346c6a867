#include "core/npy.h"

#include <gtest/gtest.h>

namespace plumb {
namespace {

std::span<const std::byte> BytesOf(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string File(const std::string& header, const std::string& data) {
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(header.size()) + '\0' + header +
         data;
}

TEST(Npy, EveryTypeReadsBack) {
  for (DType dtype : {DType::kFloat32, DType::kFloat64, DType::kFloat16, DType::kInt8,
                      DType::kInt16, DType::kInt32, DType::kInt64, DType::kUInt8, DType::kUInt16,
                      DType::kUInt32, DType::kUInt64, DType::kBool}) {
    const Tensor tensor = FromDoubles(dtype, {2, 1, 3}, std::vector<double>{0, 1, 1, 0, 1, 0});
    const StatusOr<std::string> bytes = SerializeNpy(tensor);
    ASSERT_TRUE(bytes.ok()) << bytes.status();
    EXPECT_EQ((bytes->size() - static_cast<std::size_t>(tensor.bytes())) % 64, 0u);
    const StatusOr<Tensor> back = ParseNpy(BytesOf(*bytes));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(back->dtype(), dtype);
    EXPECT_EQ(back->shape(), tensor.shape());
    EXPECT_EQ(ToDoubles(*back), ToDoubles(tensor));
  }
}

TEST(Npy, ScalarsAndVectorsHavePythonShapes) {
  EXPECT_NE(SerializeNpy(Tensor::Scalar(1.0f))->find("'shape': (), }"), std::string::npos);
  EXPECT_NE(SerializeNpy(FromDoubles(DType::kInt8, {2}, std::vector<double>{1, 2}))
                ->find("'descr': '|i1', 'fortran_order': False, 'shape': (2, ), }"),
            std::string::npos);
}

TEST(Npy, FortranOrderIsTurnedRound) {
  const std::string file = File("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }",
                                std::string("\x01\x04\x02\x05\x03\x06"));
  const StatusOr<Tensor> tensor = ParseNpy(BytesOf(file));
  ASSERT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_EQ(ToInt64s(*tensor), (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6}));
}

TEST(Npy, TypesThatNumPyLacksAreWidened) {
  const Tensor halves = FromDoubles(DType::kBFloat16, {2}, std::vector<double>{1.5, -2});
  const StatusOr<Tensor> wide = ParseNpy(BytesOf(*SerializeNpy(halves)));
  EXPECT_EQ(wide->dtype(), DType::kFloat32);
  EXPECT_EQ(ToDoubles(*wide), ToDoubles(halves));
  Tensor nibbles = Tensor::Zeros(DType::kInt4, {3});
  static_cast<unsigned char*>(nibbles.mutable_raw())[0] = 0x7f;
  EXPECT_EQ(ToInt64s(*ParseNpy(BytesOf(*SerializeNpy(nibbles)))),
            (std::vector<std::int64_t>{-1, 7, 0}));
  EXPECT_EQ(SerializeNpy(Tensor::Zeros(DType::kString, {1})).status().message(),
            "strings cannot be written as .npy");
}

TEST(Npy, HostileFilesEndInAMessage) {
  const std::string f4 = "{'descr': '<f4', 'fortran_order': False, 'shape': ";
  const std::string malformed =
      "its header is malformed; expected {'descr': ..., 'fortran_order': ..., 'shape': ...}";
  const struct {
    std::string file, message;
  } cases[] = {
      {"", "is not a .npy file"},
      {"\x93NUMPX\x01", "is not a .npy file"},
      {std::string("\x93NUMPY\x09\x00\x00\x00", 10), "has .npy version 9; 1 to 3 are supported"},
      {std::string("\x93NUMPY\x02\x00\x00\x00", 10), "is cut off"},
      {std::string("\x93NUMPY\x01\x00\xff\xff", 10), "is cut off"},
      {File("", ""), malformed},
      {File("{'descr': '<f4'}", ""), malformed},
      {File(f4 + "(2", ""), malformed},
      {File(f4 + "(2,), 'more': 1}", ""), malformed},
      {File(f4 + "(1,1,1,1,1,1,1,1,1,1,1,1,1)}", ""), malformed},
      {File(f4 + "(-2,)}", ""), "shape -2 has a negative size"},
      {File(f4 + "(99999999999,99999999999)}", ""),
       "shape 99999999999x99999999999 has more than 2^57 elements"},
      {File(f4 + "(1000000000000,)}", "abcd"),
       "has 4 bytes of data, f32 1000000000000 needs 4000000000000"},
      {File("{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}", "abcd"),
       "element type '>f4' is not supported; little-endian f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1 "
       "are"},
      {File("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "abcd"),
       "element type of records is not supported; "
       "little-endian f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1 are"},
  };
  for (const auto& test : cases) {
    EXPECT_EQ(ParseNpy(BytesOf(test.file)).status().message(), test.message) << test.file;
  }
}

TEST(Npy, FilesAreNamedInErrors) {
  const std::string path = ::testing::TempDir() + "/plumb_npy_test.npy";
  ASSERT_TRUE(WriteNpy(path, Tensor::Scalar<std::int64_t>(7)).ok());
  EXPECT_EQ(ToInt64s(*ReadNpy(path)), (std::vector<std::int64_t>{7}));
  std::remove(path.c_str());
  EXPECT_NE(ReadNpy(path).status().message().find(path), std::string::npos);
}

}  // namespace
}  // namespace plumb
