// Messages as bytes: a magic word, the fields in order, numbers little-endian. Lengths are checked
// against what is left before anything is allocated.
#include <cstring>
#include <limits>

#include "pipeline/message.h"

namespace plumb::pipeline {
namespace {

constexpr std::uint32_t kMagic = 0x314D4C50;  // "PLM1"
constexpr std::int64_t kMaxSide = 1 << 16;

class Writer {
 public:
  template <typename T>
  void Put(T value) {
    static_assert(std::is_arithmetic_v<T>);
    Bytes(&value, sizeof(value));
  }
  void Bytes(const void* data, std::size_t size) {
    out.append(static_cast<const char*>(data), size);
  }
  void Text(std::string_view text) {
    Put<std::uint64_t>(text.size());
    out.append(text);
  }
  std::string out;
};

class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}

  template <typename T>
  T Get() {
    T value{};
    Bytes(&value, sizeof(value));
    return value;
  }
  void Bytes(void* data, std::size_t size) {
    if (size == 0) return;  // `data` may be null: an empty vector has no address
    if (size > left_.size()) {
      ok_ = false;
      left_ = {};
    }
    if (!ok_) {
      std::memset(data, 0, size);
      return;
    }
    std::memcpy(data, left_.data(), size);
    left_.remove_prefix(size);
  }
  // A number of things of `each` bytes at least; 0 and a failure when that many cannot follow.
  std::size_t Count(std::size_t each) {
    const auto count = Get<std::uint64_t>();
    if (count <= left_.size() / each) return static_cast<std::size_t>(count);
    ok_ = false;
    return 0;
  }
  std::string Text() {
    std::string text(Count(1), '\0');
    Bytes(text.data(), text.size());
    return text;
  }
  void Fail() { ok_ = false; }
  bool ok() const { return ok_; }
  bool at_end() const { return left_.empty(); }
  std::size_t left() const { return left_.size(); }

 private:
  std::string_view left_;
  bool ok_ = true;
};

void Write(const Image& image, Writer* w) {
  w->Put<std::int32_t>(image.width);
  w->Put<std::int32_t>(image.height);
  for (int y = 0; y < image.height; ++y) {
    w->Bytes(image.pixels.get() + y * image.row_bytes, static_cast<std::size_t>(image.width) * 3);
  }
}

void Read(Reader* r, Image* image) {
  image->width = r->Get<std::int32_t>();
  image->height = r->Get<std::int32_t>();
  const bool sane = image->width >= 1 && image->height >= 1 && image->width <= kMaxSide &&
                    image->height <= kMaxSide;
  image->row_bytes = std::int64_t{3} * image->width;
  const std::size_t bytes = sane ? static_cast<std::size_t>(image->row_bytes * image->height) : 0;
  if (!sane || bytes > r->left()) return r->Fail();
  image->pixels = std::make_shared<std::uint8_t[]>(bytes);
  r->Bytes(image->pixels.get(), bytes);
}

void Write(const Tensor& tensor, Writer* w) {
  w->Put<std::uint8_t>(static_cast<std::uint8_t>(tensor.dtype()));
  w->Put<std::uint8_t>(static_cast<std::uint8_t>(tensor.rank()));
  for (std::int64_t size : tensor.shape()) w->Put(size);
  w->Bytes(tensor.raw(), static_cast<std::size_t>(tensor.bytes()));
}

void Read(Reader* r, Tensor* tensor) {
  const auto type = r->Get<std::uint8_t>();
  const auto rank = r->Get<std::uint8_t>();
  if (type == 0 || type > static_cast<std::uint8_t>(DType::kUInt4) ||
      type == static_cast<std::uint8_t>(DType::kString) || rank > kMaxRank) {
    return r->Fail();
  }
  std::vector<std::int64_t> sizes(rank);
  for (auto& size : sizes) size = r->Get<std::int64_t>();
  const StatusOr<Shape> shape = MakeShape(sizes);
  if (!shape.ok()) return r->Fail();
  const std::int64_t bytes = StorageBytes(static_cast<DType>(type), NumElements(*shape));
  if (bytes < 0 || static_cast<std::uint64_t>(bytes) > r->left()) return r->Fail();
  *tensor = Tensor::Zeros(static_cast<DType>(type), *shape);
  auto* elements = static_cast<std::uint8_t*>(tensor->mutable_raw());
  r->Bytes(elements, static_cast<std::size_t>(bytes));
  // A bool of another value than 0 and 1 must not be read as one.
  for (std::int64_t i = 0; tensor->dtype() == DType::kBool && i < bytes; ++i) {
    elements[i] = elements[i] != 0;
  }
}

void Write(const Placement& placement, Writer* w) {
  for (double v : {placement.scale_x, placement.scale_y, placement.offset_x, placement.offset_y}) {
    w->Put(v);
  }
  w->Put<std::int32_t>(placement.width);
  w->Put<std::int32_t>(placement.height);
}

void Read(Reader* r, Placement* placement) {
  for (double* v :
       {&placement->scale_x, &placement->scale_y, &placement->offset_x, &placement->offset_y}) {
    *v = r->Get<double>();
  }
  placement->width = r->Get<std::int32_t>();
  placement->height = r->Get<std::int32_t>();
}

