// Tensors from and to the files that commands take.
#pragma once

#include <string>

#include "core/tensor.h"

namespace plumb::cli {

// .npy, an ONNX TensorProto (.pb), or strings as WriteTensor writes them (.json), told apart by the
// ending. Errors name the file.
StatusOr<Tensor> ReadTensor(const std::string& path);

// DIR/NAME.npy, or DIR/NAME.json for strings, which .npy files hold only as Python objects; '/' in
// the name becomes '_'.
std::string OutputFile(const std::string& directory, const std::string& name, DType dtype);

// Numbers as .npy; strings as {"type": "str", "shape": [2], "data": ["a", "b"]}. Errors name the
// file: strings that are no UTF-8, which JSON cannot hold.
Status WriteTensor(const std::string& path, const Tensor& tensor);

// 16 hex digits that differ when a bit of the elements or the shape differs.
std::string TensorDigest(const Tensor& tensor);

}  // namespace plumb::cli
