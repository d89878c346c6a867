// Models that are broken, absurd or malicious: each ends in a message that names the thing.
#include <gtest/gtest.h>

#include "core/random.h"
#include "onnx/import.h"
#include "onnx/model_maker_test.h"

namespace plumb::onnx {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace)

struct Case {
  const char* what;
  void (*change)(onnxpb::ModelProto&);
  const char* message;  // after "model 'm': "
};

onnxpb::NodeProto* Node(onnxpb::ModelProto& m) { return m.mutable_graph()->mutable_node(0); }
onnxpb::GraphProto* Graph_(onnxpb::ModelProto& m) { return m.mutable_graph(); }

const Case kModels[] = {
    {"no graph", [](auto& m) { m.clear_graph(); }, "is not an ONNX model: it has no graph"},
    {"no IR version", [](auto& m) { m.clear_ir_version(); },
     "IR version 0 is not supported; 3 to 13 are"},
    {"IR version of the future", [](auto& m) { m.set_ir_version(99); },
     "IR version 99 is not supported; 3 to 13 are"},
    {"no opset", [](auto& m) { m.clear_opset_import(); },
     "node 'add' (Add): the model does not say which ONNX opset it uses"},
    {"opset too old", [](auto& m) { m.mutable_opset_import(0)->set_version(6); },
     "opset 6 is not supported; 7 to 21 are"},
    {"opset too new", [](auto& m) { m.mutable_opset_import(0)->set_version(22); },
     "opset 22 is not supported; 7 to 21 are"},
    {"operator newer than the opset",
     [](auto& m) {
       m.mutable_opset_import(0)->set_version(14);
       Node(m)->set_op_type("Cube");
       Node(m)->mutable_input()->RemoveLast();
     },
     "node 'add' (Cube): needs opset 15, the model has opset 14"},
    {"unknown operator", [](auto& m) { Node(m)->set_op_type("Frobnicate"); },
     "node 'add' (Frobnicate): operator Frobnicate is not supported"},
    {"unknown domain",
     [](auto& m) {
       Node(m)->set_domain("com.example");
       Node(m)->clear_name();
     },
     "node 'y' (Add): operator Add of domain 'com.example' is not supported"},
    {"cycle", [](auto& m) { Node(m)->set_input(1, "y"); },
     "node 'add' (Add): is on a cycle: it reads a value that depends on its own output"},
    {"longer cycle",
     [](auto& m) {
       AddNode(Graph_(m)->mutable_node(), "Add", {"x", "y"}, {"z"}, "back");
       Node(m)->set_input(0, "z");
     },
     "node 'back' (Add): is on a cycle: it reads a value that depends on its own output"},
    {"input from nowhere", [](auto& m) { Node(m)->set_input(1, "ghost"); },
     "node 'add' (Add): input 1 'ghost' is not defined by anything"},
    {"missing input", [](auto& m) { Node(m)->mutable_input()->RemoveLast(); },
     "node 'add' (Add): input 1 'b' is missing"},
    {"omitted required input", [](auto& m) { Node(m)->set_input(0, ""); },
     "node 'add' (Add): input 0 'a' is missing"},
    {"too many inputs", [](auto& m) { Node(m)->add_input("x"); },
     "node 'add' (Add): has 3 inputs, expected at most 2"},
    {"too many outputs", [](auto& m) { Node(m)->add_output("y2"); },
     "node 'add' (Add): has 2 outputs, expected at most 1"},
    {"two producers",
     [](auto& m) {
       AddNode(Graph_(m)->mutable_node(), "Add", {"x", "x"}, {"y"}, "again");
     },
     "node 'again' (Add): output 'y' is also an output of node 'add' (Add)"},
    {"output shadows an input", [](auto& m) { Node(m)->set_output(0, "x"); },
     "node 'add' (Add): is on a cycle: it reads a value that depends on its own output"},
    {"output shadows an initializer", [](auto& m) { AddFloats(Graph_(m), "y", {1}, {1}); },
     "node 'add' (Add): output 'y' is also an input or initializer of the graph"},
    {"duplicate input", [](auto& m) { *Graph_(m)->add_input() = Graph_(m)->input(0); },
     "input 'x': is defined twice"},
    {"duplicate initializer",
     [](auto& m) {
       AddFloats(Graph_(m), "w", {1}, {1});
       AddFloats(Graph_(m), "w", {1}, {1});
     },
     "initializer 'w': is defined twice"},
    {"output from nowhere", [](auto& m) { Graph_(m)->mutable_output(0)->set_name("ghost"); },
     "output 'ghost': is not defined by anything"},
    {"attribute of another operator", [](auto& m) { AddAttribute(Node(m), "axis", 2)->set_i(1); },
     "node 'add' (Add): unknown attribute 'axis'; expected none"},
    {"attribute of the wrong type",
     [](auto& m) {
       Node(m)->set_op_type("Concat");
       AddAttribute(Node(m), "axis", 1)->set_f(1);
     },
     "node 'add' (Concat): attribute 'axis' has type float, expected int"},
    {"required attribute missing", [](auto& m) { Node(m)->set_op_type("Concat"); },
     "node 'add' (Concat): required attribute 'axis' is missing"},
    {"old attribute of the wrong type",
     [](auto& m) {
       m.mutable_opset_import(0)->set_version(9);
       Node(m)->set_op_type("Square");
       Node(m)->mutable_input()->RemoveLast();
       AddAttribute(Node(m), "twice", 1)->set_f(1);
     },
     "node 'add' (Square): attribute 'twice' has type float, expected int"},
    {"attribute given twice",
     [](auto& m) {
       AddAttribute(Node(m), "axis", 2)->set_i(1);
       AddAttribute(Node(m), "axis", 2)->set_i(1);
     },
     "node 'add' (Add): attribute 'axis' is given twice"},
    {"attribute of an unknown type", [](auto& m) { AddAttribute(Node(m), "axis", 77); },
     "node 'add' (Add): attribute 'axis' has no value or an unknown type (77)"},
    {"attribute with a sparse tensor", [](auto& m) { AddAttribute(Node(m), "v", 11); },
     "node 'add' (Add): attribute 'v' of type sparse tensor is not supported"},
    {"reference outside a function",
     [](auto& m) { AddAttribute(Node(m), "axis", 2)->set_ref_attr_name("a"); },
     "node 'add' (Add): attribute 'axis' refers to attribute 'a' of a function, but is in none"},
    {"types that do not fit",
     [](auto& m) {
       AddValue(Graph_(m)->mutable_input(), "k", kInt64Code, {});
       Node(m)->set_input(1, "k");
     },
     "node 'add' (Add): input 1 'b' has type i64, but input 0 'a' has type f32; they must be "
     "equal"},
    {"shapes that do not fit",
     [](auto& m) {
       AddValue(Graph_(m)->mutable_input(), "k", kFloatCode, {5});
       Node(m)->set_input(1, "k");
     },
     "node 'add' (Add): shapes [2,3] and [5] do not broadcast: 3 against 5"},
    {"a lie about a shape",
     [](auto& m) {
       AddValue(Graph_(m)->mutable_value_info(), "y", kFloatCode, {2, 4});
     },
     "node 'add' (Add): output 0 'y': has shape [2,3], but [2,4] is stated"},
    {"input without a type", [](auto& m) { Graph_(m)->mutable_input(0)->clear_type(); },
     "input 'x': has no type"},
    {"sequence",
     [](auto& m) { Graph_(m)->mutable_input(0)->mutable_type()->mutable_sequence_type(); },
     "input 'x': has type sequence, only tensors are supported"},
    {"unsupported element type",
     [](auto& m) {
       Graph_(m)->mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(14);
     },
     "input 'x': element type COMPLEX64 is not supported"},
    {"unknown element type",
     [](auto& m) {
       Graph_(m)->mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(999);
     },
     "input 'x': element type 999 is not supported"},
    {"negative dimension",
     [](auto& m) {
       Graph_(m)
           ->mutable_input(0)
           ->mutable_type()
           ->mutable_tensor_type()
           ->mutable_shape()
           ->mutable_dim(1)
           ->set_dim_value(-7);
     },
     "input 'x': dimension 1 is -7"},
    {"input of absurd size",
     [](auto& m) {
       AddValue(Graph_(m)->mutable_input(), "z", kFloatCode, {1LL << 40, 3, 1LL << 40});
     },
     "input 'z': shape 1099511627776x3x1099511627776 has more than 2^57 elements"},
    {"too many dimensions",
     [](auto& m) {
       for (int i = 0; i < 20; ++i) {
         Graph_(m)
             ->mutable_input(0)
             ->mutable_type()
             ->mutable_tensor_type()
             ->mutable_shape()
             ->add_dim();
       }
     },
     "input 'x': has 22 dimensions, at most 10 are supported"},
    {"sparse initializer",
     [](auto& m) { Graph_(m)->add_sparse_initializer()->mutable_values()->set_name("s"); },
     "initializer 's' is a sparse tensor, only dense ones are supported"},
    {"constant without a value",
     [](auto& m) { AddNode(Graph_(m)->mutable_node(), "Constant", {}, {"c"}); },
     "node 'c' (Constant): has 0 attributes; expected one attribute: value, value_float, "
     "value_floats, value_int, value_ints, value_string or value_strings"},
    {"external data of a model in memory",
     [](auto& m) { AddFloats(Graph_(m), "w", {1}, {})->set_data_location(1); },
     "initializer 'w': external data '': a model read from memory has no folder to look in"},
};

