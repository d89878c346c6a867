// What tests of the cache of compiled models share: a folder, a file that stands for a model's.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/file_io.h"
#include "core/random.h"
#include "engine/cache/compiled_cache.h"
#include "engine/cache/compiled_file.h"
#include "engine/session.h"
#include "graph/text.h"
#include "ops/ops.h"

namespace plumb::engine {
namespace fs = std::filesystem;

inline constexpr std::string_view kNet = R"(
graph net(x: f32[N,8,6,6]) -> (y) {
  w = const f32[8,8,3,3] seed(1)
  m = const f32[8,5] seed(2)
  n = const f32[1] {0.5}
  a = Conv(x, w) {pads = [1, 1, 1, 1]}
  b = Relu(a)
  g = GlobalAveragePool(b)
  f = Flatten(g)
  h = MatMul(f, m)
  y = Div(n, h)
})";

inline Graph Parse(std::string_view text) {
  auto graph = ParseGraph(text, ops::AllOps());
  if (!graph.ok()) ADD_FAILURE() << graph.status();
  return graph.ok() ? *std::move(graph) : Graph();
}

inline Tensor Normal(const Shape& shape) {
  Tensor tensor = Tensor::Zeros(DType::kFloat32, shape);
  Random random(7);
  for (float& v : tensor.mutable_data<float>()) v = static_cast<float>(random.NextNormal());
  return tensor;
}

inline void ExpectSameBits(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(a[i].shape().ToString(), b[i].shape().ToString());
    ASSERT_EQ(a[i].dtype(), b[i].dtype());
    if (a[i].dtype() == DType::kString) {
      EXPECT_TRUE(std::ranges::equal(a[i].data<std::string>(), b[i].data<std::string>()));
    } else {
      const auto bytes = static_cast<std::size_t>(a[i].bytes());
      EXPECT_EQ(std::memcmp(a[i].raw(), b[i].raw(), bytes), 0) << "output " << i;
    }
  }
}

// A folder of caches and a file that stands for a model's.
class CompiledCacheTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "plumb_compiled_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    key_ = {folder_ + "/net.onnx", "no inputs given"};
    ASSERT_TRUE(WriteFileAtomically(key_.source, std::string(100'000, 'm')).ok());
    options_.target = *HostTarget();
    cache_.emplace(folder_ + "/models");
    WaitUntilSettled(*StampOf(key_.source));
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::shared_ptr<Model> Compile(Graph graph) const {
    auto model = Model::Compile(std::move(graph), options_);
    if (!model.ok()) ADD_FAILURE() << model.status();
    return *model;
  }
  std::vector<Tensor> Run(const std::shared_ptr<Model>& model, const std::vector<Tensor>& inputs) {
    Session session(model, &pool_);
    auto outputs = session.Run(inputs);
    if (!outputs.ok()) ADD_FAILURE() << outputs.status();
    return outputs.ok() ? *std::move(outputs) : std::vector<Tensor>();
  }
  std::vector<SourceFile> Sources() const {
    return {{key_.source, MappedFile::Open(key_.source).value()}};
  }
  StatusOr<std::shared_ptr<Model>> Load() { return cache_->Load(key_, options_, &pool_); }
  // Compiles, runs and saves; returns what was computed.
  std::vector<Tensor> RunAndSave(const Graph& graph, const std::vector<Tensor>& inputs) {
    const std::vector<SourceFile> sources = Sources();
    const std::shared_ptr<Model> model = Compile(graph.Clone());
    std::vector<Tensor> outputs = Run(model, inputs);
    const Status saved = cache_->Save(key_, *model, sources);
    EXPECT_TRUE(saved.ok()) << saved;
    return outputs;
  }
  // What is computed after a start from the cache is what was computed before, and no kernel is
  // chosen anew.
  void ExpectRoundTrip(const Graph& graph, const std::vector<Tensor>& inputs) {
    const std::vector<Tensor> expected = RunAndSave(graph, inputs);
    const auto loaded = Load();
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    ExpectSameBits(Run(*loaded, inputs), expected);
    EXPECT_FALSE((*loaded)->has_new_kernels());
  }
  std::string Path() const { return cache_->PathFor(key_, options_); }
  std::string Why() { return std::string(Load().status().message()); }
  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_ + "/models")) {
      names.push_back(entry.path().extension());
    }
    std::ranges::sort(names);
    return names;
  }

  std::string folder_;
  CompiledKey key_;
  CompileOptions options_;
  std::optional<CompiledCache> cache_;
  ThreadPool pool_{2};
};

}  // namespace plumb::engine