void Write(const Detections& detections, Writer* w) {
  w->Put<std::uint64_t>(detections.size());
  for (const Detection& d : detections) {
    for (float v : {d.x0, d.y0, d.x1, d.y1, d.score, d.similarity}) w->Put(v);
    w->Put<std::int32_t>(d.label);
    w->Text(d.name);
    w->Put<std::uint64_t>(d.landmarks.size());
    for (const Point& point : d.landmarks) {
      w->Put(point.x);
      w->Put(point.y);
    }
  }
}

void Read(Reader* r, Detections* detections) {
  constexpr std::size_t kLeastBytes = 6 * 4 + 4 + 8 + 8;
  detections->resize(r->Count(kLeastBytes));
  for (Detection& d : *detections) {
    for (float* v : {&d.x0, &d.y0, &d.x1, &d.y1, &d.score, &d.similarity}) *v = r->Get<float>();
    d.label = r->Get<std::int32_t>();
    d.name = r->Text();
    d.landmarks.resize(r->Count(8));
    for (Point& point : d.landmarks) {
      point.x = r->Get<float>();
      point.y = r->Get<float>();
    }
  }
}

void Write(const Embeddings& embeddings, Writer* w) {
  w->Put<std::int32_t>(embeddings.dims);
  w->Put<std::uint64_t>(embeddings.values.size());
  w->Bytes(embeddings.values.data(), embeddings.values.size());
  w->Put<std::uint64_t>(embeddings.unit.size());
  w->Bytes(embeddings.unit.data(), embeddings.unit.size() * sizeof(float));
}

void Read(Reader* r, Embeddings* embeddings) {
  embeddings->dims = r->Get<std::int32_t>();
  embeddings->values.resize(r->Count(1));
  r->Bytes(embeddings->values.data(), embeddings->values.size());
  embeddings->unit.resize(r->Count(sizeof(float)));
  r->Bytes(embeddings->unit.data(), embeddings->unit.size() * sizeof(float));
  const auto dims = static_cast<std::size_t>(embeddings->dims);
  if (embeddings->dims < 0 ||
      (dims == 0 ? !embeddings->values.empty() : embeddings->values.size() % dims != 0)) {
    r->Fail();
  }
}

void Write(const Note& note, Writer* w) { w->Text(note.json); }
void Read(Reader* r, Note* note) { note->json = r->Text(); }

template <std::size_t... kIndex>
Payload ReadPayload(Reader* r, std::size_t index, std::index_sequence<kIndex...>) {
  Payload payload;
  const auto read = [&]<std::size_t k>() {
    if (index == k) Read(r, &payload.emplace<k>());
  };
  (read.template operator()<kIndex>(), ...);
  return payload;
}

}  // namespace

StatusOr<std::string> SerializeMessage(const Message& message) {
  Writer w;
  w.Put(kMagic);
  w.Put(message.trace);
  w.Put(message.frame);
  w.Put(message.seconds);
  w.Put(message.due_ns);
  w.Put(message.ready_ns);
  w.Put<std::uint8_t>(message.failed ? 1 : 0);
  w.Text(message.origin);
  w.Put<std::uint64_t>(message.payloads().size());
  for (const auto& [name, payload] : message.payloads()) {
    const Tensor* tensor = std::get_if<Tensor>(&payload);
    if (tensor != nullptr && (!tensor->defined() || tensor->dtype() == DType::kString)) {
      return InvalidArgument("'", name, "' cannot leave the process: a tensor of ",
                             Str(DTypeName(tensor->dtype())), ", expected one of numbers");
    }
    w.Text(name);
    w.Put<std::uint8_t>(static_cast<std::uint8_t>(payload.index()));
    std::visit([&](const auto& value) { Write(value, &w); }, payload);
  }
  return std::move(w.out);
}

StatusOr<Message> DeserializeMessage(std::string_view bytes) {
  Reader r(bytes);
  if (r.Get<std::uint32_t>() != kMagic) {
    return InvalidArgument("these ", bytes.size(), " bytes are no message of a pipeline");
  }
  Message message;
  message.trace = r.Get<std::uint64_t>();
  message.frame = r.Get<std::int64_t>();
  message.seconds = r.Get<double>();
  message.due_ns = r.Get<std::int64_t>();
  message.ready_ns = r.Get<std::int64_t>();
  message.failed = r.Get<std::uint8_t>() != 0;
  message.origin = r.Text();
  const std::size_t count = r.Count(9);
  for (std::size_t i = 0; i < count && r.ok(); ++i) {
    const std::string name = r.Text();
    const std::size_t index = r.Get<std::uint8_t>();
    if (index >= std::variant_size_v<Payload>) {
      return InvalidArgument("a message has a payload of type ", index, ", which is not known");
    }
    message.Set(name,
                ReadPayload(&r, index, std::make_index_sequence<std::variant_size_v<Payload>>()));
  }
  if (!r.ok() || !r.at_end()) {
    return InvalidArgument("a message of ", bytes.size(), " bytes is ",
                           r.ok() ? "longer than it says" : "cut off or damaged");
  }
  return message;
}

}  // namespace plumb::pipeline
