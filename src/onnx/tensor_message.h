// TensorProto messages, whose elements model_scan took out, as tensors. Private to this room.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/tensor.h"
#include "onnx/external_data.h"
#include "onnx/model_scan.h"
#include "onnx/onnx.pb.h"

namespace plumb::onnx {

// What tensors of one file need: their elements, who keeps those alive, the files beside it.
struct TensorSource {
  std::vector<Payload> payloads;
  std::shared_ptr<const void> owner;  // null: elements are copied
  ExternalData external;
};

// Errors lack the tensor's name, which the caller adds.
StatusOr<Tensor> TensorOf(const onnxpb::TensorProto& message, TensorSource& source);

// Elements go to raw_data (string_data for strings).
void FillTensor(const Tensor& tensor, const std::string& name, onnxpb::TensorProto* message);

}  // namespace plumb::onnx
