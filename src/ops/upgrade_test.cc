// Nodes of older operator sets mean the same after they were rewritten.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/builder.h"
#include "graph/infer.h"
#include "ops/expression.h"
#include "ops/interpreter.h"
#include "ops/ops.h"

namespace plumb::ops {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// One node of an older operator set on one float input.
StatusOr<Tensor> RunOld(std::string_view op, int opset, AttrMap attrs, const Tensor& x,
                        const std::vector<Tensor>& constants = {}) {
  Graph graph;
  std::vector<ValueId> inputs = {graph.AddInput("x", x.dtype(), ToDims(x.shape()))};
  for (const Tensor& constant : constants) {
    inputs.push_back(graph.AddConstant(graph.UniqueName("c"), constant));
  }
  GraphBuilder builder(&graph, &AllOps());
  UpgradeContext context(&builder, opset, inputs, std::move(attrs), 1);
  const OpDef* def = AllOps().Find("", op);
  if (def->upgrade != nullptr) PLUMB_RETURN_IF_ERROR(def->upgrade(context));
  const ValueId y = context.replacement ? (*context.replacement)[0]
                                        : builder.Call(op, context.inputs, context.attrs);
  PLUMB_RETURN_IF_ERROR(builder.status());
  graph.AddOutput(y);
  PLUMB_ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, Interpret(graph, {x}));
  return outputs[0];
}

Tensor Counting(const Shape& shape) {
  Tensor tensor = Tensor::Zeros(DType::kFloat32, shape);
  float next = 0;
  for (float& value : tensor.mutable_data<float>()) value = next++;
  return tensor;
}

TEST(UpgradeTest, ClipHadItsBoundsAsAttributes) {
  const auto y = RunOld("Clip", 6, Attrs({{"min", 1.0f}, {"max", 2.5f}}), Counting({5}));
  ASSERT_TRUE(y.ok()) << y.status();
  EXPECT_THAT(y->data<float>(), ElementsAre(1, 1, 2, 2.5, 2.5));
}

TEST(UpgradeTest, ClipWithOneBound) {
  const auto y = RunOld("Clip", 10, Attrs({{"max", 2.0f}}), Counting({4}));
  ASSERT_TRUE(y.ok()) << y.status();
  EXPECT_THAT(y->data<float>(), ElementsAre(0, 1, 2, 2));
}

TEST(UpgradeTest, SoftmaxWasOverAllDimensionsFromItsAxisOn) {
  const auto y = RunOld("Softmax", 12, {}, Tensor::Zeros(DType::kFloat32, {2, 2, 2}));
  ASSERT_TRUE(y.ok()) << y.status();
  EXPECT_EQ(y->shape(), (Shape{2, 2, 2}));
  EXPECT_THAT(y->data<float>(), testing::Each(0.25f));
}

TEST(UpgradeTest, SoftmaxOfRowsStays) {
  const auto y = RunOld("Softmax", 11, {}, Tensor::Zeros(DType::kFloat32, {3, 4}));
  ASSERT_TRUE(y.ok()) << y.status();
  EXPECT_THAT(y->data<float>(), testing::Each(0.25f));
}

TEST(UpgradeTest, ReductionsHadTheirAxesAsAttribute) {
  const AttrMap attrs =
      Attrs({{"axes", std::vector<std::int64_t>{1}}, {"keepdims", std::int64_t{0}}});
  for (const auto& [op, opset] : {std::pair("ReduceSum", 11), std::pair("ReduceL1", 13)}) {
    const auto y = RunOld(op, opset, attrs, Counting({2, 3}));
    ASSERT_TRUE(y.ok()) << op << ": " << y.status();
    EXPECT_THAT(y->data<float>(), ElementsAre(3, 12)) << op;
  }
}

