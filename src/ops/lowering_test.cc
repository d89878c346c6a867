// Which nodes have kernels: the ones that models spend their time in must never be left to the
// references, whatever their shape.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "ops/interpreter.h"
#include "ops/lower.h"
#include "ops/ops.h"
#include "ops/sample_graph.h"

namespace plumb::ops {
namespace {

// Samples whose operands no kernel takes, by name.
const std::set<std::string> kLeftToTheReference = {
    "Conv.weight given at run time",  // the kernels pack weights once
    "FusedConv.weight given at run time, clip",
    "Gemm.c in full",  // beta times a bias that is no constant
    "ReduceMax.scalar",
    "ReduceMean.scalar",
    "ReduceSum.scalar",  // nothing to reduce
};

bool IsPlainFloat(const SampleGraph& made, std::span<const Tensor> outputs) {
  for (const Tensor& operand : made.operands) {
    if (operand.defined() && IsFloating(operand.dtype()) && operand.dtype() != DType::kFloat32) {
      return false;
    }
  }
  return outputs[0].dtype() == DType::kFloat32 && outputs[0].num_elements() > 0 &&
         made.operands[0].dtype() == DType::kFloat32 && made.operands[0].num_elements() > 0;
}

std::size_t CountChoices(const OpDef& op, const SampleGraph& made,
                         std::span<const Tensor> outputs) {
  const Node& node = made.graph.node(made.node);
  std::vector<Operand> in, out;
  std::vector<std::optional<DimVector>> contents;
  for (std::size_t i = 0; i < made.operands.size(); ++i) {
    const Tensor& tensor = made.operands[i];
    in.emplace_back();
    contents.emplace_back();
    if (!tensor.defined()) continue;
    const bool constant = made.graph.IsConstant(node.inputs[i]);
    in.back() = {true, tensor.dtype(), tensor.shape(), RowMajorStrides(tensor.shape()),
                 constant ? &tensor : nullptr};
    contents.back() = made.graph.value(node.inputs[i]).info.content;
  }
  for (const Tensor& tensor : outputs) {
    out.push_back({true, tensor.dtype(), tensor.shape(), RowMajorStrides(tensor.shape()), nullptr});
  }
  const StatusOr<Target> target = HostTarget();
  EXPECT_TRUE(target.ok());
  LowerContext context(node, in, out, contents, *target, nullptr);
  EXPECT_TRUE(op.lower(context).ok());
  return context.choices.size();
}

TEST(LoweringTest, EveryFloatSampleOfAnOperatorWithKernelsHasOne) {
  const std::set<std::string_view> computing = {"Conv",
                                                "ConvTranspose",
                                                "FusedConv",
                                                "MatMul",
                                                "Gemm",
                                                "FusedMatMul",
                                                "MaxPool",
                                                "AveragePool",
                                                "LpPool",
                                                "GlobalAveragePool",
                                                "GlobalMaxPool",
                                                "Softmax",
                                                "LogSoftmax",
                                                "LRN",
                                                "LpNormalization",
                                                "Attention",
                                                "InstanceNormalization",
                                                "GroupNormalization",
                                                "Relu",
                                                "Sigmoid",
                                                "Gelu",
                                                "HardSwish",
                                                "Add",
                                                "Mul",
                                                "Sub",
                                                "Div",
                                                "Sum",
                                                "Max",
                                                "Mean",
                                                "ArgMax",
                                                "ReduceSum",
                                                "ReduceMean",
                                                "ReduceMax",
                                                "Clip"};
  for (const OpDef* op : AllOps().all()) {
    if (!computing.contains(op->name)) continue;
    for (const Sample& sample : op->samples()) {
      const std::string name = Str(op->name) + "." + sample.name;
      SCOPED_TRACE(name);
      const auto made = MakeSampleGraph(*op, sample, AllOps());
      ASSERT_TRUE(made.ok()) << made.status();
      const auto outputs = Interpret(made->graph, made->inputs);
      ASSERT_TRUE(outputs.ok()) << outputs.status();
      // A reduction of nothing is a copy.
      if (!IsPlainFloat(*made, *outputs) || sample.attrs.Has("noop_with_empty_axes")) continue;
      const std::size_t choices = CountChoices(*op, *made, *outputs);
      EXPECT_EQ(choices == 0, kLeftToTheReference.contains(name));
    }
  }
}

}  // namespace
}  // namespace plumb::ops
