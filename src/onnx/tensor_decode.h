// Elements of a TensorProto as a Tensor, in place where they can be. Private to this room.
#pragma once

#include <memory>
#include <span>

#include "core/tensor.h"
#include "onnx/model_scan.h"

namespace plumb::onnx {

// `owner` keeps the file mapped in which the payload lies: elements that are stored as the tensor
// stores them stay there. Null: they are copied. Nothing is allocated before the payload is
// known to hold as many elements as the shape says.
StatusOr<Tensor> DecodeTensor(DType dtype, const Shape& shape, const Payload& payload,
                              const std::shared_ptr<const void>& owner);

// A tensor of exactly these bytes (raw_data or a part of an external file).
StatusOr<Tensor> DecodeRaw(DType dtype, const Shape& shape, std::span<const std::byte> bytes,
                           const std::shared_ptr<const void>& owner);

}  // namespace plumb::onnx
