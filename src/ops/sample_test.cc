// Tests that every operator gets from its samples, with nothing more to write.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "graph/builder.h"
#include "graph/infer.h"
#include "graph/text.h"
#include "graph/verifier.h"
#include "ops/elements.h"
#include "ops/interpreter.h"
#include "ops/ops.h"
#include "ops/sample_graph.h"

namespace plumb::ops {
namespace {

struct Case {
  const OpDef* op;
  Sample sample;
};

std::vector<Case> AllCases() {
  std::vector<Case> cases;
  for (const OpDef* op : AllOps().all()) {
    if (op->samples == nullptr) continue;
    for (Sample& sample : op->samples()) cases.push_back({op, std::move(sample)});
  }
  return cases;
}

void PrintTo(const Case& tested, std::ostream* out) {
  *out << SampleName(*tested.op, tested.sample);
}

std::string TestName(const testing::TestParamInfo<Case>& info) {
  std::string name = SampleName(*info.param.op, info.param.sample);
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name;
}

std::string ShapeText(const std::optional<DimVector>& dims, const SymbolTable& symbols) {
  if (!dims.has_value()) return "any rank";
  std::string text;
  for (const Dim& dim : *dims) absl::StrAppend(&text, "[", dim.ToString(symbols), "]");
  return text;
}

class SampleTest : public testing::TestWithParam<Case> {
 protected:
  const OpDef& op() const { return *GetParam().op; }
  const Sample& sample() const { return GetParam().sample; }
  StatusOr<SampleGraph> Make(const SampleOptions& options = {}) const {
    return MakeSampleGraph(op(), sample(), AllOps(), options);
  }
};

// --- inference --------------------------------------------------------------------------------
// Bindings of symbols that are named after their sizes ("s4" is 4).
std::vector<std::int64_t> SizesOfSymbols(const SymbolTable& symbols) {
  std::vector<std::int64_t> sizes;
  for (int i = 0; i < symbols.size(); ++i) {
    const std::string& name = symbols.Name(i);
    sizes.push_back(name[0] == 's' ? std::stoll(name.substr(1)) : -1);
  }
  return sizes;
}

void ExpectInferredIsReal(const Graph& graph, std::span<const Tensor> outputs) {
  const std::vector<std::int64_t> sizes = SizesOfSymbols(graph.symbols());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const ValueInfo& info = graph.value(graph.outputs()[i]).info;
    EXPECT_EQ(info.dtype, outputs[i].dtype()) << "output " << i;
    if (!info.dims.has_value()) continue;
    const std::string inferred = ShapeText(info.dims, graph.symbols());
    ASSERT_EQ(static_cast<int>(info.dims->size()), outputs[i].rank()) << inferred;
    for (int d = 0; d < outputs[i].rank(); ++d) {
      const auto size = (*info.dims)[static_cast<std::size_t>(d)].Evaluate(sizes);
      if (!size.has_value()) continue;
      EXPECT_EQ(*size, outputs[i].shape()[d]) << "output " << i << " inferred as " << inferred;
    }
    if (!info.content.has_value()) continue;
    const std::vector<std::int64_t> elements = ToInt64s(outputs[i]);
    ASSERT_EQ(info.content->size(), elements.size());
    for (std::size_t e = 0; e < elements.size(); ++e) {
      const auto element = (*info.content)[e].Evaluate(sizes);
      if (!element.has_value()) continue;
      EXPECT_EQ(*element, elements[e]) << "element " << e;
    }
  }
}

TEST_P(SampleTest, InferredShapesAreReal) {
  const auto made = Make();
  ASSERT_TRUE(made.ok()) << made.status();
  ASSERT_TRUE(Verify(made->graph).ok()) << Verify(made->graph);
  const auto outputs = Interpret(made->graph, made->inputs);
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  ExpectInferredIsReal(made->graph, *outputs);
}

TEST_P(SampleTest, SymbolicShapesAreRealForTheirSizes) {
  SampleOptions options;
  options.symbolic = true;
  const auto made = Make(options);
  ASSERT_TRUE(made.ok()) << made.status();
  const auto outputs = Interpret(made->graph, made->inputs);
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  ExpectInferredIsReal(made->graph, *outputs);
}

TEST_P(SampleTest, TextFormParsesBackToItself) {
  const auto made = Make();
  ASSERT_TRUE(made.ok()) << made.status();
  const std::string text = ToText(made->graph, {.full_constants = true});
  const auto parsed = ParseGraph(text, AllOps());
  ASSERT_TRUE(parsed.ok()) << parsed.status() << "\n" << text;
  EXPECT_EQ(ToText(*parsed, {.full_constants = true}), text);
}

TEST_P(SampleTest, TwoRunsGiveTheSameBits) {
  const auto made = Make();
  ASSERT_TRUE(made.ok()) << made.status();
  const auto first = Interpret(made->graph, made->inputs);
  const auto second = Interpret(made->graph, made->inputs);
  ASSERT_TRUE(first.ok() && second.ok()) << first.status();
  for (std::size_t i = 0; i < first->size(); ++i) {
    if ((*first)[i].dtype() == DType::kString) continue;
    ASSERT_EQ((*first)[i].bytes(), (*second)[i].bytes());
    EXPECT_EQ(std::memcmp((*first)[i].raw(), (*second)[i].raw(),
                          static_cast<std::size_t>((*first)[i].bytes())),
              0);
  }
}

// --- movement and cost ------------------------------------------------------------------------
// The arrays behind a ConcreteNode.
struct ConcreteArrays {
  std::vector<Shape> in_shapes, out_shapes;
  std::vector<DType> in_types, out_types;
  std::vector<const Tensor*> constants;
  std::vector<std::optional<DimVector>> contents;

