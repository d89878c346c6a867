// Small models for the tests of this room, and the operators they use.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "graph/op_def.h"
#include "onnx/onnx.pb.h"

namespace plumb::onnx::testing {

// TinyOps of the graph room, with Identity, Square (opset 7 to 12: attribute `twice`, brought up as
// Add; 13: none; opset 8 and below: a pass-through) and Cube (since opset 15).
const OpTable& TestOps();

inline constexpr int kFloatCode = 1, kInt64Code = 7, kBoolCode = 9;

onnxpb::ModelProto NewModel(int opset = 21);
onnxpb::ValueInfoProto* AddValue(google::protobuf::RepeatedPtrField<onnxpb::ValueInfoProto>* list,
                                 const std::string& name, int code,
                                 std::initializer_list<std::int64_t> dims);
onnxpb::NodeProto* AddNode(google::protobuf::RepeatedPtrField<onnxpb::NodeProto>* list,
                           const std::string& op, std::vector<std::string> inputs,
                           std::vector<std::string> outputs, const std::string& name = "");
onnxpb::AttributeProto* AddAttribute(onnxpb::NodeProto* node, const std::string& name, int type);
onnxpb::TensorProto* AddFloats(onnxpb::GraphProto* graph, const std::string& name,
                               std::vector<std::int64_t> dims, const std::vector<float>& values);
// x: f32[2,3] -> Add(x, x) -> y
onnxpb::ModelProto Doubling();

// The graph, or the error, as text.
std::string ImportText(const onnxpb::ModelProto& model);
StatusOr<Graph> ImportModel(const onnxpb::ModelProto& model);
std::span<const std::byte> BytesOf(const std::string& text);

}  // namespace plumb::onnx::testing
