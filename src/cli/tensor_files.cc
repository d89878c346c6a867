#include "cli/tensor_files.h"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "core/file_io.h"
#include "core/npy.h"
#include "onnx/tensor_proto.h"

namespace plumb::cli {

StatusOr<Tensor> ReadTensor(const std::string& path) {
  const bool proto = path.size() > 3 && path.compare(path.size() - 3, 3, ".pb") == 0;
  if (!proto) return ReadNpy(path);
  PLUMB_ASSIGN_OR_RETURN(onnx::NamedTensor named, onnx::ReadTensorFile(path));
  return named.tensor;
}

std::string OutputFile(const std::string& directory, const std::string& name) {
  std::string file = name;
  std::replace(file.begin(), file.end(), '/', '_');
  return directory + "/" + file + ".npy";
}

std::string TensorDigest(const Tensor& tensor) {
  // FNV-1a over the shape and the elements' bytes.
  std::uint64_t hash = 14695981039346656037ull;
  const auto add = [&](std::string_view bytes) {
    for (char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  };
  add(tensor.shape().ToString());
  if (tensor.dtype() == DType::kString) {
    for (const std::string& text : tensor.data<std::string>()) add(text + '\0');
  } else {
    add({static_cast<const char*>(tensor.raw()), static_cast<std::size_t>(tensor.bytes())});
  }
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

}  // namespace plumb::cli
