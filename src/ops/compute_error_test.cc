// What inference says of convolutions, products, pools and other computing operators that do not
// fit: each message names the node, what is wrong and what would be right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/text.h"
#include "ops/interpreter.h"
#include "ops/ops.h"

namespace plumb::ops {
namespace {

using testing::HasSubstr;

struct Fault {
  const char* name;
  const char* text;
  const char* message;
};

class InferenceErrorTest : public testing::TestWithParam<Fault> {};

TEST_P(InferenceErrorTest, SaysWhatWouldBeRight) {
  const auto graph = ParseGraph(GetParam().text, AllOps());
  ASSERT_FALSE(graph.ok());
  EXPECT_THAT(std::string(graph.status().message()), HasSubstr(GetParam().message));
}

const Fault kFaults[] = {
    {"WeightRank", "graph g(x: f32[1,3,8,8], w: f32[4,3,3,3,3]) -> (y) { y = Conv(x, w) }",
     "(Conv): weight has 5 dimensions, expected 4"},
    {"WeightChannels", "graph g(x: f32[1,4,8,8], w: f32[4,3,3,3]) -> (y) { y = Conv(x, w) }",
     "(Conv): input has 4 channels, but the weight with 1 groups takes 3"},
    {"Groups", "graph g(x: f32[1,4,8,8], w: f32[5,2,3,3]) -> (y) { y = Conv(x, w) {group = 2} }",
     "(Conv): weight has 5 channels in dimension 0, which 2 groups do not divide"},
    {"KernelBeyondImage", "graph g(x: f32[1,3,4,4], w: f32[4,3,5,3]) -> (y) { y = Conv(x, w) }",
     "(Conv): kernel spans 5 pixels of spatial axis 0, more than the padded input's 4"},
    {"KernelShape",
     "graph g(x: f32[1,3,8,8], w: f32[4,3,5,5]) -> (y) { y = Conv(x, w) {kernel_shape = [3, 3]} }",
     "(Conv): attribute 'kernel_shape' is 3x3, but the weight has 5x5"},
    {"Strides",
     "graph g(x: f32[1,3,8,8], w: f32[4,3,3,3]) -> (y) { y = Conv(x, w) {strides = [0, 1]} }",
     "(Conv): attribute 'strides' has 0, expected 1 to 2147483647"},
    {"Pads", "graph g(x: f32[1,3,8,8], w: f32[4,3,3,3]) -> (y) { y = Conv(x, w) {pads = [1, 1]} }",
     "(Conv): attribute 'pads' has 2 numbers, expected 4"},
    {"AutoPad",
     "graph g(x: f32[1,3,8,8], w: f32[4,3,3,3]) -> (y) { y = Conv(x, w) {auto_pad = \"SAME\"} }",
     "(Conv): attribute 'auto_pad' is 'SAME', expected NOTSET, SAME_UPPER, SAME_LOWER or VALID"},
    {"Bias", "graph g(x: f32[1,3,8,8], w: f32[4,3,3,3], b: f32[3]) -> (y) { y = Conv(x, w, b) }",
     "(Conv): bias has shape [3], expected [4]"},
    {"Activation",
     "graph g(x: f32[1,3,8,8], w: f32[4,3,3,3]) -> (y) "
     "{ y = plumb.FusedConv(x, w) {activation = \"swish\"} }",
     "(FusedConv): unknown activation 'swish'; expected one of: none relu"},
    {"TransposedPads",
     "graph g(x: f32[1,3,1,1], w: f32[3,4,3,3]) -> (y) "
     "{ y = ConvTranspose(x, w) {pads = [2, 2, 2, 2]} }",
     "(ConvTranspose): pads leave -1 pixels of spatial axis 0, expected 1 or more"},
    {"InnerSizes", "graph g(a: f32[2,3], b: f32[4,5]) -> (y) { y = MatMul(a, b) }",
     "(MatMul): A has 3 columns, but B has 4 rows; they must be equal"},
    {"ScalarMatrix", "graph g(a: f32[], b: f32[4,5]) -> (y) { y = MatMul(a, b) }",
     "(MatMul): a scalar has no rows; expected matrices"},
    {"GemmRank", "graph g(a: f32[2,3,4], b: f32[4,5]) -> (y) { y = Gemm(a, b) }",
     "(Gemm): input 0 has 3 dimensions, expected 2"},
    {"GemmBias", "graph g(a: f32[2,3], b: f32[3,5], c: f32[4]) -> (y) { y = Gemm(a, b, c) }",
     "(Gemm): shapes [2,5] and [4] do not broadcast: 5 against 4"},
    {"PoolKernel", "graph g(x: f32[1,3,8,8]) -> (y) { y = AveragePool(x) {strides = [2, 2]} }",
     "(AveragePool): attribute 'kernel_shape' is missing"},
    {"PoolRank", "graph g(x: f32[3,8]) -> (y) { y = MaxPool(x) {kernel_shape = [2]} }",
     "(MaxPool): input has 2 dimensions, expected 3 to 10 (batch, channels, spatial ones)"},
    {"HugePads",
     "graph g(x: f32[1,1,1,1]) -> (y) "
     "{ y = MaxPool(x) {kernel_shape = [1, 1], pads = [0, 0, 2147483647, 2147483647]} }",
     "(MaxPool): output 0 'y': shape 1x1x2147483648x2147483648 has more than 2^57 elements"},
    {"QuantizedType",
     "graph g(x: f32[3], s: f32[]) -> (y) { y = QuantizeLinear(x, s) {output_dtype = 6} }",
     "(QuantizeLinear): quantised type is i32, expected i4, u4, i8, u8, i16 or u16"},
    {"PNorm", "graph g(x: f32[1,3,8,8]) -> (y) { y = LpPool(x) {kernel_shape = [2, 2], p = 0} }",
     "(LpPool): attribute 'p' is 0, expected 1 or more"},
    {"Scale",
     "graph g(x: f32[1,3,8,8], a: f32[4], b: f32[3]) -> (y) "
     "{ y = BatchNormalization(x, a, b, b, b) }",
     "(BatchNormalization): input 1 has shape [4], expected [3]"},
    {"Groups4",
     "graph g(x: f32[1,6,8,8], a: f32[6]) -> (y) "
     "{ y = GroupNormalization(x, a, a) {num_groups = 4} }",
     "(GroupNormalization): attribute 'num_groups' is 4, which does not divide 6 channels"},
    {"SoftmaxAxis", "graph g(x: f32[2,3]) -> (y) { y = Softmax(x) {axis = 2} }",
     "(Softmax): axis 2 is outside [-2, 2)"},
    {"ReduceTwice",
     "graph g(x: f32[2,3]) -> (y) { a = const i64[2] {1, -1}\n y = ReduceSum(x, a) }",
     "(ReduceSum): axis -1 is given twice"},
    {"FloatMod", "graph g(x: f32[3]) -> (y) { y = Mod(x, x) }",
     "(Mod): attribute 'fmod' is 0, expected 1 for f32"},
    {"ShiftDirection", "graph g(x: u8[3]) -> (y) { y = BitShift(x, x) {direction = \"UP\"} }",
     "(BitShift): attribute 'direction' is 'UP', expected LEFT or RIGHT"},
    {"ClipBound", "graph g(x: f32[3], b: f32[2]) -> (y) { y = Clip(x, b) }",
     "(Clip): input 1 'min' has 2 elements, expected a scalar"},
    {"CastCode", "graph g(x: f32[3]) -> (y) { y = Cast(x) {to = 99} }",
     "(Cast): element type code 99 is not supported"},
    {"Broadcast", "graph g(a: f32[2,3], b: f32[4]) -> (y) { y = Add(a, b) }",
     "(Add): shapes [2,3] and [4] do not broadcast: 3 against 4"},
    {"LossShapes", "graph g(x: f32[4,5], l: i64[3]) -> (y) { y = SoftmaxCrossEntropyLoss(x, l) }",
     "(SoftmaxCrossEntropyLoss): labels have shape [3] for scores of shape [4,5]"},
    {"EinsumTerms", "graph g(a: f32[2,3]) -> (y) { y = Einsum(a) {equation = \"ij,jk\"} }",
     "(Einsum): equation 'ij,jk' has 2 terms, expected one for each of 1 inputs"},
    {"EinsumRank", "graph g(a: f32[2,3]) -> (y) { y = Einsum(a) {equation = \"ijk->i\"} }",
     "(Einsum): term 'ijk' names 3 dimensions, input 0 has 2"},
};

INSTANTIATE_TEST_SUITE_P(All, InferenceErrorTest, testing::ValuesIn(kFaults),
                         [](const auto& info) { return std::string(info.param.name); });

// --- values that only a run can see -----------------------------------------------------------
Status RunStatus(std::string_view text, const std::vector<Tensor>& inputs) {
  const auto graph = ParseGraph(text, AllOps());
  EXPECT_TRUE(graph.ok()) << graph.status();
  return graph.ok() ? Interpret(*graph, inputs).status() : graph.status();
}

TEST(ReferenceErrorTest, LabelOutsideOfTheClasses) {
  const Status status = RunStatus(
      "graph g(x: f32[1,3], l: i64[1]) -> (y) { y = SoftmaxCrossEntropyLoss(x, l) }",
      {Tensor::Zeros(DType::kFloat32, {1, 3}), Tensor::FromVector<std::int64_t>({1}, {3})});
  EXPECT_THAT(std::string(status.message()), HasSubstr("label 3 is outside [0, 3)"));
}

TEST(ReferenceErrorTest, DropoutRatioOfOne) {
  const Status status =
      RunStatus("graph g(x: f32[2], r: f32[], t: bool[]) -> (y) { y = Dropout(x, r, t) }",
                {Tensor::Zeros(DType::kFloat32, {2}), Tensor::Scalar(1.0f), Tensor::Scalar(true)});
  EXPECT_THAT(std::string(status.message()), HasSubstr("ratio is 1, expected 0 to below 1"));
}

TEST(ReferenceErrorTest, StringThatIsNoNumber) {
  const Status status = RunStatus("graph g(x: str[1]) -> (y) { y = Cast(x) {to = 1} }",
                                  {Tensor::FromVector<std::string>({1}, {"12x"})});
  EXPECT_THAT(std::string(status.message()), HasSubstr("string '12x' is not a number"));
}

TEST(ReferenceErrorTest, ProductOfShapesThatOnlyTheRunKnows) {
  const Status status =
      RunStatus("graph g(a: f32[N,M], b: f32[K,4]) -> (y) { y = MatMul(a, b) }",
                {Tensor::Zeros(DType::kFloat32, {2, 3}), Tensor::Zeros(DType::kFloat32, {5, 4})});
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("A has 3 columns, but B has 5 rows; they must be equal"));
}

}  // namespace
}  // namespace plumb::ops
