// Every operator's samples, written as an ONNX model and read back, compute the same bits. Those of
// this project's own domain are no exception: the importer knows them.
#include <gtest/gtest.h>

#include <cstring>

#include "graph/text.h"
#include "onnx/export.h"
#include "onnx/import.h"
#include "ops/interpreter.h"
#include "ops/ops.h"
#include "ops/sample_graph.h"

namespace plumb::onnx {
namespace {

struct Case {
  const OpDef* op;
  Sample sample;
};

std::vector<Case> AllCases() {
  std::vector<Case> cases;
  for (const OpDef* op : ops::AllOps().all()) {
    if (op->samples == nullptr) continue;
    for (Sample& sample : op->samples()) cases.push_back({op, std::move(sample)});
  }
  return cases;
}

void PrintTo(const Case& tested, std::ostream* out) {
  *out << ops::SampleName(*tested.op, tested.sample);
}

std::string TestName(const testing::TestParamInfo<Case>& info) {
  std::string name = ops::SampleName(*info.param.op, info.param.sample);
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name + "_" + std::to_string(info.index);
}

void ExpectSameBits(const Tensor& actual, const Tensor& expected) {
  ASSERT_EQ(actual.dtype(), expected.dtype());
  ASSERT_EQ(actual.shape(), expected.shape());
  if (expected.dtype() == DType::kString) {
    const auto left = actual.data<std::string>(), right = expected.data<std::string>();
    EXPECT_TRUE(std::equal(left.begin(), left.end(), right.begin()));
    return;
  }
  EXPECT_EQ(std::memcmp(actual.raw(), expected.raw(), static_cast<std::size_t>(expected.bytes())),
            0);
}

class SampleRoundTripTest : public testing::TestWithParam<Case> {};

TEST_P(SampleRoundTripTest, ComputesTheSameAfterExportAndImport) {
  const auto made = ops::MakeSampleGraph(*GetParam().op, GetParam().sample, ops::AllOps(), {});
  ASSERT_TRUE(made.ok()) << made.status();
  const auto bytes = ExportBytes(made->graph);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const auto back =
      ImportBytes(std::as_bytes(std::span(bytes->data(), bytes->size())), ops::AllOps());
  ASSERT_TRUE(back.ok()) << back.status();
  // Operators that an upgrade replaces come back as others.
  if (back->num_nodes() == 1 && back->node(0).op == GetParam().op) {
    const TextOptions full{.full_constants = true};
    EXPECT_EQ(ToText(*back, full), ToText(made->graph, full));
  }
  const auto expected = ops::Interpret(made->graph, made->inputs);
  const auto actual = ops::Interpret(*back, made->inputs);
  ASSERT_TRUE(expected.ok() && actual.ok()) << expected.status() << " / " << actual.status();
  ASSERT_EQ(actual->size(), expected->size());
  // Without a seed, ONNX leaves it open which numbers are drawn.
  const bool open = GetParam().op->random && !GetParam().sample.attrs.Has("seed");
  for (std::size_t i = 0; i < expected->size() && !open; ++i) {
    SCOPED_TRACE(absl::StrCat("output ", i));
    ExpectSameBits((*actual)[i], (*expected)[i]);
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, SampleRoundTripTest, testing::ValuesIn(AllCases()), TestName);

}  // namespace
}  // namespace plumb::onnx
