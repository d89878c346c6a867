// The order in which the nodes of a file are imported. Private to this room.
#pragma once

#include <string>
#include <vector>

#include "core/status.h"
#include "onnx/onnx.pb.h"

namespace plumb::onnx {

using NodeList = google::protobuf::RepeatedPtrField<onnxpb::NodeProto>;

// Producers before users, otherwise as in the file (which ONNX wants sorted, but not every exporter
// does); values that subgraphs read count. Errors: a cycle, a value that two nodes define.
StatusOr<std::vector<int>> OrderNodes(const NodeList& nodes);

// "node 'conv_3' (Conv)"; a node without a name goes by its first output.
std::string LabelOf(const onnxpb::NodeProto& node);

}  // namespace plumb::onnx
