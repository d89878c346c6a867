// Splits a model file into its structure, small enough to be parsed, and the elements of its
// tensors, which stay where they are. Private to this room.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/status.h"
#include "onnx/wire_reader.h"

namespace plumb::onnx {

// The element fields of one TensorProto, in file order.
struct Payload {
  struct Piece {
    std::uint32_t field;  // number of raw_data, float_data, ...
    WireType type;
    std::span<const std::byte> bytes;
  };
  std::vector<Piece> pieces;
};

enum class MessageKind : std::uint8_t {
  kModel,
  kGraph,
  kNode,
  kAttribute,
  kTensor,
  kSparse,
  kFunction
};

struct ScannedMessage {
  std::string structure;          // the message with scanned_payload in place of the elements
  std::vector<Payload> payloads;  // by scanned_payload
};

// `bytes` outlive the result. Documentation and training information are left out. Errors:
// malformed bytes (with their offset), graphs nested too deep, more messages or structure than any
// model has.
StatusOr<ScannedMessage> ScanMessage(MessageKind kind, std::span<const std::byte> bytes);

}  // namespace plumb::onnx
