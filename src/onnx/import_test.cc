#include "onnx/import.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "graph/text.h"
#include "onnx/model_maker_test.h"

namespace plumb::onnx {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

TEST(Import, ReadsASmallModel) {
  EXPECT_EQ(ImportText(Doubling()),
            "graph g(x: f32[2,3]) -> (y) {\n  y: f32[2,3] = Add(x, x) \"add\"\n}\n");
}

TEST(Import, DimensionsBecomeSymbols) {
  onnxpb::ModelProto model = NewModel();
  onnxpb::TensorShapeProto* shape =
      AddValue(model.mutable_graph()->mutable_input(), "x", kFloatCode, {})
          ->mutable_type()
          ->mutable_tensor_type()
          ->mutable_shape();
  shape->add_dim()->set_dim_param("batch");
  shape->add_dim();
  shape->add_dim()->set_dim_value(-1);
  shape->add_dim()->set_dim_param("2*batch+1");
  shape->add_dim()->set_dim_param("past + 1");
  shape->add_dim()->set_dim_param("unk__0");
  AddValue(model.mutable_graph()->mutable_output(), "x", kFloatCode, {});
  EXPECT_EQ(ImportText(model),
            "graph g(x: f32[batch,?1,?2,2*batch+1,\"past + 1\",?0]) -> (x) {\n}\n");
}

TEST(Import, AnInputThatIsAnInitializerIsAConstant) {
  onnxpb::ModelProto model = Doubling();
  model.set_ir_version(3);
  AddValue(model.mutable_graph()->mutable_input(), "w", kFloatCode, {3});
  AddFloats(model.mutable_graph(), "w", {3}, {1, 2, 3});
  model.mutable_graph()->mutable_node(0)->set_input(1, "w");
  EXPECT_EQ(ImportText(model),
            "graph g(x: f32[2,3]) -> (y) {\n  w = const f32[3] {1, 2, 3}\n"
            "  y: f32[2,3] = Add(x, w) \"add\"\n}\n");
}

TEST(Import, AGivenDefaultIsAnInputInstead) {
  onnxpb::ModelProto model = Doubling();
  onnxpb::GraphProto* graph = model.mutable_graph();
  AddFloats(graph, "w", {3}, {1, 2, 3});
  AddFloats(graph, "hidden", {3}, {4, 5, 6});
  AddValue(graph->mutable_input(), "w", kFloatCode, {3});
  graph->mutable_node(0)->set_input(1, "w");
  AddNode(graph->mutable_node(), "Add", {"y", "hidden"}, {"z"});
  graph->mutable_output(0)->set_name("z");
  const ImportOptions options{.given_defaults = {"w", "hidden", "x", "nothing"}};
  const StatusOr<Graph> imported =
      ImportBytes(BytesOf(model.SerializeAsString()), TestOps(), "m", options);
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(ToText(*imported),
            "graph g(x: f32[2,3], w: f32[3]) -> (z) {\n  hidden = const f32[3] {4, 5, 6}\n"
            "  y: f32[2,3] = Add(x, w) \"add\"\n  z: f32[2,3] = Add(y, hidden)\n}\n");
}

TEST(Import, EveryFormOfConstant) {
  onnxpb::ModelProto model = NewModel();
  onnxpb::GraphProto* graph = model.mutable_graph();
  const auto constant = [&](const std::string& output, const std::string& form, int type) {
    AddValue(graph->mutable_output(), output, kFloatCode, {})->clear_type();
    return AddAttribute(AddNode(graph->mutable_node(), "Constant", {}, {output}), form, type);
  };
  constant("a", "value_float", 1)->set_f(2.5f);
  constant("b", "value_int", 2)->set_i(-3);
  constant("c", "value_string", 3)->set_s("hi");
  constant("d", "value_floats", 6)->add_floats(1);
  constant("e", "value_ints", 7)->add_ints(9);
  constant("f", "value_strings", 8)->add_strings("x");
  onnxpb::TensorProto* tensor = constant("h", "value", 4)->mutable_t();
  tensor->set_data_type(kBoolCode);
  tensor->add_dims(2);
  tensor->set_raw_data(std::string("\x01\x07", 2));
  EXPECT_EQ(ImportText(model), R"(graph g() -> (a, b, c, d, e, f, h) {
  a = const f32[] {2.5}
  b = const i64[] {-3}
  c = const str[] {"hi"}
  d = const f32[1] {1}
  e = const i64[1] {9}
  f = const str[1] {"x"}
  h = const bool[2] {true, true}
}
)");
}

