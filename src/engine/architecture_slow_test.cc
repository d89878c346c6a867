// Well-known networks at their published sizes: how much memory their plans need, what data
// movement is left, and that a planned run allocates nothing.
#include <gtest/gtest.h>

#include "engine/session.h"
#include "engine/testing/allocations.h"
#include "engine/testing/architectures.h"

namespace plumb::engine {
namespace {

using testing::AllocationCount;
using testing::Architecture;

struct Limit {
  const char* architecture;
  double movement_bytes;  // batch 1; docs/decisions/004 and 005 say what is left and why
};

constexpr Limit kLimits[] = {
    {"resnet50", 0},   {"mobilenet_v2", 0}, {"densenet121", 0}, {"shufflenet_v1", 5'362'560},
    {"squeezenet", 0}, {"googlenet", 0},    {"unet", 0},        {"bert", 1'572'864},
    {"mlp", 0}};

void PrintTo(const Limit& limit, std::ostream* out) { *out << limit.architecture; }

class FullSizeTest : public ::testing::TestWithParam<Limit> {};

TEST_P(FullSizeTest, PlansAreTightAndRunsAllocateNothing) {
  const Architecture& architecture = testing::FindArchitecture(GetParam().architecture);
  auto graph = architecture.make(architecture.full);
  ASSERT_TRUE(graph.ok()) << graph.status();
  std::vector<Tensor> inputs = testing::RandomInputs(*graph, 1);
  CompileOptions options;
  options.target = *HostTarget();
  auto model = Model::Compile(*std::move(graph), options);
  ASSERT_TRUE(model.ok()) << model.status();
  ThreadPool pool(2);
  Session session(*model, &pool);
  std::vector<Shape> shapes;
  std::vector<TensorView> in, out;
  for (Tensor& input : inputs) {
    shapes.push_back(input.shape());
    in.push_back(input.view());
  }
  const auto segment = session.FirstSegment(shapes);
  ASSERT_TRUE(segment.ok()) << segment.status();
  EXPECT_LE(static_cast<double>((*segment)->program.arena_bytes),
            1.05 * static_cast<double>((*segment)->peak_live_bytes));
  EXPECT_LE((*segment)->movement_bytes, GetParam().movement_bytes)
      << "of " << (*segment)->movement_bytes_before;

  std::vector<Tensor> outputs;
  const auto output_shapes = session.OutputShapes(shapes);
  ASSERT_TRUE(output_shapes.ok()) << output_shapes.status();
  for (const Shape& shape : *output_shapes) {
    outputs.push_back(Tensor::Zeros(DType::kFloat32, shape));
  }
  for (Tensor& output : outputs) out.push_back(output.view());
  ASSERT_TRUE(session.Run({}, in, out).ok());  // the first run takes an arena
  const std::int64_t before = AllocationCount();
  const Status status = session.Run({}, in, out);
  EXPECT_EQ(AllocationCount() - before, 0);
  EXPECT_TRUE(status.ok()) << status;
}

INSTANTIATE_TEST_SUITE_P(All, FullSizeTest, ::testing::ValuesIn(kLimits),
                         [](const auto& info) { return std::string(info.param.architecture); });

}  // namespace
}  // namespace plumb::engine