const Case kTensors[] = {
    {"10^12 elements without data", [](auto& m) { AddFloats(Graph_(m), "w", {1000000000000}, {}); },
     "initializer 'w': has 0 elements, shape 1000000000000 needs 1000000000000"},
    {"10^9 elements, raw data of a few",
     [](auto& m) { AddFloats(Graph_(m), "w", {1000000000}, {})->set_raw_data("abcd"); },
     "initializer 'w': has 4 bytes of data, f32 1000000000 needs 4000000000"},
    {"dimension overflow",
     [](auto& m) {
       AddFloats(Graph_(m), "w", {1LL << 40, 1LL << 40}, {1});
     },
     "initializer 'w': shape 1099511627776x1099511627776 has more than 2^57 elements"},
    {"overflow hidden by a zero",
     [](auto& m) {
       AddFloats(Graph_(m), "w", {0, 1LL << 62, 1LL << 62}, {});
     },
     "initializer 'w': shape 0x4611686018427387904x4611686018427387904 has more than 2^57 "
     "elements"},
    {"negative size", [](auto& m) { AddFloats(Graph_(m), "w", {-1}, {1}); },
     "initializer 'w': shape -1 has a negative size"},
    {"rank 11", [](auto& m) { AddFloats(Graph_(m), "w", std::vector<std::int64_t>(11, 1), {1}); },
     "initializer 'w': shape has 11 dimensions; at most 10 are supported"},
    {"too few elements",
     [](auto& m) {
       AddFloats(Graph_(m), "w", {3}, {1, 2});
     },
     "initializer 'w': has 2 elements, shape 3 needs 3"},
    {"too many elements",
     [](auto& m) {
       AddFloats(Graph_(m), "w", {1}, {1, 2});
     },
     "initializer 'w': has 2 elements, shape 1 needs 1"},
    {"elements in the field of another type",
     [](auto& m) { AddFloats(Graph_(m), "w", {1}, {1})->set_data_type(6); },
     "initializer 'w': has 0 elements, shape 1 needs 1"},
    {"strings as raw data",
     [](auto& m) {
       auto* t = AddFloats(Graph_(m), "w", {1}, {});
       t->set_data_type(8);
       t->set_raw_data("abc");
     },
     "initializer 'w': strings cannot be stored as raw data"},
    {"no element type", [](auto& m) { AddFloats(Graph_(m), "w", {1}, {1})->clear_data_type(); },
     "initializer 'w': element type is missing"},
    {"float8", [](auto& m) { AddFloats(Graph_(m), "w", {1}, {1})->set_data_type(17); },
     "initializer 'w': element type FLOAT8E4M3FN is not supported"},
    {"no name", [](auto& m) { AddFloats(Graph_(m), "", {1}, {1}); }, "an initializer has no name"},
    {"initializer of another type than its input",
     [](auto& m) {
       AddValue(Graph_(m)->mutable_input(), "w", kInt64Code, {1});
       AddFloats(Graph_(m), "w", {1}, {1});
     },
     "input 'w': is i64, but its initializer is f32"},
};

