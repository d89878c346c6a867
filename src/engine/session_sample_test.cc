// Every operator's samples through plans and kernels against the reference interpreter, optimised
// and not, on the instruction set that PLUMB_ISA names.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "core/arena.h"
#include "engine/cache/compiled_tables.h"
#include "engine/session.h"
#include "ops/interpreter.h"
#include "ops/ops.h"
#include "ops/sample_graph.h"

namespace plumb::engine {
namespace {

struct Case {
  const OpDef* op;
  Sample sample;
};

void PrintTo(const Case& tested, std::ostream* out) {
  *out << ops::SampleName(*tested.op, tested.sample);
}

std::vector<Case> AllCases() {
  std::vector<Case> cases;
  for (const OpDef* op : ops::AllOps().all()) {
    if (op->samples == nullptr) continue;
    for (Sample& sample : op->samples()) cases.push_back({op, std::move(sample)});
  }
  return cases;
}

std::string TestName(const testing::TestParamInfo<Case>& info) {
  std::string name = ops::SampleName(*info.param.op, info.param.sample);
  for (char& c : name) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  return name + "_" + std::to_string(info.index);
}

// max |a - b| / max |b|; not-a-number and infinities must be in the same places.
void ExpectClose(const Tensor& actual, const Tensor& expected, double tolerance) {
  ASSERT_EQ(actual.dtype(), expected.dtype());
  ASSERT_EQ(actual.shape().ToString(), expected.shape().ToString());
  if (actual.dtype() == DType::kString) {
    for (std::size_t i = 0; i < actual.data<std::string>().size(); ++i) {
      ASSERT_EQ(actual.data<std::string>()[i], expected.data<std::string>()[i]);
    }
    return;
  }
  const std::vector<double> a = ToDoubles(actual), b = ToDoubles(expected);
  double largest = 1e-30;
  for (double v : b) {
    if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!std::isfinite(b[i])) {
      ASSERT_TRUE((std::isnan(a[i]) && std::isnan(b[i])) || a[i] == b[i]) << "element " << i;
    } else {
      ASSERT_NEAR(a[i], b[i], tolerance * largest) << "element " << i;
    }
  }
}

class SessionSampleTest : public testing::TestWithParam<Case> {};

TEST_P(SessionSampleTest, EqualsTheInterpreter) {
  const Case& tested = GetParam();
  auto sample = ops::MakeSampleGraph(*tested.op, tested.sample, ops::AllOps(), {});
  ASSERT_TRUE(sample.ok()) << sample.status();
  const auto expected = ops::Interpret(sample->graph, sample->inputs);
  const auto target = HostTarget();
  ASSERT_TRUE(target.ok()) << target.status();
  ThreadPool pool(2);
  for (bool optimize : {false, true}) {
    CompileOptions options;
    options.target = *target;
    options.optimize = optimize;
    auto model = Model::Compile(sample->graph.Clone(), options);
    ASSERT_TRUE(model.ok()) << model.status();
    Session session(*model, &pool);
    const auto actual = session.Run(sample->inputs);
    ASSERT_EQ(actual.ok(), expected.ok()) << actual.status() << " / " << expected.status();
    if (!expected.ok()) continue;
    ASSERT_EQ(actual->size(), expected->size());
    for (std::size_t i = 0; i < expected->size(); ++i) {
      ExpectClose((*actual)[i], (*expected)[i], std::max(tested.sample.tolerance, 2e-5));
    }
  }
}

// The graph, the kernels and the packed weights as bytes and back.
StatusOr<std::shared_ptr<Model>> ThroughBytes(Model& model) {
  ByteWriter tables;
  BlobWriter blob({});
  {
    const std::lock_guard<std::mutex> lock(model.mutex());
    PLUMB_RETURN_IF_ERROR(WriteModel(model, tables, blob));
  }
  PLUMB_ASSIGN_OR_RETURN(AlignedBytes memory, AllocateAligned(blob.bytes()));
  std::int64_t at = 0;
  for (const auto piece : blob.pieces()) {
    at = (at + kBlobAlignment - 1) / kBlobAlignment * kBlobAlignment;
    std::ranges::copy(piece, memory.get() + at);
    at += static_cast<std::int64_t>(piece.size());
  }
  const std::shared_ptr<std::byte> owner(memory.release(), FreeBytes());
  const BlobReader there({owner.get(), static_cast<std::size_t>(blob.bytes())}, owner, {});
  ByteReader in(AsBytes(tables.bytes()));
  PLUMB_ASSIGN_OR_RETURN(CompiledParts parts, ReadModel(in, there, *model.options().ops));
  return Model::Restore(std::move(parts.graph), model.options(), std::move(parts.kernels), {});
}

TEST_P(SessionSampleTest, ComputesTheSameBitsOnceItWasBytes) {
  const Case& tested = GetParam();
  auto sample = ops::MakeSampleGraph(*tested.op, tested.sample, ops::AllOps(), {});
  ASSERT_TRUE(sample.ok()) << sample.status();
  CompileOptions options;
  options.target = *HostTarget();
  const auto model = Model::Compile(sample->graph.Clone(), options);
  ASSERT_TRUE(model.ok()) << model.status();
  ThreadPool pool(2);
  const auto expected = Session(*model, &pool).Run(sample->inputs);
  const auto read = ThroughBytes(**model);
  ASSERT_TRUE(read.ok()) << read.status();
  const auto actual = Session(*read, &pool).Run(sample->inputs);
  EXPECT_FALSE((*read)->has_new_kernels());
  ASSERT_EQ(actual.ok(), expected.ok()) << actual.status() << " / " << expected.status();
  for (std::size_t i = 0; expected.ok() && i < expected->size(); ++i) {
    const Tensor &a = (*actual)[i], &b = (*expected)[i];
    ASSERT_EQ(a.shape().ToString(), b.shape().ToString());
    if (a.dtype() == DType::kString) continue;
    EXPECT_EQ(std::memcmp(a.raw(), b.raw(), static_cast<std::size_t>(b.bytes())), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, SessionSampleTest, testing::ValuesIn(AllCases()), TestName);

}  // namespace
}  // namespace plumb::engine
