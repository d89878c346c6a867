#include "onnx/model_maker_test.h"

#include "graph/builder.h"
#include "graph/text.h"
#include "graph/tiny_ops_test.h"
#include "onnx/import.h"

namespace plumb::onnx::testing {
namespace {

Status InferSame(InferContext& context) {
  context.SetOutput(0, context.dtype(0), context.input(0).dims);
  return OkStatus();
}
Status NoReference(ReferenceContext&) { return OkStatus(); }

Status UpgradeSquare(UpgradeContext& context) {
  if (context.opset() < 9) {
    context.replacement = {context.inputs[0]};
  } else if (context.opset() < 13) {
    const ValueId x = context.inputs[0];
    ValueId sum = context.builder().Call("Add", {x, x});
    if (context.attrs.Int("twice", 0) == 1) sum = context.builder().Call("Add", {sum, x});
    context.replacement = {sum};
  }
  return OkStatus();
}

OpDef Unary(std::string_view name, int since) {
  OpDef op;
  op.name = name;
  op.inputs = {{"x", "T=any"}};
  op.outputs = {{"y", "T"}};
  op.since_opset = since;
  op.infer = InferSame;
  op.reference = NoReference;
  return op;
}

}  // namespace

const OpTable& TestOps() {
  static const OpDef identity = Unary("Identity", 1);
  static const OpDef cube = Unary("Cube", 15);
  static const OpDef square = [] {
    OpDef op = Unary("Square", 7);
    op.upgrade = UpgradeSquare;
    return op;
  }();
  static const OpTable table = [] {
    std::vector<const OpDef*> all(plumb::testing::TinyOps().all().begin(),
                                  plumb::testing::TinyOps().all().end());
    all.insert(all.end(), {&identity, &cube, &square});
    return OpTable(all);
  }();
  return table;
}

onnxpb::ModelProto NewModel(int opset) {
  onnxpb::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(opset);
  model.mutable_graph()->set_name("g");
  return model;
}

onnxpb::ValueInfoProto* AddValue(google::protobuf::RepeatedPtrField<onnxpb::ValueInfoProto>* list,
                                 const std::string& name, int code,
                                 std::initializer_list<std::int64_t> dims) {
  onnxpb::ValueInfoProto* value = list->Add();
  value->set_name(name);
  onnxpb::TypeProto::Tensor* type = value->mutable_type()->mutable_tensor_type();
  type->set_elem_type(code);
  type->mutable_shape();
  for (std::int64_t dim : dims) type->mutable_shape()->add_dim()->set_dim_value(dim);
  return value;
}

onnxpb::NodeProto* AddNode(google::protobuf::RepeatedPtrField<onnxpb::NodeProto>* list,
                           const std::string& op, std::vector<std::string> inputs,
                           std::vector<std::string> outputs, const std::string& name) {
  onnxpb::NodeProto* node = list->Add();
  node->set_op_type(op);
  node->set_name(name);
  for (const std::string& input : inputs) node->add_input(input);
  for (const std::string& output : outputs) node->add_output(output);
  return node;
}

onnxpb::AttributeProto* AddAttribute(onnxpb::NodeProto* node, const std::string& name, int type) {
  onnxpb::AttributeProto* attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(type);
  return attribute;
}

onnxpb::TensorProto* AddFloats(onnxpb::GraphProto* graph, const std::string& name,
                               std::vector<std::int64_t> dims, const std::vector<float>& values) {
  onnxpb::TensorProto* tensor = graph->add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(kFloatCode);
  for (std::int64_t dim : dims) tensor->add_dims(dim);
  tensor->mutable_float_data()->Add(values.begin(), values.end());
  return tensor;
}

onnxpb::ModelProto Doubling() {
  onnxpb::ModelProto model = NewModel();
  AddValue(model.mutable_graph()->mutable_input(), "x", kFloatCode, {2, 3});
  AddNode(model.mutable_graph()->mutable_node(), "Add", {"x", "x"}, {"y"}, "add");
  AddValue(model.mutable_graph()->mutable_output(), "y", kFloatCode, {2, 3});
  return model;
}

std::span<const std::byte> BytesOf(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

StatusOr<Graph> ImportModel(const onnxpb::ModelProto& model) {
  return ImportBytes(BytesOf(model.SerializeAsString()), TestOps(), "m");
}

std::string ImportText(const onnxpb::ModelProto& model) {
  const StatusOr<Graph> graph = ImportModel(model);
  return graph.ok() ? ToText(*graph) : std::string(graph.status().message());
}

}  // namespace plumb::onnx::testing
