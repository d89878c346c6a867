#include "onnx/tensor_proto.h"

#include <gtest/gtest.h>

#include "onnx/model_maker_test.h"

namespace plumb::onnx {
namespace {

TEST(TensorProto, ReadsBackWhatItWrote) {
  const Tensor tensor = Tensor::FromVector<std::int32_t>({2, 2}, {1, -2, 3, 4});
  const std::string path = ::testing::TempDir() + "/plumb_tensor_test.pb";
  ASSERT_TRUE(WriteTensorFile(path, tensor, "x").ok());
  const StatusOr<NamedTensor> back = ReadTensorFile(path);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->name, "x");
  EXPECT_TRUE(SameAttr(Attr(back->tensor), Attr(tensor)));
  std::remove(path.c_str());
}

TEST(TensorProto, StringsAndScalars) {
  const std::string bytes =
      SerializeTensorProto(Tensor::FromVector<std::string>({}, {"hello"}), "");
  const StatusOr<NamedTensor> back = ParseTensorProto(testing::BytesOf(bytes));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->tensor.data<std::string>()[0], "hello");
  EXPECT_EQ(back->tensor.rank(), 0);
}

TEST(TensorProto, AbsentFileAndMalformedBytesAreErrors) {
  EXPECT_FALSE(ReadTensorFile("/nowhere/x.pb").ok());
  EXPECT_EQ(ParseTensorProto(testing::BytesOf("\x0a\x05")).status().message(),
            "is not an ONNX model, or is cut off: malformed at byte 0");
  EXPECT_EQ(ParseTensorProto({}).status().message(), "element type is missing");
}

}  // namespace
}  // namespace plumb::onnx
