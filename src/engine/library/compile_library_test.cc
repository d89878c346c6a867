#include "engine/library/compile_library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <thread>

#include "core/child_process.h"
#include "core/file_io.h"
#include "core/random.h"
#include "engine/library/loaded_library.h"
#include "engine/testing/allocations.h"
#include "engine/testing/architectures.h"
#include "graph/text.h"
#include "ops/ops.h"

namespace plumb::engine {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

#define SKIP_SANITIZED() \
  if (kSanitized) GTEST_SKIP() << "kernels with a sanitizer's checks need its library"

constexpr char kConvNet[] = R"(
graph g(x: f32[N,3,18,18]) -> (y) {
  w = const f32[16,3,3,3] seed(1)
  b = const f32[16] seed(2)
  v = const f32[16,1,3,3] seed(3)
  f = const f32[16,10] seed(4)
  c = Conv(x, w, b) {pads = [1, 1, 1, 1], strides = [2, 2]}
  r = Relu(c)
  d = Conv(r, v) {pads = [1, 1, 1, 1], group = 16}
  s = Sigmoid(d)
  a = Add(s, r)
  p = MaxPool(a) {kernel_shape = [3, 3], strides = [2, 2]}
  g = GlobalAveragePool(p)
  h = Flatten(g)
  m = MatMul(h, f)
  y = Softmax(m)
})";

constexpr char kQuantised[] = R"(
graph g(x: f32[1,4,12,12]) -> (y) {
  sx = const f32[] {0.02}
  zx = const u8[] {120}
  sw = const f32[4] {0.01, 0.02, 0.015, 0.01}
  w = const i8[4,4,3,3] seed(1)
  sb = const f32[4] {0.0002, 0.0004, 0.0003, 0.0002}
  b = const i32[4] {100, -200, 30, 7}
  sa = const f32[] {0.05}
  za = const u8[] {0}
  xq = QuantizeLinear(x, sx, zx)
  xd = DequantizeLinear(xq, sx, zx)
  wd = DequantizeLinear(w, sw) {axis = 0}
  bd = DequantizeLinear(b, sb) {axis = 0}
  c = Conv(xd, wd, bd) {pads = [1, 1, 1, 1]}
  r = Relu(c)
  rq = QuantizeLinear(r, sa, za)
  y = DequantizeLinear(rq, sa, za)
})";

constexpr char kJoined[] = R"(
graph g(x: f32[2,4,9,9]) -> (y) {
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
})";

constexpr char kMovement[] = R"(
graph g(x: f32[2,6,9], i: i64[4]) -> (y, z) {
  s = const f32[6] seed(1)
  t = Transpose(x) {perm = [0, 2, 1]}
  e = Exp(t)
  z = Gather(e, i) {axis = 1}
  y = LayerNormalization(e, s) {axis = -1}
})";

Graph Parse(std::string_view text) {
  auto graph = ParseGraph(text, ops::AllOps());
  if (!graph.ok()) ADD_FAILURE() << graph.status();
  return graph.ok() ? *std::move(graph) : Graph();
}

Target Host() { return *HostTarget(); }

// Every instruction set of this machine, and all of its extensions.
std::vector<Target> Targets() {
  std::vector<Target> targets;
  for (Isa isa : AvailableIsas()) targets.push_back(TargetFor(isa));
  targets.push_back(Host());
  return targets;
}

Tensor Filled(DType dtype, const Shape& shape) {
  if (dtype == DType::kFloat32) {
    Tensor tensor = Tensor::Zeros(dtype, shape);
    Random random(7);
    for (float& v : tensor.mutable_data<float>()) v = static_cast<float>(random.NextNormal());
    return tensor;
  }
  std::vector<double> values(static_cast<std::size_t>(NumElements(shape)));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i % 3);
  return FromDoubles(dtype, shape, values);
}

