#include "onnx/tensor_message.h"

#include "absl/strings/numbers.h"
#include "onnx/element_type.h"
#include "onnx/tensor_decode.h"

namespace plumb::onnx {
namespace {

bool ReadOffset(const std::string& text, std::int64_t& value) {
  return absl::SimpleAtoi(text, &value) && value >= 0;
}

StatusOr<ExternalData::Place> PlaceOf(const onnxpb::TensorProto& message) {
  ExternalData::Place place;
  for (const auto& entry : message.external_data()) {
    std::int64_t number = 0;
    if (entry.key() == "location") {
      place.location = entry.value();
    } else if (entry.key() == "offset" || entry.key() == "length") {
      if (!ReadOffset(entry.value(), number)) {
        return InvalidArgument("external data: ", entry.key(), " '", entry.value(),
                               "' is not a number of bytes");
      }
      if (entry.key() == "offset") {
        place.offset = number;
      } else {
        place.length = number;
      }
    }
  }
  return place;
}

}  // namespace

StatusOr<Tensor> TensorOf(const onnxpb::TensorProto& message, TensorSource& source) {
  PLUMB_ASSIGN_OR_RETURN(const DType dtype, DTypeOfCode(message.data_type()));
  PLUMB_ASSIGN_OR_RETURN(
      const Shape shape,
      MakeShape({message.dims().data(), static_cast<std::size_t>(message.dims_size())}));
  if (message.data_location() == 1) {
    PLUMB_ASSIGN_OR_RETURN(const ExternalData::Place place, PlaceOf(message));
    return source.external.Load(place, dtype, shape);
  }
  static const Payload kNone;
  const auto index = static_cast<std::size_t>(message.scanned_payload());
  const bool has_payload = message.has_scanned_payload() && index < source.payloads.size();
  return DecodeTensor(dtype, shape, has_payload ? source.payloads[index] : kNone, source.owner);
}

void FillTensor(const Tensor& tensor, const std::string& name, onnxpb::TensorProto* message) {
  if (!name.empty()) message->set_name(name);
  message->set_data_type(CodeOfDType(tensor.dtype()));
  for (std::int64_t size : tensor.shape()) message->add_dims(size);
  if (tensor.dtype() == DType::kString) {
    for (const std::string& element : tensor.data<std::string>()) message->add_string_data(element);
  } else {
    message->set_raw_data(tensor.raw(), static_cast<std::size_t>(tensor.bytes()));
  }
}

}  // namespace plumb::onnx