  ConcreteNode View(const Node& node, int output) const {
    return {&node, in_shapes, in_types, out_shapes, out_types, constants, contents, output};
  }
};

ConcreteArrays Concretize(const SampleGraph& made, std::span<const Tensor> outputs) {
  ConcreteArrays arrays;
  const Node& node = made.graph.node(made.node);
  for (std::size_t i = 0; i < made.operands.size(); ++i) {
    const Tensor& operand = made.operands[i];
    arrays.in_shapes.push_back(operand.shape());
    arrays.in_types.push_back(operand.dtype());
    const bool constant = made.graph.IsConstant(node.inputs[i]);
    arrays.constants.push_back(constant ? &operand : nullptr);
    arrays.contents.push_back(
        node.inputs[i] == kNoValue ? std::nullopt : made.graph.value(node.inputs[i]).info.content);
  }
  for (const Tensor& output : outputs) {
    arrays.out_shapes.push_back(output.shape());
    arrays.out_types.push_back(output.dtype());
  }
  return arrays;
}

// Runs the regions of a movement; tells how often each element was written.
std::vector<int> RunRegions(const Movement& movement, std::span<const Tensor> operands,
                            Tensor* out) {
  std::vector<int> writes(static_cast<std::size_t>(out->num_elements()), 0);
  for (const Region& region : movement.regions) {
    const ElementCopier copier(operands[static_cast<std::size_t>(region.source)], out);
    ForEachIndex(region.sizes, [&](const Dims& index, std::int64_t) {
      const std::int64_t to = region.dst_offset + DotIndex(index, region.dst_strides);
      ++writes.at(static_cast<std::size_t>(to));
      copier.Copy(region.src_offset + DotIndex(index, region.src_strides), to);
    });
  }
  return writes;
}

TEST_P(SampleTest, MovementCopiesWhatTheReferenceGives) {
  if (op().movement == nullptr) return;
  const auto made = Make();
  ASSERT_TRUE(made.ok()) << made.status();
  const auto outputs = Interpret(made->graph, made->inputs);
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  const ConcreteArrays arrays = Concretize(*made, *outputs);
  for (std::size_t i = 0; i < outputs->size(); ++i) {
    const Tensor& expected = (*outputs)[i];
    const auto movement =
        op().movement(arrays.View(made->graph.node(made->node), static_cast<int>(i)));
    if (movement.status().code() == StatusCode::kUnimplemented) continue;
    ASSERT_TRUE(movement.ok()) << movement.status();
    Tensor moved = Tensor::Zeros(expected.dtype(), expected.shape());
    const std::vector<int> writes = RunRegions(*movement, made->operands, &moved);
    EXPECT_EQ(std::memcmp(moved.raw(), expected.raw(), static_cast<std::size_t>(expected.bytes())),
              0)
        << "output " << i;
    EXPECT_THAT(writes, testing::Each(testing::Le(1))) << "regions overlap";
    if (!movement->covers_all) continue;
    EXPECT_THAT(writes, testing::Each(1)) << "regions leave holes";
  }
}

TEST_P(SampleTest, CostIsFiniteAndNotNegative) {
  if (op().cost == nullptr) return;
  const auto made = Make();
  ASSERT_TRUE(made.ok()) << made.status();
  const auto outputs = Interpret(made->graph, made->inputs);
  ASSERT_TRUE(outputs.ok()) << outputs.status();
  const ConcreteArrays arrays = Concretize(*made, *outputs);
  const Cost cost = op().cost(arrays.View(made->graph.node(made->node), 0));
  for (double part : {cost.ops, cost.bytes_read, cost.bytes_written, cost.macs}) {
    EXPECT_TRUE(std::isfinite(part) && part >= 0) << part;
  }
}

// --- gradient ---------------------------------------------------------------------------------
// The node of a sample in float64, with a gradient of each floating output as a further input and
// the gradients of its floating inputs as further outputs.
struct GradientGraph {
  SampleGraph made;
  std::vector<std::size_t> checked;  // operands whose gradient is compared
  std::vector<ValueId> gradients;    // of those operands, kNoValue: zero
  std::vector<Tensor> seeds;         // of outputs, not defined for integer ones
};

StatusOr<GradientGraph> BuildGradient(SampleGraph made, std::span<const Tensor> outputs) {
  GradientGraph result{.made = std::move(made), .checked = {}, .gradients = {}, .seeds = {}};
  Graph& graph = result.made.graph;
  std::vector<ValueId> output_gradients;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    result.seeds.emplace_back();
    output_gradients.push_back(kNoValue);
    if (outputs[i].dtype() != DType::kFloat64) continue;
    const Shape& shape = outputs[i].shape();
    result.seeds[i] =
        SampleTensor({.dtype = DType::kFloat64, .shape = {shape.begin(), shape.end()}}, 77 + i);
    output_gradients[i] = graph.AddInput(absl::StrCat("dy", i), DType::kFloat64, ToDims(shape));
    result.made.inputs.push_back(result.seeds[i]);
  }
  GraphBuilder builder(&graph, &AllOps());
  GradientContext context(&builder, result.made.node, output_gradients);
  PLUMB_RETURN_IF_ERROR(graph.node(result.made.node).op->gradient(context));
  PLUMB_RETURN_IF_ERROR(builder.status());
  for (std::size_t i = 0; i < result.made.operands.size(); ++i) {
    const Tensor& operand = result.made.operands[i];
    if (!operand.defined() || operand.dtype() != DType::kFloat64) continue;
    if (graph.IsConstant(graph.node(result.made.node).inputs[i])) continue;
    result.checked.push_back(i);
    result.gradients.push_back(context.input_gradients[i]);
    if (context.input_gradients[i] != kNoValue) graph.AddOutput(context.input_gradients[i]);
  }
  return result;
}

