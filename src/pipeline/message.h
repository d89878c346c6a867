// What travels through a pipeline: one item (a frame, an image) with everything that stages have
// found out about it, by name.
//
// Copying a message copies no pixels and no tensor: their bytes are shared and, once they have left
// the stage that made them, never written again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/status.h"
#include "core/tensor.h"

namespace plumb::pipeline {

// Interleaved uint8 RGB: row y begins at pixels + y * row_bytes.
struct Image {
  int width = 0, height = 0;
  std::int64_t row_bytes = 0;
  std::shared_ptr<std::uint8_t[]> pixels;

  std::int64_t bytes() const { return row_bytes * height; }
};

// Where a picture went in a resized one: x' = x * scale_x + offset_x, in continuous coordinates.
struct Placement {
  double scale_x = 1, scale_y = 1, offset_x = 0, offset_y = 0;
  int width = 0, height = 0;  // of the picture
};

struct Point {
  float x = 0, y = 0;
};

// A box with what is known of the thing in it. Pixels of the picture, continuous coordinates.
struct Detection {
  float x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  float score = 0;
  int label = 0;  // class, 0 where the detector knows one
  std::vector<Point> landmarks;
  std::string name;      // of the nearest entry of a gallery; empty: a stranger or not asked
  float similarity = 0;  // to that entry, known or not
};
using Detections = std::vector<Detection>;

// A vector for each detection: of unit length, and the same times 254 as int8.
struct Embeddings {
  int dims = 0;
  std::vector<float> unit;          // [count, dims]
  std::vector<std::int8_t> values;  // [count, dims]
  int count() const { return dims == 0 ? 0 : static_cast<int>(values.size()) / dims; }
};

// What a stage knows of its work on a message, for the records; -1: nothing.
struct WorkAmount {
  std::int64_t items = -1;  // faces, where the work is done for each; one message otherwise
  std::int64_t bytes_in = -1, bytes_out = -1;
};

// JSON text.
struct Note {
  std::string json;
};

using Payload = std::variant<Image, Tensor, Placement, Detections, Embeddings, Note>;

// "an image", "a tensor", ...: for messages about what was expected.
std::string_view PayloadName(std::size_t index);

class Message {
 public:
  std::uint64_t trace = 0;    // position in the source's stream: 0, 1, 2, ...
  std::int64_t frame = 0;     // number within its source: lost and bad ones count
  double seconds = 0;         // time within its file
  std::string origin;         // the file
  std::int64_t due_ns = 0;    // of the recorder's clock
  std::int64_t ready_ns = 0;  // when the stage before was done with it
  WorkAmount work;            // of the stage under way, which may set it; never sent
  bool failed = false;        // bad input: the stages that follow let it pass untouched

  // Replaces what had that name.
  void Set(std::string_view name, Payload payload);
  const Payload* Find(std::string_view name) const;
  void Erase(std::string_view name);
  const std::vector<std::pair<std::string, Payload>>& payloads() const { return payloads_; }

  // The payload of that name and type; the error says what is there instead.
  template <typename T>
  StatusOr<const T*> Get(std::string_view name) const;

 private:
  Status Missing(std::string_view name, std::size_t wanted) const;

  std::vector<std::pair<std::string, Payload>> payloads_;  // a handful: searched in order
};

// A message as bytes, for channels that leave the process, and back. Bytes that are no message end
// in an error. Tensors of numbers only.
StatusOr<std::string> SerializeMessage(const Message& message);
StatusOr<Message> DeserializeMessage(std::string_view bytes);

template <typename T>
StatusOr<const T*> Message::Get(std::string_view name) const {
  const Payload* payload = Find(name);
  const T* value = payload == nullptr ? nullptr : std::get_if<T>(payload);
  if (value == nullptr) return Missing(name, Payload(T()).index());
  return value;
}

}  // namespace plumb::pipeline
