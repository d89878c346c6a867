#include "onnx/model_scan.h"

#include "graph/graph.h"

namespace plumb::onnx {
namespace {

constexpr std::uint32_t kScannedPayload = 100000;  // onnx.proto
constexpr std::size_t kMaxStructureBytes = std::size_t{256} << 20;
constexpr std::int64_t kMaxMessages = 4'000'000;
// A level of graphs takes three of messages: graph, node, attribute.
constexpr int kMaxMessageDepth = 3 * (kMaxSubgraphDepth + 1) + 3;

enum class FieldRole : std::uint8_t {
  kCopy,
  kDrop,
  kPayload,
  kGraph,
  kNode,
  kAttribute,
  kTensor,
  kSparse,
  kFunction
};

// What becomes of a field; the numbers are those of onnx.proto.
FieldRole RoleOf(MessageKind kind, std::uint32_t number) {
  switch (kind) {
    case MessageKind::kModel:
      if (number == 7) return FieldRole::kGraph;
      if (number == 20) return FieldRole::kDrop;  // training_info
      return number == 25 ? FieldRole::kFunction : FieldRole::kCopy;
    case MessageKind::kGraph:
      if (number == 1) return FieldRole::kNode;
      if (number == 5) return FieldRole::kTensor;
      if (number == 14 || number == 16) return FieldRole::kDrop;  // annotations, metadata
      return number == 15 ? FieldRole::kSparse : FieldRole::kCopy;
    case MessageKind::kNode:
      if (number == 6 || number == 9) return FieldRole::kDrop;  // doc_string, metadata
      return number == 5 ? FieldRole::kAttribute : FieldRole::kCopy;
    case MessageKind::kAttribute:
      if (number == 5 || number == 10) return FieldRole::kTensor;
      if (number == 6 || number == 11) return FieldRole::kGraph;
      if (number == 13) return FieldRole::kDrop;  // doc_string
      return number == 22 || number == 23 ? FieldRole::kSparse : FieldRole::kCopy;
    case MessageKind::kTensor:
      if (number == kScannedPayload || number == 12) return FieldRole::kDrop;
      return (number >= 4 && number <= 7) || (number >= 9 && number <= 11) ? FieldRole::kPayload
                                                                           : FieldRole::kCopy;
    case MessageKind::kSparse: return number <= 2 ? FieldRole::kTensor : FieldRole::kCopy;
    case MessageKind::kFunction:
      if (number == 7) return FieldRole::kNode;
      if (number == 8 || number == 14) return FieldRole::kDrop;
      return number == 11 ? FieldRole::kAttribute : FieldRole::kCopy;
  }
  return FieldRole::kCopy;
}

MessageKind KindOf(FieldRole role) {
  switch (role) {
    case FieldRole::kGraph: return MessageKind::kGraph;
    case FieldRole::kNode: return MessageKind::kNode;
    case FieldRole::kAttribute: return MessageKind::kAttribute;
    case FieldRole::kTensor: return MessageKind::kTensor;
    case FieldRole::kSparse: return MessageKind::kSparse;
    default: return MessageKind::kFunction;
  }
}

class Scanner {
 public:
  explicit Scanner(const std::byte* start) : start_(start) {}

  Status Scan(MessageKind kind, std::span<const std::byte> message, int depth, std::string& out) {
    if (depth > kMaxMessageDepth) {
      return InvalidArgument("graphs nest deeper than ", kMaxSubgraphDepth);
    }
    if (++messages_ > kMaxMessages) {
      return InvalidArgument("has more than ", kMaxMessages, " nodes, attributes and tensors");
    }
    Payload payload;
    WireReader reader(message);
    WireField field;
    while (reader.Next(field)) {
      const FieldRole role = RoleOf(kind, field.number);
      if (role == FieldRole::kDrop) continue;
      if (role == FieldRole::kPayload) {
        payload.pieces.push_back({field.number, field.type, field.bytes});
      } else if (role == FieldRole::kCopy) {
        out.append(reinterpret_cast<const char*>(field.whole.data()), field.whole.size());
      } else {
        if (field.type != WireType::kBytes) return Malformed(field.whole.data());
        std::string inner;
        PLUMB_RETURN_IF_ERROR(Scan(KindOf(role), field.bytes, depth + 1, inner));
        AppendBytesHeader(out, field.number, inner.size());
        out += inner;
      }
      if (out.size() > kMaxStructureBytes) {
        return InvalidArgument("has more than ", kMaxStructureBytes >> 20,
                               " MiB of structure beside its weights");
      }
    }
    if (reader.failed()) return Malformed(reader.position());
    if (!payload.pieces.empty()) {
      AppendVarintField(out, kScannedPayload, payloads.size());
      payloads.push_back(std::move(payload));
    }
    return OkStatus();
  }

  std::vector<Payload> payloads;

 private:
  Status Malformed(const std::byte* at) const {
    return InvalidArgument("is not an ONNX model, or is cut off: malformed at byte ", at - start_);
  }

  const std::byte* start_;
  std::int64_t messages_ = 0;
};

}  // namespace

StatusOr<ScannedMessage> ScanMessage(MessageKind kind, std::span<const std::byte> bytes) {
  Scanner scanner(bytes.data());
  ScannedMessage result;
  PLUMB_RETURN_IF_ERROR(scanner.Scan(kind, bytes, 0, result.structure));
  result.payloads = std::move(scanner.payloads);
  return result;
}

}  // namespace plumb::onnx
