#include "engine/cache/compiled_cache.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <thread>

#include "core/file_io.h"
#include "core/random.h"
#include "engine/cache/compiled_file.h"
#include "engine/session.h"
#include "engine/testing/architectures.h"
#include "graph/text.h"
#include "ops/interpreter.h"
#include "ops/ops.h"

namespace plumb::engine {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kNet = R"(
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

Graph Parse(std::string_view text) {
  auto graph = ParseGraph(text, ops::AllOps());
  if (!graph.ok()) ADD_FAILURE() << graph.status();
  return graph.ok() ? *std::move(graph) : Graph();
}

Tensor Normal(const Shape& shape) {
  Tensor tensor = Tensor::Zeros(DType::kFloat32, shape);
  Random random(7);
  for (float& v : tensor.mutable_data<float>()) v = static_cast<float>(random.NextNormal());
  return tensor;
}

void ExpectSameBits(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
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

// Writes into the file itself, and puts its time of modification back.
void Overwrite(const std::string& path, std::int64_t offset, std::string_view bytes) {
  struct stat info {};
  const int fd = open(path.c_str(), O_WRONLY);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(fstat(fd, &info), 0);
  ASSERT_EQ(pwrite(fd, bytes.data(), bytes.size(), offset), static_cast<ssize_t>(bytes.size()));
  const timespec times[] = {info.st_atim, info.st_mtim};
  ASSERT_EQ(futimens(fd, times), 0);
  close(fd);
}

// --- what comes back --------------------------------------------------------------------------

TEST_F(CompiledCacheTest, EveryArchitectureComputesTheSame) {
  for (const DType precision : {DType::kUndefined, DType::kBFloat16}) {
    options_.precision = precision;
    for (const testing::Architecture& architecture : testing::Architectures()) {
      SCOPED_TRACE(architecture.name);
      auto graph = architecture.make(architecture.small);
      ASSERT_TRUE(graph.ok()) << graph.status();
      ExpectRoundTrip(*graph, testing::RandomInputs(*graph, 2));
    }
  }
}

TEST_F(CompiledCacheTest, IntegersComeBack) {
  ExpectRoundTrip(Parse(R"(
graph g(x: f32[N,4,6,6]) -> (y) {
  sx = const f32[] {0.03}
  zx = const u8[] {120}
  sw = const f32[4] {0.01, 0.02, 0.015, 0.01}
  w = const i8[4,4,3,3] seed(1)
  v = const i8[144,3] seed(2)
  sa = const f32[] {0.5}
  za = const u8[] {0}
  flat = const i64[2] {0, -1}
  xq = QuantizeLinear(x, sx, zx)
  xd = DequantizeLinear(xq, sx, zx)
  wd = DequantizeLinear(w, sw) {axis = 0}
  c = Conv(xd, wd) {pads = [1, 1, 1, 1]}
  r = Relu(c)
  rq = QuantizeLinear(r, sa, za)
  rd = DequantizeLinear(rq, sa, za)
  f = Reshape(rd, flat)
  vd = DequantizeLinear(v, sx)
  y0 = MatMul(f, vd)
  yq = QuantizeLinear(y0, sa, za)
  y = DequantizeLinear(yq, sa, za)
})"),
                  {Normal({2, 4, 6, 6})});
}

TEST_F(CompiledCacheTest, BranchesLoopsStatesAndStringsComeBack) {
  ExpectRoundTrip(Parse(R"(
graph control(x: f32[3], trips: i64[], flag: bool[]) -> (y, z, total, words) {
  two = const f32[] {2}
  state sum: f32[3] = {0, 1, 2}
  words = const str[2] {"a b", "é"}
  y = If(flag) {then_branch = graph () captures (x, two) -> (t) { t = Mul(x, two) },
                else_branch = graph () captures (x) -> (e) { e = Neg(x) }}
  keep = const bool[] {1}
  z = Loop(trips, keep, x) {body = graph (i: i64[], c: bool[], s: f32[3])
      captures (two) -> (c2, s2) { c2 = Identity(c)
                                   s2 = Add(s, two) }}
  total = Add(sum, z)
  update sum = total
})"),
                  {Normal({3}), Tensor::Scalar<std::int64_t>(4), Tensor::Scalar<bool>(true)});
}

TEST_F(CompiledCacheTest, SizesKnownOnlyFromDataComeBack) {
  ExpectRoundTrip(Parse(R"(
graph sized(x: f32[8]) -> (y) {
  index = NonZero(x)
  picked = Gather(x, index)
  y = Neg(picked)
})"),
                  {Normal({8})});
}

// Weights stay in the model's file; those that are read in place and lie badly there are copied.
TEST_F(CompiledCacheTest, ConstantsMayLieInTheSource) {
  const Tensor table = Normal({64, 32}), weight = Normal({32, 32});
  std::string text(3, 'x');  // so that both lie at odd addresses
  for (const Tensor* tensor : {&table, &weight}) {
    text.append(static_cast<const char*>(tensor->raw()), static_cast<std::size_t>(tensor->bytes()));
  }
  ASSERT_TRUE(WriteFileAtomically(key_.source, text).ok());
  WaitUntilSettled(*StampOf(key_.source));
  const std::vector<SourceFile> sources = Sources();
  const auto mapped = [&](const Tensor& tensor, std::int64_t at) {
    return Tensor::Map(DType::kFloat32, tensor.shape(), sources[0].file->data() + at,
                       sources[0].file);
  };
  const Graph graph = Parse(R"(
graph lookup(i: i64[N], t: f32[64,32], w: f32[32,32]) -> (y) {
  e = Gather(t, i)
  y = MatMul(e, w)
})");
  Graph bound;
  const ValueId index = bound.AddInput("i", DType::kInt64, DimVector{3});
  const ValueId t = bound.AddConstant("t", mapped(table, 3));
  const ValueId w = bound.AddConstant("w", mapped(weight, 3 + table.bytes()));
  const NodeId gather = bound.AddNode(graph.node(0).op, {t, index}, 1);
  const NodeId product = bound.AddNode(graph.node(1).op, {bound.node(gather).output(0), w}, 1);
  bound.AddOutput(bound.node(product).output(0));

  const std::vector<Tensor> inputs = {Tensor::FromVector<std::int64_t>({3}, {5, 0, 63})};
  const std::shared_ptr<Model> model = Compile(std::move(bound));
  const std::vector<Tensor> expected = Run(model, inputs);
  ASSERT_TRUE(cache_->Save(key_, *model, sources).ok());
  const auto loaded = Load();
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  ExpectSameBits(Run(*loaded, inputs), expected);
  const Graph& read = (*loaded)->graph();
  const auto address = [&](const char* name) {
    const Tensor& constant = read.value(read.FindValue(name)).constant;
    return reinterpret_cast<std::uintptr_t>(constant.unaligned());
  };
  EXPECT_EQ(address("t") % 64, 0u);
  EXPECT_EQ(address("w") % 64, 3u);
  // The table and what was packed; not the weight once more.
  EXPECT_LT(static_cast<std::int64_t>(fs::file_size(Path())),
            table.bytes() + model->packed_bytes() + 16'000);
}

TEST_F(CompiledCacheTest, AnotherShapeUsesTheKernelsOrPacksAsEver) {
  const Graph graph = Parse(kNet);
  RunAndSave(graph, {Normal({1, 8, 6, 6})});
  const auto loaded = Load();
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const std::vector<Tensor> inputs = {Normal({3, 8, 6, 6})};
  const auto expected = ops::Interpret(graph, inputs);
  ASSERT_TRUE(expected.ok()) << expected.status();
  const std::vector<double> is = ToDoubles(Run(*loaded, inputs)[0]),
                            should = ToDoubles((*expected)[0]);
  for (std::size_t i = 0; i < should.size(); ++i) {
    EXPECT_NEAR(is[i], should[i], 1e-4 * std::max(1.0, std::abs(should[i])));
  }
}

TEST_F(CompiledCacheTest, WhatIsLoadedCanBeSavedAgain) {
  const std::vector<Tensor> inputs = {Normal({1, 8, 6, 6})};
  const std::vector<Tensor> expected = RunAndSave(Parse(kNet), inputs);
  const std::string before = *ReadFile(Path());
  {
    const auto loaded = Load();
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    ASSERT_TRUE(cache_->Save(key_, **loaded, Sources()).ok());
  }
  EXPECT_EQ(*ReadFile(Path()), before);
  ExpectSameBits(Run(*Load(), inputs), expected);
}

// --- what is not used -------------------------------------------------------------------------

TEST_F(CompiledCacheTest, DamageIsNoticedWhereverItIs) {
  const std::vector<Tensor> inputs = {Normal({1, 8, 6, 6})};
  const std::vector<Tensor> expected = RunAndSave(Parse(kNet), inputs);
  const std::string file = *ReadFile(Path());
  const std::string damaged = "'" + Path() + "' is damaged";
  for (std::size_t at = 0; at < file.size(); at += at < 64 || at > file.size() - 64 ? 1 : 97) {
    const char flipped = static_cast<char>(file[at] ^ 0x10);
    Overwrite(Path(), static_cast<std::int64_t>(at), {&flipped, 1});
    ASSERT_EQ(Why(), damaged) << "byte " << at;
    Overwrite(Path(), static_cast<std::int64_t>(at), {&file[at], 1});
  }
  const auto loaded = Load();
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  ExpectSameBits(Run(*loaded, inputs), expected);
}

TEST_F(CompiledCacheTest, TruncatedAndGrownFilesAreNotUsed) {
  RunAndSave(Parse(kNet), {Normal({1, 8, 6, 6})});
  const std::string file = *ReadFile(Path());
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{4095},
                                 std::size_t{4096}, file.size() / 2, file.size() - 1}) {
    ASSERT_TRUE(WriteFileAtomically(Path(), file.substr(0, size)).ok());
    EXPECT_THAT(Why(), HasSubstr("is damaged")) << size << " bytes";
  }
  ASSERT_TRUE(WriteFileAtomically(Path(), file + "x").ok());
  EXPECT_THAT(Why(), HasSubstr("is damaged"));
  ASSERT_TRUE(WriteFileAtomically(Path(), file).ok());
  EXPECT_TRUE(Load().ok());
}

// Damage to the blob alone, right after the file was vouched for.
TEST_F(CompiledCacheTest, AStampVouchesForWhatNobodyTouched) {
  RunAndSave(Parse(kNet), {Normal({1, 8, 6, 6})});
  ASSERT_TRUE(fs::exists(StampPath(Path())));
  ASSERT_TRUE(Load().ok());
  Overwrite(Path(), 1000, "damage");
  EXPECT_THAT(Why(), HasSubstr("is damaged"));
  // A stamp of another file, or none, makes the content be looked at.
  RunAndSave(Parse(kNet), {Normal({1, 8, 6, 6})});
  ASSERT_TRUE(WriteFileAtomically(StampPath(Path()), "garbage").ok());
  EXPECT_TRUE(Load().ok());
  fs::remove(StampPath(Path()));
  EXPECT_TRUE(Load().ok());
  EXPECT_TRUE(fs::exists(StampPath(Path())));
}

TEST_F(CompiledCacheTest, AChangedSourceIsCompiledAgain) {
  const std::string changed = "'" + key_.source + "' has changed";
  const std::vector<Tensor> inputs = {Normal({1, 8, 6, 6})};
  RunAndSave(Parse(kNet), inputs);
  Overwrite(key_.source, 50'000, "n");  // the same size, and the time put back
  EXPECT_EQ(Why(), changed);
  RunAndSave(Parse(kNet), inputs);
  EXPECT_TRUE(Load().ok());
  ASSERT_TRUE(WriteFileAtomically(key_.source, std::string(100'000, 'm')).ok());
  EXPECT_EQ(Why(), changed);
  RunAndSave(Parse(kNet), inputs);
  fs::remove(key_.source);
  EXPECT_THAT(Why(), HasSubstr("No such file"));
}

TEST_F(CompiledCacheTest, ASourceThatChangesWhileItIsCompiledIsNotKept) {
  const std::vector<SourceFile> sources = Sources();
  const std::shared_ptr<Model> model = Compile(Parse(kNet));
  Run(model, {Normal({1, 8, 6, 6})});
  Overwrite(key_.source, 0, "n");
  EXPECT_EQ(cache_->Save(key_, *model, sources).message(),
            "'" + key_.source + "' was changed meanwhile");
  EXPECT_TRUE(Files().empty());
}

TEST_F(CompiledCacheTest, OtherMeasurementsChooseAgain) {
  const auto tuning = std::make_shared<TuningDatabase>("");
  options_.tuning = tuning;
  const std::vector<Tensor> inputs = {Normal({1, 8, 6, 6})};
  const std::shared_ptr<Model> model = Compile(Parse(kNet));
  Run(model, inputs);
  ASSERT_TRUE(cache_->Save(key_, *model, Sources()).ok());
  tuning->Insert("0123456789abcdef", {.name = "of another model", .next = ""});
  EXPECT_TRUE(Load().ok());
  if (model->consulted().empty()) GTEST_SKIP() << "this machine has one kernel for each node";
  tuning->Insert(model->consulted().begin()->first, {.name = "a kernel", .next = ""});
  EXPECT_EQ(Why(), "other kernels were measured since");
}

TEST_F(CompiledCacheTest, WhatElseDecidesIsAnotherFile) {
  RunAndSave(Parse(kNet), {Normal({1, 8, 6, 6})});
  const std::string path = Path();
  std::vector<std::pair<CompiledKey, CompileOptions>> others(8, {key_, options_});
  others[0].first.details = "another input";
  others[1].first.source = folder_ + "/models/../net.onnx.other";
  others[2].second.optimize = false;
  others[3].second.precision = DType::kBFloat16;
  others[4].second.target.isa = Isa::kScalar;
  others[5].second.target.processor = "another";
  others[6].second.target.amx_int8 = !options_.target.amx_int8;
  others[7].second.tuning = std::make_shared<TuningDatabase>("");
  for (const auto& [key, options] : others) {
    const std::string other = cache_->PathFor(key, options);
    EXPECT_NE(other, path);
    // Even under the other's name it says what it is.
    fs::copy_file(path, other, fs::copy_options::overwrite_existing);
    EXPECT_THAT(cache_->Load(key, options, &pool_).status().message(),
                HasSubstr("is of another model"));
  }
  EXPECT_TRUE(Load().ok());
}

TEST_F(CompiledCacheTest, ModelsWithOperatorsOfTheirOwnAreNotKept) {
  const OpTable table(
      std::vector<const OpDef*>(ops::AllOps().all().begin(), ops::AllOps().all().end()));
  options_.ops = &table;
  const std::shared_ptr<Model> model = Compile(Parse(kNet));
  EXPECT_THAT(cache_->Save(key_, *model, Sources()).message(), HasSubstr("operators of its own"));
  EXPECT_FALSE(Load().ok());
}

// --- the folder -------------------------------------------------------------------------------

TEST_F(CompiledCacheTest, WhatOthersPlantedIsNeitherReadNorWritten) {
  const std::vector<Tensor> inputs = {Normal({1, 8, 6, 6})};
  RunAndSave(Parse(kNet), inputs);
  const std::string target = folder_ + "/target";
  fs::rename(Path(), target);
  fs::create_symlink(target, Path());
  EXPECT_FALSE(Load().ok());
  const std::string before = *ReadFile(target);
  RunAndSave(Parse(kNet), inputs);  // takes the link's place
  EXPECT_FALSE(fs::is_symlink(Path()));
  EXPECT_EQ(*ReadFile(target), before);
  EXPECT_TRUE(Load().ok());
  fs::permissions(Path(), fs::perms::others_write, fs::perm_options::add);
  EXPECT_THAT(Why(), HasSubstr("others may write to it"));
  // A folder that is a link to somewhere else.
  fs::rename(folder_ + "/models", folder_ + "/elsewhere");
  fs::create_directory_symlink(folder_ + "/elsewhere", folder_ + "/models");
  const std::shared_ptr<Model> model = Compile(Parse(kNet));
  EXPECT_THAT(cache_->Save(key_, *model, Sources()).message(), HasSubstr("it is no folder"));
}

TEST_F(CompiledCacheTest, AFolderThatCannotBeWrittenIsAnError) {
  const std::shared_ptr<Model> model = Compile(Parse(kNet));
  const CompiledCache nowhere("/proc/nowhere/models");
  EXPECT_THAT(nowhere.Save(key_, *model, Sources()).message(), HasSubstr("/proc/nowhere"));
  EXPECT_FALSE(nowhere.Load(key_, options_, nullptr).ok());
}

TEST_F(CompiledCacheTest, AFullDiskLeavesNothingBehind) {
  const std::shared_ptr<Model> model = Compile(Parse(kNet));
  Run(model, {Normal({1, 8, 6, 6})});
  const std::vector<SourceFile> sources = Sources();
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{5000, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status saved = cache_->Save(key_, *model, sources);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, SIG_DFL);
  EXPECT_EQ(saved.code(), StatusCode::kResourceExhausted) << saved;
  EXPECT_TRUE(Files().empty());
  EXPECT_TRUE(cache_->Save(key_, *model, sources).ok());
}

TEST_F(CompiledCacheTest, TheOldestGoFirst) {
  const std::vector<Tensor> inputs = {Normal({1, 8, 6, 6})};
  RunAndSave(Parse(kNet), inputs);
  const auto bytes = static_cast<std::int64_t>(fs::file_size(Path()));
  cache_.emplace(folder_ + "/models", 2 * bytes + 500);
  const auto save_as = [&](const char* details) {
    key_.details = details;
    RunAndSave(Parse(kNet), inputs);
  };
  const auto there = [&](const char* details) {
    return cache_->Load({key_.source, details}, options_, nullptr).ok();
  };
  fs::remove_all(folder_ + "/models");
  save_as("a");
  save_as("b");
  EXPECT_TRUE(there("a"));  // used last
  save_as("c");
  EXPECT_TRUE(there("a"));
  EXPECT_FALSE(there("b"));
  EXPECT_TRUE(there("c"));
  EXPECT_THAT(Files(), ElementsAre(".model", ".model", ".stamp", ".stamp"));
  cache_.emplace(folder_ + "/models", 1000);
  const std::shared_ptr<Model> model = Compile(Parse(kNet));
  EXPECT_THAT(cache_->Save(key_, *model, Sources()).message(),
              HasSubstr("compiled models may take 1000 B together"));
}

TEST_F(CompiledCacheTest, ManyAtOnceReadWholeModels) {
  const std::vector<Tensor> inputs = {Normal({1, 8, 6, 6})};
  const std::vector<Tensor> expected = RunAndSave(Parse(kNet), inputs);
  const std::vector<SourceFile> sources = Sources();
  std::atomic<int> loads = 0, failures = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      ThreadPool pool(1);
      for (int i = 0; i < 8; ++i) {
        if (t < 2) {
          auto model = Model::Compile(Parse(kNet), options_);
          Session session(*model, &pool);
          const bool ran = session.Run(inputs).ok();
          if (!ran || !cache_->Save(key_, **model, sources).ok()) ++failures;
          continue;
        }
        auto model = cache_->Load(key_, options_, &pool);
        if (!model.ok()) {
          ++failures;
          continue;
        }
        Session session(*model, &pool);
        const auto outputs = session.Run(inputs);
        const bool same =
            outputs.ok() && std::memcmp((*outputs)[0].raw(), expected[0].raw(),
                                        static_cast<std::size_t>(expected[0].bytes())) == 0;
        ++(same ? loads : failures);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(loads, 16);
  EXPECT_THAT(Files(), ElementsAre(".model", ".stamp"));
}

}  // namespace
}  // namespace plumb::engine
