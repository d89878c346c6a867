// Fuzz target: any bytes as a tensor file end in a tensor or a status; one that is accepted is
// written and read back.
#include <cstdint>
#include <cstdlib>

#include "onnx/tensor_proto.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto tensor = plumb::onnx::ParseTensorProto(std::as_bytes(std::span(data, size)));
  if (!tensor.ok()) return 0;
  const std::string bytes = plumb::onnx::SerializeTensorProto(tensor->tensor, tensor->name);
  const auto again =
      plumb::onnx::ParseTensorProto(std::as_bytes(std::span(bytes.data(), bytes.size())));
  if (!again.ok() || again->tensor.shape() != tensor->tensor.shape()) std::abort();
  return 0;
}