TEST(Hostile, ModelsEndInAMessage) {
  for (const Case& test : kModels) {
    onnxpb::ModelProto model = Doubling();
    test.change(model);
    EXPECT_EQ(ImportText(model), absl::StrCat("model 'm': ", test.message)) << test.what;
  }
}

TEST(Hostile, TensorsEndInAMessage) {
  for (const Case& test : kTensors) {
    onnxpb::ModelProto model = Doubling();
    test.change(model);
    EXPECT_EQ(ImportText(model), absl::StrCat("model 'm': ", test.message)) << test.what;
  }
}

TEST(Hostile, BytesThatAreNoModel) {
  const struct {
    std::string bytes;
    const char* message;
  } cases[] = {
      {"", "model 'm': is empty"},
      {"Not a model at all", "model 'm': is not an ONNX model, or is cut off: malformed at byte 0"},
      {"\x08\x08", "model 'm': is not an ONNX model: it has no graph"},
      {std::string("\x3a\xff\xff\xff\xff\x0f", 6),
       "model 'm': is not an ONNX model, or is cut off: malformed at byte 0"},
      {std::string("\x3a\x02\x0a\x05", 4),
       "model 'm': is not an ONNX model, or is cut off: malformed at byte 2"},
  };
  for (const auto& test : cases) {
    const auto graph = ImportBytes(BytesOf(test.bytes), TestOps(), "m");
    EXPECT_EQ(graph.status().message(), test.message);
  }
}

