// Tensors from and to the files that commands take.
#pragma once

#include <string>

#include "core/tensor.h"

namespace plumb::cli {

// .npy or an ONNX TensorProto (.pb), told apart by the ending.
StatusOr<Tensor> ReadTensor(const std::string& path);

// DIR/NAME.npy; '/' in the name becomes '_'.
std::string OutputFile(const std::string& directory, const std::string& name);

// 16 hex digits that differ when a bit of the elements or the shape differs.
std::string TensorDigest(const Tensor& tensor);

}  // namespace plumb::cli
