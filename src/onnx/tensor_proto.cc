#include "onnx/tensor_proto.h"

#include "core/file_io.h"
#include "core/mapped_file.h"
#include "onnx/tensor_message.h"

namespace plumb::onnx {

StatusOr<NamedTensor> ParseTensorProto(std::span<const std::byte> bytes) {
  PLUMB_ASSIGN_OR_RETURN(ScannedMessage scanned, ScanMessage(MessageKind::kTensor, bytes));
  onnxpb::TensorProto message;
  if (!message.ParseFromString(scanned.structure)) return InvalidArgument("is not an ONNX tensor");
  TensorSource source{std::move(scanned.payloads), nullptr, ExternalData("")};
  PLUMB_ASSIGN_OR_RETURN(Tensor tensor, TensorOf(message, source));
  return NamedTensor{message.name(), std::move(tensor)};
}

std::string SerializeTensorProto(const Tensor& tensor, const std::string& name) {
  onnxpb::TensorProto message;
  FillTensor(tensor, name, &message);
  return message.SerializeAsString();
}

StatusOr<NamedTensor> ReadTensorFile(const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
  StatusOr<NamedTensor> result = ParseTensorProto(file->bytes());
  if (!result.ok()) return Annotate(result.status(), "tensor '" + path + "'");
  return result;
}

Status WriteTensorFile(const std::string& path, const Tensor& tensor, const std::string& name) {
  return WriteFileAtomically(path, SerializeTensorProto(tensor, name));
}

}  // namespace plumb::onnx
