#include "engine/outline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/text.h"
#include "ops/ops.h"

namespace plumb::engine {
namespace {

StatusOr<Outline> OutlineText(std::string_view text, const std::vector<Shape>& shapes) {
  PLUMB_ASSIGN_OR_RETURN(Graph graph, ParseGraph(text, ops::AllOps()));
  CompileOptions options;
  PLUMB_ASSIGN_OR_RETURN(options.target, HostTarget());
  PLUMB_ASSIGN_OR_RETURN(const std::shared_ptr<Model> model,
                         Model::Compile(std::move(graph), options));
  return OutlineOf(model, shapes);
}

// "[Relu] NonZero ...": the steps of each segment and the node that ends it; bodies in braces; dots
// for what is planned as it runs.
std::string Text(const Outline& outline) {
  std::string text;
  std::size_t body = 0;
  for (const auto& segment : outline.segments) {
    std::string steps;
    for (const StepInfo& step : segment->steps) {
      absl::StrAppend(&steps, steps.empty() ? "" : " ", step.op);
    }
    absl::StrAppend(&text, text.empty() ? "" : " ", "[", steps, "]");
    const auto& order = outline.model->order();
    if (segment->end == order.size()) break;
    const NodeId host = order[segment->end];
    absl::StrAppend(&text, " ", Str(outline.model->graph().node(host).op->name));
    for (; body < outline.bodies.size() && outline.bodies[body].node == host; ++body) {
      absl::StrAppend(&text, "{", Text(outline.bodies[body].outline), "}");
    }
  }
  if (outline.unplanned_nodes() > 0) absl::StrAppend(&text, " +", outline.unplanned_nodes());
  return text;
}

std::string OutlineOrError(std::string_view text, const std::vector<Shape>& shapes) {
  const StatusOr<Outline> outline = OutlineText(text, shapes);
  return outline.ok() ? Text(*outline) : std::string(outline.status().message());
}

TEST(OutlineTest, AModelOfOneSegmentIsPlannedWhole) {
  EXPECT_EQ(OutlineOrError("graph g(x: f32[N,3]) -> (y) { y = Softmax(x) }", {{2, 3}}),
            "[Softmax]");
}

TEST(OutlineTest, WhatFollowsAnUnknownSizeIsPlannedAsItRuns) {
  EXPECT_EQ(OutlineOrError(R"(graph g(x: f32[N]) -> (y) {
    s = Softmax(x)
    i = NonZero(s)
    j = Add(i, i)
    y = Transpose(j)
  })",
                           {{4}}),
            "[Softmax] NonZero +2");
}

TEST(OutlineTest, BranchesAndWhatFollowsThemArePlannedAhead) {
  EXPECT_EQ(OutlineOrError(R"(graph g(c: bool[], x: f32[N,3]) -> (y) {
    s = Softmax(x)
    z = If(c) {then_branch = graph () captures (s) -> (t) { t = Softmax(s) },
               else_branch = graph () captures (s) -> (t) { t = Neg(s) }}
    y = Softmax(z)
  })",
                           {{}, {2, 3}}),
            "[Softmax] If{[Softmax]}{[Neg]} [Softmax]");
}

TEST(OutlineTest, ALoopWithABodyOfFixedSizesIsPlannedAhead) {
  EXPECT_EQ(OutlineOrError(R"(graph g(n: i64[], c: bool[], x: f32[3]) -> (y) {
    z = Loop(n, c, x) {body = graph (i: i64[], go: bool[], v: f32[3]) captures () -> (go, w) {
      w = Softmax(v) }}
    y = Softmax(z)
  })",
                           {{}, {}, {3}}),
            "[] Loop{[Softmax copy]} [Softmax]");
}

TEST(OutlineTest, ABodyOfGrowingSizesIsPlannedAsItRuns) {
  EXPECT_EQ(OutlineOrError(R"(graph g(n: i64[], c: bool[], x: f32[N]) -> (z) {
    z = Loop(n, c, x) {body = graph (i: i64[], go: bool[], v: f32[M]) captures () -> (go, w) {
      w = Concat(v, v) {axis = 0} }}
  })",
                           {{}, {}, {3}}),
            "[] Loop{ +1}");
}

TEST(OutlineTest, ErrorsNameTheInput) {
  EXPECT_THAT(OutlineOrError("graph g(x: f32[N,3]) -> (y) { y = Softmax(x) }", {{2, 4}}),
              ::testing::HasSubstr("input 'x' has shape 2x4"));
  EXPECT_THAT(OutlineOrError("graph g(x: f32[N,3]) -> (y) { y = Softmax(x) }", {}),
              ::testing::HasSubstr("the model has 1 inputs, 0 were given"));
}

}  // namespace
}  // namespace plumb::engine