class CompileLibraryTest : public ::testing::Test {
 protected:
  CompileLibraryTest() {
    std::string pattern = (fs::temp_directory_path() / "plumb-library-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~CompileLibraryTest() override { fs::remove_all(folder_); }

  void Make(const Graph& graph, const Target& target, DType precision = DType::kUndefined) {
    CompileOptions options;
    options.target = target;
    options.precision = precision;
    auto model = Model::Compile(graph.Clone(), options);
    ASSERT_TRUE(model.ok()) << model.status();
    session_ = std::make_unique<Session>(*model, &pool_);
    const Graph& made = (*model)->graph();
    shapes_.clear();
    for (ValueId input : made.inputs()) {
      Shape shape;
      for (const Dim& dim : *made.value(input).info.dims) {
        shape.Append(dim.is_constant() ? dim.value() : 2);
      }
      shapes_.push_back(shape);
    }
  }

  StatusOr<LibraryFiles> Compile(const std::string& name) {
    return CompileLibrary(*session_, shapes_, {.folder = folder_, .name = name});
  }

  // The session's outputs and the library's are the same bits.
  void ExpectSameBits(const std::string& name) {
    const auto files = Compile(name);
    ASSERT_TRUE(files.ok()) << files.status();
    const auto library = LoadedLibrary::Load(files->library, name);
    ASSERT_TRUE(library.ok()) << library.status();
    std::vector<Tensor> inputs;
    std::vector<const void*> in;
    for (std::size_t i = 0; i < shapes_.size(); ++i) {
      const Graph& graph = session_->model().graph();
      inputs.push_back(Filled(graph.value(graph.inputs()[i]).info.dtype, shapes_[i]));
      in.push_back(inputs.back().raw());
    }
    const auto expected = session_->Run(inputs);
    ASSERT_TRUE(expected.ok()) << expected.status();
    std::vector<Tensor> actual;
    std::vector<void*> out;
    for (const Tensor& tensor : *expected) {
      actual.push_back(Tensor::Zeros(tensor.dtype(), tensor.shape()));
      out.push_back(actual.back().mutable_raw());
    }
    const std::int64_t before = testing::AllocationCount();
    const Status status = (*library)->Run(in, out);
    const std::int64_t after = testing::AllocationCount();
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_EQ(after - before, 0) << "allocations";
    for (std::size_t i = 0; i < actual.size(); ++i) {
      EXPECT_EQ(std::memcmp(actual[i].raw(), (*expected)[i].raw(),
                            static_cast<std::size_t>(actual[i].bytes())),
                0)
          << name << " output " << i;
    }
    const auto example = RunProcess({files->example});
    ASSERT_TRUE(example.ok()) << example.status();
    EXPECT_TRUE(example->success) << example->messages;
  }

  void ExpectError(const Graph& graph, const std::string& message) {
    Make(graph, Host());
    EXPECT_THAT(std::string(Compile("wrong").status().message()), HasSubstr(message));
    EXPECT_THAT(std::vector<fs::path>(fs::directory_iterator(folder_), {}), IsEmpty());
  }

  ThreadPool pool_{1};
  std::string folder_;
  std::unique_ptr<Session> session_;
  std::vector<Shape> shapes_;
};

TEST_F(CompileLibraryTest, HasTheBitsOfTheInterpreterOnEveryInstructionSet) {
  SKIP_SANITIZED();
  int number = 0;
  for (const Target& target : Targets()) {
    for (const char* text : {kConvNet, kQuantised, kJoined, kMovement}) {
      Make(Parse(text), target);
      ExpectSameBits(absl::StrCat("net_", number++));
    }
  }
}

TEST_F(CompileLibraryTest, HasTheBitsOfNarrowProducts) {
  SKIP_SANITIZED();
  Make(Parse(kConvNet), Host(), DType::kBFloat16);
  ExpectSameBits("narrow");
}

TEST_F(CompileLibraryTest, HoldsKnownNetworks) {
  SKIP_SANITIZED();
  for (const char* name : {"mlp", "bert", "shufflenet_v1", "unet"}) {
    const testing::Architecture& architecture = testing::FindArchitecture(name);
    const auto graph = architecture.make(architecture.small);
    ASSERT_TRUE(graph.ok()) << graph.status();
    Make(*graph, Host());
    ExpectSameBits(name);
  }
}

TEST_F(CompileLibraryTest, RunsAtTheSameTimeOnMemoryOfItsOwn) {
  SKIP_SANITIZED();
  Make(Parse(kConvNet), Host());
  const auto files = Compile("several");
  ASSERT_TRUE(files.ok()) << files.status();
  const Tensor input = Filled(DType::kFloat32, shapes_[0]);
  const auto expected = session_->Run({input});
  ASSERT_TRUE(expected.ok()) << expected.status();
  std::atomic<int> different = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      const auto library = LoadedLibrary::Load(files->library, "several");
      Tensor output = Tensor::Zeros(DType::kFloat32, (*expected)[0].shape());
      const void* const in[] = {input.raw()};
      void* const out[] = {output.mutable_raw()};
      for (int run = 0; run < 50; ++run) {
        const bool ran = library.ok() && (*library)->Run(in, out).ok();
        different += !ran || std::memcmp(output.raw(), (*expected)[0].raw(),
                                         static_cast<std::size_t>(output.bytes())) != 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(different, 0);
}

TEST_F(CompileLibraryTest, SaysWhatIsWrongWithACall) {
  SKIP_SANITIZED();
  Make(Parse(kMovement), Host());
  const auto files = Compile("calls");
  ASSERT_TRUE(files.ok()) << files.status();
  const auto library = LoadedLibrary::Load(files->library, "calls");
  ASSERT_TRUE(library.ok()) << library.status();
  const Tensor x = Tensor::Zeros(DType::kFloat32, shapes_[0]);
  const Tensor wrong = Tensor::FromVector<std::int64_t>({4}, {0, 1, 9, 2});
  Tensor y = Tensor::Zeros(DType::kFloat32, {2, 9, 6}),
         z = Tensor::Zeros(DType::kFloat32, {2, 4, 6});
  const void* in[] = {x.raw(), wrong.raw()};
  void* out[] = {y.mutable_raw(), z.mutable_raw()};
  EXPECT_EQ((*library)->Run(in, out).message(),
            "the compiled library: an input holds an index outside of its axis");
  out[1] = nullptr;
  EXPECT_THAT(std::string((*library)->Run(in, out).message()), HasSubstr("a pointer is null"));
  EXPECT_THAT(std::string(LoadedLibrary::Load(files->library, "other").status().message()),
              HasSubstr("is no library of model 'other'"));
}

TEST_F(CompileLibraryTest, NamesWhatCannotBeCompiled) {
  SKIP_SANITIZED();
  ExpectError(Parse("graph g(x: f32[4]) -> (y) {\n  y = NonZero(x)\n}"),
              "(NonZero) cannot be compiled: the size of its result depends on the data");
  ExpectError(Parse("graph g(x: f32[4]) -> (y) {\n  a = const i64[] {0}\n  y = CumSum(x, a)\n}"),
              "(CumSum) cannot be compiled: it has no kernel");
}

TEST_F(CompileLibraryTest, SaysWhatIsMissingAndLeavesNothing) {
  SKIP_SANITIZED();
  Make(Parse(kConvNet), Host());
  const std::string inside = folder_ + "/made";
  EXPECT_THAT(std::string(CompileLibrary(*session_, shapes_,
                                         {.folder = inside, .name = "m", .compiler = "no-such-c++"})
                              .status()
                              .message()),
              HasSubstr("'no-such-c++' cannot be run: No such file or directory; the package g++"));
  EXPECT_FALSE(fs::exists(inside));
  EXPECT_THAT(std::string(CompileLibrary(*session_, shapes_,
                                         {.folder = inside, .name = "m", .compiler = "false"})
                              .status()
                              .message()),
              HasSubstr("'false' failed: it said nothing"));
  EXPECT_FALSE(fs::exists(inside));
  ASSERT_TRUE(WriteFileAtomically(folder_ + "/file", "").ok());
  EXPECT_THAT(std::string(CompileLibrary(*session_, shapes_,
                                         {.folder = folder_ + "/file/below", .name = "m"})
                              .status()
                              .message()),
              HasSubstr("/file/below'"));
}

TEST(LibraryNameTest, IsAnIdentifier) {
  EXPECT_EQ(LibraryName("resnet50-v1.7"), "resnet50_v1_7");
  EXPECT_EQ(LibraryName("__a  b__"), "a_b");
  EXPECT_EQ(LibraryName("7up"), "model_7up");
  EXPECT_EQ(LibraryName("..."), "model");
}

}  // namespace
}  // namespace plumb::engine