TEST(Import, ValuesOfTheOuterGraphBecomeCaptures) {
  onnxpb::ModelProto model = Doubling();
  onnxpb::GraphProto* graph = model.mutable_graph();
  AddValue(graph->mutable_input(), "c", kBoolCode, {});
  onnxpb::NodeProto* node = AddNode(graph->mutable_node(), "If", {"c"}, {"z"});
  for (const char* branch : {"then_branch", "else_branch"}) {
    onnxpb::GraphProto* body = AddAttribute(node, branch, 5)->mutable_g();
    AddNode(body->mutable_node(), "Add", {"y", "x"}, {"t"});
    body->add_output()->set_name("t");
  }
  graph->mutable_output(0)->set_name("z");
  EXPECT_EQ(ImportText(model), R"(graph g(x: f32[2,3], c: bool[]) -> (z) {
  y: f32[2,3] = Add(x, x) "add"
  z: f32[2,3] = If(c) {then_branch = graph () captures (y, x) -> (t) {
    t: f32[2,3] = Add(y, x)
  }, else_branch = graph () captures (y, x) -> (t) {
    t: f32[2,3] = Add(y, x)
  }}
}
)");
}

TEST(Import, NodesMayComeInAnyOrder) {
  onnxpb::ModelProto model = Doubling();
  AddNode(model.mutable_graph()->mutable_node(), "Add", {"x", "x"}, {"first"});
  model.mutable_graph()->mutable_node(0)->set_input(1, "first");
  EXPECT_EQ(ImportText(model),
            "graph g(x: f32[2,3]) -> (y) {\n  first: f32[2,3] = Add(x, x)\n"
            "  y: f32[2,3] = Add(x, first) \"add\"\n}\n");
}

TEST(Import, FunctionsAreInlinedWithTheirArguments) {
  onnxpb::ModelProto model = NewModel();
  onnxpb::FunctionProto* function = model.add_functions();
  function->set_name("Join");
  function->set_domain("local");
  for (const char* input : {"a", "b"}) function->add_input(input);
  function->add_output("r");
  function->add_attribute("axis");
  function->add_opset_import()->set_version(21);
  AddNode(function->mutable_node(), "Add", {"a", "a"}, {"twice"}, "inner");
  onnxpb::AttributeProto* axis =
      AddAttribute(AddNode(function->mutable_node(), "Concat", {"twice", "b"}, {"r"}), "axis", 2);
  axis->set_ref_attr_name("axis");
  onnxpb::GraphProto* graph = model.mutable_graph();
  AddValue(graph->mutable_input(), "x", kFloatCode, {2});
  onnxpb::NodeProto* call = AddNode(graph->mutable_node(), "Join", {"x", "x"}, {"y"}, "join");
  call->set_domain("local");
  AddAttribute(call, "axis", 2)->set_i(0);
  AddValue(graph->mutable_output(), "y", kFloatCode, {4});
  EXPECT_EQ(ImportText(model), R"(graph g(x: f32[2]) -> (y) {
  "join/twice": f32[2] = Add(x, x) "join/inner"
  y: f32[4] = Concat("join/twice", x) {axis = 0}
}
)");
}

TEST(Import, OldOperatorsAreBroughtUp) {
  onnxpb::ModelProto model = Doubling();
  model.mutable_graph()->clear_node();
  onnxpb::NodeProto* node = AddNode(model.mutable_graph()->mutable_node(), "Square", {"x"}, {"y"});
  AddAttribute(node, "twice", 2)->set_i(1);
  model.mutable_opset_import(0)->set_version(9);
  EXPECT_EQ(ImportText(model),
            "graph g(x: f32[2,3]) -> (y) {\n  add: f32[2,3] = Add(x, x)\n"
            "  y: f32[2,3] = Add(add, x) \"add_1\"\n}\n");
  // A graph output keeps its name where the operator leaves nothing but its input.
  model.mutable_opset_import(0)->set_version(8);
  EXPECT_EQ(ImportText(model),
            "graph g(x: f32[2,3]) -> (y) {\n  y: f32[2,3] = Identity(x) \"identity\"\n}\n");
}

