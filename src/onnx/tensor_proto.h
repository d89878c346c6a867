// Tensors in files of their own, as ONNX test data has them.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "core/tensor.h"

namespace plumb::onnx {

struct NamedTensor {
  std::string name;  // may be empty
  Tensor tensor;
};

// A serialised TensorProto. The result owns its elements.
StatusOr<NamedTensor> ParseTensorProto(std::span<const std::byte> bytes);
std::string SerializeTensorProto(const Tensor& tensor, const std::string& name);

// Errors name the file.
StatusOr<NamedTensor> ReadTensorFile(const std::string& path);
Status WriteTensorFile(const std::string& path, const Tensor& tensor, const std::string& name);

}  // namespace plumb::onnx
