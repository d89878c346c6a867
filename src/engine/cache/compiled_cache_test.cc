// What comes back from a cache of compiled models, and what is not used of it.
#include "engine/cache/compiled_cache_test.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/testing/architectures.h"
#include "ops/interpreter.h"

namespace plumb::engine {
namespace {

using ::testing::HasSubstr;

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

TEST_F(CompiledCacheTest, JoinedIntegersComeBack) {
  ExpectRoundTrip(Parse(R"(
graph g(x: f32[N,4,6,6]) -> (y) {
  s = const f32[] {0.03}
  z = const u8[] {120}
  t = const f32[] {0.0871}
  n = const u8[] {0}
  k = const f32[] {0.01}
  w = const i8[5,4,1,1] seed(1)
  xq = QuantizeLinear(x, s, z)
  xd = DequantizeLinear(xq, s, z)
  wd = DequantizeLinear(w, k)
  a0 = Conv(xd, wd)
  aq = QuantizeLinear(a0, k, z)
  a = DequantizeLinear(aq, k, z)
  c = Concat(a, xd) {axis = 1}
  cq = QuantizeLinear(c, t, n)
  y = DequantizeLinear(cq, t, n)
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

}  // namespace
}  // namespace plumb::engine