// Sum over outputs of seed * output, for the operands given.
double Loss(const OpDef& op, const Sample& sample, const GradientGraph& gradient,
            std::span<const Tensor> operands) {
  const Node& node = gradient.made.graph.node(gradient.made.node);
  ReferenceContext context(node, operands);
  const Status status = op.reference(context);
  EXPECT_TRUE(status.ok()) << SampleName(op, sample) << ": " << status;
  double loss = 0;
  for (std::size_t i = 0; i < gradient.seeds.size(); ++i) {
    if (!gradient.seeds[i].defined()) continue;
    const auto seed = gradient.seeds[i].data<double>();
    const auto output = std::as_const(context.outputs[i]).data<double>();
    for (std::size_t e = 0; e < seed.size(); ++e) loss += seed[e] * output[e];
  }
  return loss;
}

void ExpectFiniteDifferences(const OpDef& op, const Sample& sample, const GradientGraph& gradient,
                             std::size_t operand, const Tensor& analytic) {
  constexpr double kStep = 1e-6;
  constexpr std::size_t kMaxChecked = 64;  // elements, spread evenly
  std::vector<Tensor> operands = gradient.made.operands;
  operands[operand] = operands[operand].Clone();
  const std::span<double> values = operands[operand].mutable_data<double>();
  const std::size_t stride = std::max<std::size_t>(1, values.size() / kMaxChecked);
  for (std::size_t e = 0; e < values.size(); e += stride) {
    const double kept = values[e];
    values[e] = kept + kStep;
    const double above = Loss(op, sample, gradient, operands);
    values[e] = kept - kStep;
    const double below = Loss(op, sample, gradient, operands);
    values[e] = kept;
    const double difference = (above - below) / (2 * kStep);
    const double stated = analytic.defined() ? analytic.data<double>()[e] : 0;
    ASSERT_NEAR(stated, difference, 1e-5 * std::max(1.0, std::abs(difference)))
        << "gradient of input " << operand << ", element " << e;
  }
}