// Appends two elements to the field that the standard gives their type.
using Fill = void (*)(onnxpb::TensorProto*);
template <int kFirst, int kSecond>
void Int32s(onnxpb::TensorProto* tensor) {
  tensor->add_int32_data(kFirst);
  tensor->add_int32_data(kSecond);
}
template <std::uint64_t kFirst, std::uint64_t kSecond>
void UInt64s(onnxpb::TensorProto* tensor) {
  tensor->add_uint64_data(kFirst);
  tensor->add_uint64_data(kSecond);
}
void Int64s(onnxpb::TensorProto* tensor) {
  tensor->add_int64_data(-5);
  tensor->add_int64_data(1);
}
void Floats(onnxpb::TensorProto* tensor) {
  tensor->add_float_data(1.5f);
  tensor->add_float_data(-1);
}
void Doubles(onnxpb::TensorProto* tensor) {
  tensor->add_double_data(0.1);
  tensor->add_double_data(2);
}
void Strings(onnxpb::TensorProto* tensor) {
  tensor->add_string_data("a");
  tensor->add_string_data("");
}
void Nibbles(onnxpb::TensorProto* tensor) { tensor->add_int32_data(0x21); }
void RawNibbles(onnxpb::TensorProto* tensor) { tensor->set_raw_data("\x21"); }

TEST(Import, EveryStoredElementTypeReads) {
  const struct {
    int code;
    Fill fill;
    const char* text;
  } cases[] = {
      {1, Floats, "f32[2] {1.5, -1}"},
      {2, Int32s<200, 1>, "u8[2] {200, 1}"},
      {3, Int32s<-5, 1>, "i8[2] {-5, 1}"},
      {4, Int32s<65535, 1>, "u16[2] {65535, 1}"},
      {5, Int32s<-5, 1>, "i16[2] {-5, 1}"},
      {6, Int32s<-5, 1>, "i32[2] {-5, 1}"},
      {7, Int64s, "i64[2] {-5, 1}"},
      {8, Strings, "str[2] {\"a\", \"\"}"},
      {9, Int32s<0, 1>, "bool[2] {false, true}"},
      {10, Int32s<0x3c00, 0>, "f16[2] {1, 0}"},
      {11, Doubles, "f64[2] {0.1, 2}"},
      {12, UInt64s<4294967295, 1>, "u32[2] {4294967295, 1}"},
      {13, UInt64s<18446744073709551615u, 1>, "u64[2] {18446744073709551615, 1}"},
      {16, Int32s<0x3f80, 0>, "bf16[2] {1, 0}"},
      {21, Nibbles, "u4[2] hex \"21\""},
      {22, RawNibbles, "i4[2] hex \"21\""},
  };
  for (const auto& test : cases) {
    onnxpb::ModelProto model = NewModel();
    onnxpb::TensorProto* tensor = model.mutable_graph()->add_initializer();
    tensor->set_name("w");
    tensor->set_data_type(test.code);
    tensor->add_dims(2);
    test.fill(tensor);
    model.mutable_graph()->add_output()->set_name("w");
    EXPECT_EQ(ImportText(model),
              absl::StrCat("graph g() -> (w) {\n  w = const ", test.text, "\n}\n"));
  }
}

class ImportFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(::testing::TempDir()) /
              absl::StrCat("plumb_import_", ::testing::UnitTest::GetInstance()->random_seed(), "_",
                           reinterpret_cast<std::uintptr_t>(this));
    std::filesystem::create_directories(folder_ / "model");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
  }
  StatusOr<Graph> Import() const {
    return ImportFile((folder_ / "model/m.onnx").string(), TestOps());
  }
  // The message without the folder's name.
  std::string Error() const {
    std::string text(Import().status().message());
    const std::string folder = std::filesystem::canonical(folder_).string();
    for (std::size_t at; (at = text.find(folder)) != std::string::npos;) {
      text.replace(at, folder.size(), "DIR");
    }
    return text;
  }
  void WriteExternal(const std::string& location, const std::string& offset = "",
                     const std::string& length = "") const {
    onnxpb::ModelProto model = NewModel();
    onnxpb::TensorProto* tensor = AddFloats(model.mutable_graph(), "w", {4}, {});
    tensor->set_data_location(1);
    const std::pair<const char*, std::string> entries[] = {
        {"location", location}, {"offset", offset}, {"length", length}};
    for (const auto& [key, value] : entries) {
      if (value.empty()) continue;
      tensor->add_external_data()->set_key(key);
      tensor->mutable_external_data()->rbegin()->set_value(value);
    }
    model.mutable_graph()->add_output()->set_name("w");
    Write("model/m.onnx", model.SerializeAsString());
  }

  std::filesystem::path folder_;
};