TEST(Hostile, EveryTruncationAndManyMutationsEndInAStatus) {
  onnxpb::ModelProto model = Doubling();
  AddFloats(model.mutable_graph(), "w", {2, 3}, {1, 2, 3, 4, 5, 6});
  onnxpb::NodeProto* node =
      AddNode(model.mutable_graph()->mutable_node(), "Loop", {"n", "y"}, {"z"});
  AddValue(model.mutable_graph()->mutable_input(), "n", kInt64Code, {});
  onnxpb::GraphProto* body = AddAttribute(node, "body", 5)->mutable_g();
  body->add_input()->set_name("i");
  body->add_input()->set_name("h");
  AddNode(body->mutable_node(), "Add", {"h", "w"}, {"t"});
  body->add_output()->set_name("t");
  const std::string bytes = model.SerializeAsString();
  ASSERT_TRUE(ImportBytes(BytesOf(bytes), TestOps()).ok());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    (void)ImportBytes(BytesOf(bytes.substr(0, length)), TestOps());
  }
  Random random(11);
  for (int i = 0; i < 5000; ++i) {
    std::string mutated = bytes;
    for (std::int64_t changes = random.Uniform(1, 4); changes > 0; --changes) {
      mutated[static_cast<std::size_t>(random.Uniform(
          0, static_cast<std::int64_t>(mutated.size()) - 1))] = static_cast<char>(random.NextU32());
    }
    (void)ImportBytes(BytesOf(mutated), TestOps());
  }
}

TEST(Hostile, DeepNestingIsRefused) {
  onnxpb::GraphProto innermost;
  for (int depth = 0; depth < 30; ++depth) {
    onnxpb::GraphProto outer;
    onnxpb::NodeProto* node = AddNode(outer.mutable_node(), "Loop", {"n", "n"}, {"y"}, "loop");
    *AddAttribute(node, "body", 5)->mutable_g() = innermost;
    innermost = outer;
  }
  onnxpb::ModelProto model = NewModel();
  *model.mutable_graph() = innermost;
  EXPECT_EQ(ImportText(model), "model 'm': graphs nest deeper than 8");
}

onnxpb::FunctionProto* AddFunction(onnxpb::ModelProto& model, const std::string& name) {
  onnxpb::FunctionProto* function = model.add_functions();
  function->set_name(name);
  function->set_domain("local");
  function->add_input("a");
  function->add_output("r");
  function->add_opset_import()->set_version(21);
  return function;
}

TEST(Hostile, RecursiveFunctionsAreRefused) {
  onnxpb::ModelProto model = Doubling();
  AddNode(AddFunction(model, "F")->mutable_node(), "F", {"a"}, {"r"}, "again")->set_domain("local");
  AddNode(model.mutable_graph()->mutable_node(), "F", {"y"}, {"z"}, "start")->set_domain("local");
  const std::string message = ImportText(model);
  EXPECT_NE(message.find("functions call each other more than 16 levels deep"), std::string::npos)
      << message;
}

TEST(Hostile, FunctionsThatMultiplyAreStopped) {
  onnxpb::ModelProto model = Doubling();
  AddNode(AddFunction(model, "F0")->mutable_node(), "Identity", {"a"}, {"r"});
  for (int level = 1; level < 12; ++level) {
    onnxpb::FunctionProto* function = AddFunction(model, absl::StrCat("F", level));
    for (int i = 0; i < 10; ++i) {
      const std::string output = i == 9 ? "r" : absl::StrCat("t", i);
      AddNode(function->mutable_node(), absl::StrCat("F", level - 1), {"a"}, {output})
          ->set_domain("local");
    }
  }
  AddNode(model.mutable_graph()->mutable_node(), "F11", {"y"}, {"z"})->set_domain("local");
  const std::string message = ImportText(model);
  EXPECT_NE(message.find("has more than 250000 nodes once its functions are inlined"),
            std::string::npos)
      << message;
}

}  // namespace
}  // namespace plumb::onnx