TEST(UpgradeTest, DropoutOutsideOfTrainingIsNothing) {
  const auto y = RunOld("Dropout", 7, Attrs({{"ratio", 0.9f}}), Counting({3}));
  ASSERT_TRUE(y.ok()) << y.status();
  EXPECT_THAT(y->data<float>(), ElementsAre(0, 1, 2));
}

TEST(UpgradeTest, GroupNormalizationHadOneScalePerGroup) {
  const Tensor scale = Tensor::FromVector<float>({2}, {1, 10});
  const Tensor shift = Tensor::FromVector<float>({2}, {0, 100});
  const auto y = RunOld("GroupNormalization", 18, Attrs({{"num_groups", std::int64_t{2}}}),
                        Counting({1, 4, 1}), {scale, shift});
  ASSERT_TRUE(y.ok()) << y.status();
  using testing::FloatNear;
  EXPECT_THAT(y->data<float>(), ElementsAre(FloatNear(-1, 1e-3), FloatNear(1, 1e-3),
                                            FloatNear(90, 1e-3), FloatNear(110, 1e-3)));
}

TEST(UpgradeTest, BatchNormalizationPerPixelIsRefused) {
  const Tensor ones = Tensor::FromVector<float>({1}, {1});
  const auto y = RunOld("BatchNormalization", 7, Attrs({{"spatial", std::int64_t{0}}}),
                        Counting({1, 1, 2}), {ones, ones, ones, ones});
  ASSERT_FALSE(y.ok());
  EXPECT_THAT(std::string(y.status().message()),
              HasSubstr("attribute 'spatial' is 0, supported is 1"));
}

TEST(UpgradeTest, EinsumOfTwoOperandsBecomesAMatrixProduct) {
  for (const std::string equation : {"bhid,bhjd->bhij", "bhid,bhjd->jbhi", "bhid,bhjd->ijhb"}) {
    Graph graph;
    const ValueId a = graph.AddInput("a", DType::kFloat32, ToDims(Shape{2, 3, 4, 5}));
    const ValueId b = graph.AddInput("b", DType::kFloat32, ToDims(Shape{2, 3, 6, 5}));
    GraphBuilder builder(&graph, &AllOps());
    const AttrMap attrs = Attrs({{"equation", equation}});
    UpgradeContext context(&builder, 13, {a, b}, attrs, 1);
    ASSERT_TRUE(AllOps().Find("", "Einsum")->upgrade(context).ok());
    ASSERT_TRUE(context.replacement.has_value()) << equation;
    graph.AddOutput((*context.replacement)[0]);
    graph.AddOutput(builder.Call("Einsum", {a, b}, attrs));
    ASSERT_TRUE(builder.status().ok()) << builder.status();
    const auto y = Interpret(graph, {Counting({2, 3, 4, 5}), Counting({2, 3, 6, 5})});
    ASSERT_TRUE(y.ok()) << y.status();
    EXPECT_EQ((*y)[0].shape(), (*y)[1].shape()) << equation;
    EXPECT_EQ(ToDoubles((*y)[0]), ToDoubles((*y)[1])) << equation;
  }
}

TEST(UpgradeTest, OtherEinsumsStay) {
  for (const std::string equation : {"bhid,bhjd->bij", "bhid,bhjd->bhidj", "bhid,bhij->bhj",
                                     "bhdi,bhjd->bhij"}) {  // a size of 1 meets one of 5
    Graph graph;
    const ValueId a = graph.AddInput("a", DType::kFloat32, ToDims(Shape{2, 3, 1, 5}));
    const ValueId b = graph.AddInput("b", DType::kFloat32, ToDims(Shape{2, 3, 6, 5}));
    GraphBuilder builder(&graph, &AllOps());
    UpgradeContext context(&builder, 13, {a, b}, Attrs({{"equation", equation}}), 1);
    ASSERT_TRUE(AllOps().Find("", "Einsum")->upgrade(context).ok());
    EXPECT_FALSE(context.replacement.has_value()) << equation;
  }
}

}  // namespace
}  // namespace plumb::ops