TEST_F(ImportFiles, AlignedInitializersStayInTheMappedFile) {
  // Some of eight paddings of the file's first field aligns the elements.
  int in_place = 0;
  for (int padding = 0; padding < 8; ++padding) {
    onnxpb::ModelProto model = NewModel();
    model.set_producer_name(std::string(static_cast<std::size_t>(padding) + 1, 'p'));
    AddFloats(model.mutable_graph(), "w", {2}, {1, 2});
    model.mutable_graph()->add_output()->set_name("w");
    const std::string bytes = model.SerializeAsString();
    Write("model/m.onnx", bytes);
    const StatusOr<Graph> graph = Import();
    ASSERT_TRUE(graph.ok()) << graph.status();
    const Tensor& w = graph->value(graph->outputs()[0]).constant;
    EXPECT_EQ(w.data<float>()[1], 2.0f);
    // A copy is aligned to 64 bytes, the mapping to a page.
    const std::size_t offset = bytes.find(std::string("\0\0\x80\x3f", 4));
    in_place += reinterpret_cast<std::uintptr_t>(w.raw()) % 4096 == offset;
  }
  EXPECT_GE(in_place, 1);
}

TEST_F(ImportFiles, ExternalDataIsMapped) {
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  Write("model/w.bin", std::string(reinterpret_cast<const char*>(values.data()), 24));
  WriteExternal("w.bin", "8", "16");
  const StatusOr<Graph> graph = Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  const Tensor& w = graph->value(graph->outputs()[0]).constant;
  EXPECT_EQ(w.data<float>()[0], 3.0f);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(w.raw()) % 4096, 8u);
}

TEST_F(ImportFiles, ExternalDataMayLieBeyondFourGibibytes) {
  constexpr std::uintmax_t kOffset = std::uintmax_t{5} << 30;
  Write("model/w.bin", "");
  std::filesystem::resize_file(folder_ / "model/w.bin", kOffset);  // a hole, no disk space
  std::ofstream(folder_ / "model/w.bin", std::ios::binary | std::ios::app)
      << std::string("\0\0\x80\x3f", 4) << std::string(12, '\0');
  WriteExternal("w.bin", absl::StrCat(kOffset));
  const StatusOr<Graph> graph = Import();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->value(graph->outputs()[0]).constant.data<float>()[0], 1.0f);
}

TEST_F(ImportFiles, ExternalDataNeverLeavesTheFolder) {
  const std::string head = "model 'DIR/model/m.onnx': initializer 'w': external data ";
  Write("secret.bin", std::string(16, 'x'));
  Write("model/short.bin", std::string(10, 'x'));
  std::filesystem::create_symlink(folder_ / "secret.bin", folder_ / "model/link.bin");
  const struct {
    const char *location, *offset, *length, *message;
  } cases[] = {
      {"../secret.bin", "", "",
       "'../secret.bin': must be a path below the model's folder, without '..'"},
      {"/etc/passwd", "", "",
       "'/etc/passwd': must be a path below the model's folder, without '..'"},
      {"link.bin", "", "", "'link.bin': a symbolic link leads out of the model's folder"},
      {"none.bin", "", "", "'none.bin': no such file in 'DIR/model'"},
      {"short.bin", "", "", "'short.bin': bytes 0 to 0 + 16 of a file of 10"},
      {"short.bin", "9223372036854775807", "16",
       "'short.bin': bytes 9223372036854775807 to 9223372036854775807 + 16 of a file of 10"},
  };
  for (const auto& test : cases) {
    WriteExternal(test.location, test.offset, test.length);
    EXPECT_EQ(Error(), head + test.message);
  }
  WriteExternal("short.bin", "-1");
  EXPECT_EQ(Error(),
            "model 'DIR/model/m.onnx': initializer 'w': external data: offset '-1' is not a number "
            "of bytes");
  WriteExternal("short.bin", "", "8");
  EXPECT_EQ(Error(),
            "model 'DIR/model/m.onnx': initializer 'w': has 8 bytes of data, f32 4 needs 16");
}

TEST_F(ImportFiles, ALinkedModelMayHaveItsDataBesideItsTarget) {
  Write("m_blob", "");
  WriteExternal("w.bin");
  Write("w_blob", std::string(16, '\0'));
  std::filesystem::rename(folder_ / "model/m.onnx", folder_ / "m_blob");
  std::filesystem::create_symlink("../m_blob", folder_ / "model/m.onnx");
  std::filesystem::create_symlink("../w_blob", folder_ / "model/w.bin");
  EXPECT_TRUE(Import().ok()) << Import().status();
}

TEST_F(ImportFiles, AMissingFileIsNamed) {
  EXPECT_FALSE(Import().ok());
  EXPECT_NE(Error().find("model/m.onnx"), std::string::npos);
}

}  // namespace
}  // namespace plumb::onnx
