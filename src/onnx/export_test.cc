#include "onnx/export.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "graph/text.h"
#include "onnx/import.h"
#include "onnx/model_maker_test.h"

namespace plumb::onnx {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

std::string RoundTrip(const std::string& text) {
  const TextOptions full{.full_constants = true};
  const StatusOr<Graph> graph = ParseGraph(text, TestOps());
  if (!graph.ok()) return std::string(graph.status().message());
  const StatusOr<std::string> bytes = ExportBytes(*graph);
  if (!bytes.ok()) return std::string(bytes.status().message());
  const StatusOr<Graph> back = ImportBytes(BytesOf(*bytes), TestOps());
  return back.ok() ? ToText(*back, full) : std::string(back.status().message());
}

TEST(Export, WhatIsReadBackIsTheSame) {
  const std::string text =
      R"(graph net(c: bool[], x: f32[N,3], v: f32[2*N+1,?5], k: i64) -> (y, z) {
  w = const f32[3] {1, 2.5, -inf}
  h = const u4[3] hex "210f"
  t = const str[2] {"a", "line\n"}
  state s: f32[2,1] = {0, 1}
  y: f32[N,3] = Add(x, w) "the first"
  s2: f32[2,1] = Add(s, s)
  nz: i64[2,?0] = NonZero(y)
  r: str[2] = plumb.Tag(t) {f = 1.0, fs = [0.5, 2.0], i = -3, is = [1, 2], s = "x", ss = ["p", "q"], t = f32[2] {1, 2}}
  p: u4[3] = plumb.Tag(h)
  z: f32 = If(c) {then_branch = graph () captures (y) -> (d) {
    d: f32[N,3] = Add(y, y)
  }, else_branch = graph () captures (s2) -> (d) {
    d: f32[2,1] = Add(s2, s2)
  }}
  update s = s2
}
)";
  EXPECT_EQ(RoundTrip(text), text);
}

TEST(Export, NamesInSubgraphsKeepOffThoseAround) {
  EXPECT_EQ(RoundTrip(R"(graph g(c: bool[], x: f32[]) -> (z) {
  t = Add(x, x)
  z = If(c) {then_branch = graph () captures (x as other) -> (t) { t = Add(other, other) },
             else_branch = graph () captures (t) -> (t) { }}
})"),
            R"(graph g(c: bool[], x: f32[]) -> (z) {
  t: f32[] = Add(x, x)
  z: f32[] = If(c) {then_branch = graph () captures (x) -> (t_1) {
    t_1: f32[] = Add(x, x) "t"
  }, else_branch = graph () captures (t) -> (t_1) {
    t_1: f32[] = Identity(t)
  }}
}
)");
}

TEST(Export, AnOutputListedTwiceIsCopied) {
  EXPECT_EQ(RoundTrip("graph g(x: f32[]) -> (x, x) { }"),
            "graph g(x: f32[]) -> (x, x_1) {\n  x_1: f32[] = Identity(x)\n}\n");
}

TEST(Export, LargeConstantsGoBesideTheModel) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "plumb_export_test";
  std::filesystem::create_directories(folder);
  const std::string path = (folder / "big.onnx").string();
  const StatusOr<Graph> graph = ParseGraph(
      "graph g(x: f32[300]) -> (y, u) {\n  w = const f32[300] seed(1)\n"
      "  u = const f32[2] {1, 2}\n  y = Add(x, w)\n}",
      TestOps());
  ASSERT_TRUE(graph.ok()) << graph.status();
  ASSERT_TRUE(ExportFile(*graph, path, {.max_inline_bytes = 100}).ok());
  EXPECT_EQ(std::filesystem::file_size(path + ".data"), 1200u);
  EXPECT_LT(std::filesystem::file_size(path), 600u);
  const StatusOr<Graph> back = ImportFile(path, TestOps());
  ASSERT_TRUE(back.ok()) << back.status();
  const TextOptions full{.full_constants = true};
  EXPECT_EQ(ToText(*back, full), ToText(*graph, full));
  // In place: the data file is mapped from its start.
  EXPECT_EQ(
      reinterpret_cast<std::uintptr_t>(back->value(back->FindValue("w")).constant.raw()) % 4096,
      0u);
  std::filesystem::remove_all(folder);
}

TEST(Export, AFolderThatIsNotThereIsNamed) {
  const StatusOr<Graph> graph = ParseGraph("graph g(x: f32[]) -> (x) { }", TestOps());
  EXPECT_NE(ExportFile(*graph, "/nowhere/m.onnx").message().find("/nowhere/m.onnx"),
            std::string::npos);
}

}  // namespace
}  // namespace plumb::onnx