TEST_P(SampleTest, GradientIsThatOfFiniteDifferences) {
  if (op().gradient == nullptr || !sample().gradient) return;
  SampleOptions options{.seed = 1, .float_type = DType::kFloat64, .constants = false};
  auto made = Make(options);
  ASSERT_TRUE(made.ok()) << made.status();
  const auto forward = Interpret(made->graph, made->inputs);
  ASSERT_TRUE(forward.ok()) << forward.status();
  auto gradient = BuildGradient(*std::move(made), *forward);
  if (gradient.status().code() == StatusCode::kUnimplemented) {
    // Some inputs (the scales of Resize) have to be constants; they have no gradient then.
    options.constants = true;
    made = Make(options);
    ASSERT_TRUE(made.ok()) << made.status();
    gradient = BuildGradient(*std::move(made), *forward);
  }
  ASSERT_TRUE(gradient.ok()) << gradient.status();
  ASSERT_TRUE(Verify(gradient->made.graph).ok()) << Verify(gradient->made.graph);
  const auto results = Interpret(gradient->made.graph, gradient->made.inputs);
  ASSERT_TRUE(results.ok()) << results.status() << "\n" << ToText(gradient->made.graph);
  std::size_t next = forward->size();
  for (std::size_t i = 0; i < gradient->checked.size(); ++i) {
    const std::size_t operand = gradient->checked[i];
    Tensor analytic;
    if (gradient->gradients[i] != kNoValue) {
      analytic = (*results)[next++];
      ASSERT_EQ(analytic.shape(), gradient->made.operands[operand].shape()) << "input " << operand;
      ASSERT_EQ(analytic.dtype(), DType::kFloat64) << "input " << operand;
    }
    ExpectFiniteDifferences(op(), sample(), *gradient, operand, analytic);
  }
}

// --- the table --------------------------------------------------------------------------------
// Finite differences of the sample say something: an output and an operand are floating.
bool DrivesGradient(const OpDef& op, const Sample& sample) {
  if (!sample.gradient) return false;
  SampleOptions options{.seed = 1, .float_type = DType::kFloat64, .constants = false};
  const auto made = MakeSampleGraph(op, sample, AllOps(), options);
  if (!made.ok()) return false;
  const bool output = std::ranges::any_of(made->graph.node(made->node).outputs, [&](ValueId v) {
    return v != kNoValue && made->graph.value(v).info.dtype == DType::kFloat64;
  });
  return output && std::ranges::any_of(made->operands, [](const Tensor& operand) {
           return operand.defined() && operand.dtype() == DType::kFloat64 &&
                  operand.num_elements() > 0;
         });
}

TEST(OperatorTableTest, EveryOperatorIsComplete) {
  ASSERT_FALSE(AllOps().all().empty());
  for (const OpDef* op : AllOps().all()) {
    SCOPED_TRACE(std::string(op->name));
    EXPECT_FALSE(op->name.empty());
    EXPECT_FALSE(op->doc.empty());
    EXPECT_NE(op->infer, nullptr);
    EXPECT_NE(op->reference, nullptr);
    EXPECT_NE(op->samples, nullptr);
    EXPECT_FALSE(op->outputs.empty());
    EXPECT_EQ(op->gradient != nullptr, op->differentiability == Differentiability::kYes);
    // Samples cannot hold subgraphs; operators with them have tests of their own.
    const bool sampled = op->samples != nullptr && !op->samples().empty();
    EXPECT_TRUE(sampled || !op->subgraphs.empty());
    EXPECT_TRUE(op->movement != nullptr || op->layout != LayoutRule::kMovement);
    if (op->gradient == nullptr || !sampled) continue;
    EXPECT_TRUE(std::ranges::any_of(op->samples(), [&](const Sample& sample) {
      return DrivesGradient(*op, sample);
    })) << "no sample drives the test of its gradient";
  }
}

INSTANTIATE_TEST_SUITE_P(All, SampleTest, testing::ValuesIn(AllCases()), TestName);

}  // namespace
}  // namespace plumb::ops
