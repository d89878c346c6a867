// What tests of passes share.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "core/random.h"
#include "engine/passes/pass.h"
#include "graph/infer.h"
#include "graph/text.h"
#include "graph/verifier.h"
#include "ops/interpreter.h"
#include "ops/ops.h"

namespace plumb::engine {

// Runs one pass; the graph stays valid and computes the same, to the tolerance.
inline std::string After(std::string_view pass, std::string_view text, const Shape& input,
                         DType precision = DType::kUndefined, double tolerance = 1e-4) {
  auto graph = ParseGraph(text, ops::AllOps());
  if (!graph.ok()) return std::string(graph.status().message());
  Tensor x = Tensor::Zeros(DType::kFloat32, input);
  Random random(3);
  for (float& v : x.mutable_data<float>()) v = static_cast<float>(random.NextNormal());
  const auto before = ops::Interpret(*graph, {x});
  const auto changed = FindPass(pass)->run(*graph, {ops::AllOps(), precision});
  EXPECT_TRUE(changed.ok()) << changed.status();
  graph->RemoveDeadNodes();
  const Status inferred = InferGraph(*graph);
  EXPECT_TRUE(inferred.ok()) << inferred;
  const Status verified = Verify(*graph);
  EXPECT_TRUE(verified.ok()) << verified;
  const auto after = ops::Interpret(*graph, {x});
  EXPECT_TRUE(before.ok() && after.ok()) << before.status() << after.status();
  if (before.ok() && after.ok()) {
    const std::vector<double> a = ToDoubles((*before)[0]), b = ToDoubles((*after)[0]);
    EXPECT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
      EXPECT_NEAR(a[i], b[i], tolerance);
  }
  TextOptions options;
  options.types = false;
  return ToText(*graph, options);
}

}  // namespace plumb::engine
