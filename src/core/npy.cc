#include "core/npy.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/file_io.h"
#include "core/mapped_file.h"

namespace plumb {
namespace {

constexpr std::string_view kMagic("\x93NUMPY", 6);
constexpr std::size_t kHeaderAlignment = 64;

struct Row {
  std::string_view code;
  DType dtype;
};
constexpr Row kTypes[] = {{"f4", DType::kFloat32}, {"f8", DType::kFloat64}, {"f2", DType::kFloat16},
                          {"i1", DType::kInt8},    {"i2", DType::kInt16},   {"i4", DType::kInt32},
                          {"i8", DType::kInt64},   {"u1", DType::kUInt8},   {"u2", DType::kUInt16},
                          {"u4", DType::kUInt32},  {"u8", DType::kUInt64},  {"b1", DType::kBool}};

struct Header {
  DType dtype = DType::kUndefined;
  bool fortran_order = false;
  Shape shape;
};

// Reads the Python dictionary {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }.
class HeaderReader {
 public:
  explicit HeaderReader(std::string_view text) : rest_(text) {}

  StatusOr<Header> Read() {
    Header header;
    bool descr = false, order = false, shape = false;
    if (!Take('{')) return Malformed();
    while (!Take('}')) {
      const std::optional<std::string_view> key = Quoted();
      if (!key || !Take(':')) return Malformed();
      if (*key == "descr") {
        PLUMB_ASSIGN_OR_RETURN(header.dtype, Type());
        descr = true;
      } else if (*key == "fortran_order") {
        header.fortran_order = Word("True");
        if (!header.fortran_order && !Word("False")) return Malformed();
        order = true;
      } else if (*key == "shape") {
        PLUMB_ASSIGN_OR_RETURN(header.shape, Sizes());
        shape = true;
      } else {
        return Malformed();
      }
      if (!Take(',') && Peek() != '}') return Malformed();
    }
    if (!descr || !order || !shape) return Malformed();
    return header;
  }

 private:
  static Status Malformed() {
    return InvalidArgument(
        "its header is malformed; expected {'descr': ..., 'fortran_order': ..., 'shape': ...}");
  }
  char Peek() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n')) rest_.remove_prefix(1);
    return rest_.empty() ? '\0' : rest_[0];
  }
  bool Take(char c) {
    if (Peek() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool Word(std::string_view word) {
    Peek();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  std::optional<std::string_view> Quoted() {
    const char quote = Peek();
    if (quote != '\'' && quote != '"') return std::nullopt;
    const std::size_t end = rest_.find(quote, 1);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view text = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return text;
  }
  StatusOr<DType> Type() {
    const std::optional<std::string_view> text = Quoted();
    const std::string_view order = "<|=";
    if (text && text->size() == 3 && order.find((*text)[0]) != std::string_view::npos) {
      for (const Row& row : kTypes) {
        if (row.code == text->substr(1)) return row.dtype;
      }
    }
    return Unimplemented(
        "element type ", text ? absl::StrCat("'", Str(*text), "'") : std::string("of records"),
        " is not supported; little-endian f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1 are");
  }
  StatusOr<Shape> Sizes() {
    std::vector<std::int64_t> sizes;
    if (!Take('(')) return Malformed();
    while (!Take(')')) {
      Peek();
      std::int64_t size = 0;
      const auto read = std::from_chars(rest_.data(), rest_.data() + rest_.size(), size);
      if (read.ec != std::errc() || sizes.size() > kMaxRank) return Malformed();
      rest_.remove_prefix(static_cast<std::size_t>(read.ptr - rest_.data()));
      Take('L');  // as Python 2 wrote them
      sizes.push_back(size);
      if (!Take(',') && Peek() != ')') return Malformed();
    }
    return MakeShape(sizes);
  }

  std::string_view rest_;
};

// Fortran order counts the first index fastest: `src` is the reversed shape in C order.
void CopyFromFortran(const std::byte* src, const Shape& shape, std::size_t width, std::byte* dst) {
  const std::int64_t count = NumElements(shape);
  Shape index(shape.rank(), 0);
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t offset = 0;
    for (int axis = shape.rank() - 1; axis >= 0; --axis)
      offset = offset * shape[axis] + index[axis];
    std::memcpy(dst + static_cast<std::size_t>(i) * width,
                src + static_cast<std::size_t>(offset) * width, width);
    for (int axis = shape.rank() - 1; axis >= 0 && ++index[axis] == shape[axis]; --axis) {
      index[axis] = 0;
    }
  }
}

// The tensor as one that NumPy has a type for.
StatusOr<Tensor> Storable(const Tensor& tensor) {
  switch (tensor.dtype()) {
    case DType::kBFloat16: return FromDoubles(DType::kFloat32, tensor.shape(), ToDoubles(tensor));
    case DType::kInt4:
    case DType::kUInt4: {
      PLUMB_ASSIGN_OR_RETURN(Tensor wide, Tensor::TryAllocate(DType::kInt8, tensor.shape()));
      const auto* nibbles = static_cast<const unsigned char*>(tensor.raw());
      const bool is_signed = tensor.dtype() == DType::kInt4;
      const std::span<std::int8_t> out = wide.mutable_data<std::int8_t>();
      for (std::size_t i = 0; i < out.size(); ++i) {
        const int value = i % 2 == 0 ? nibbles[i / 2] & 15 : nibbles[i / 2] >> 4;
        out[i] = static_cast<std::int8_t>(is_signed && value > 7 ? value - 16 : value);
      }
      return wide;
    }
    case DType::kString:
    case DType::kUndefined: return Unimplemented("strings cannot be written as .npy");
    default: return tensor;
  }
}

}  // namespace

StatusOr<Tensor> ParseNpy(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(kMagic) || text.size() < 10) return InvalidArgument("is not a .npy file");
  const auto byte = [&text](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(text[i]));
  };
  const std::size_t version = byte(6);
  if (version < 1 || version > 3) {
    return Unimplemented("has .npy version ", version, "; 1 to 3 are supported");
  }
  const std::size_t start = version == 1 ? 10 : 12;
  if (text.size() < start) return InvalidArgument("is cut off");
  std::size_t length = byte(8) | byte(9) << 8;
  if (version > 1) length |= byte(10) << 16 | byte(11) << 24;
  if (length > text.size() - start) return InvalidArgument("is cut off");
  PLUMB_ASSIGN_OR_RETURN(const Header header, HeaderReader(text.substr(start, length)).Read());
  const std::span<const std::byte> data = bytes.subspan(start + length);
  const std::int64_t needed = StorageBytes(header.dtype, NumElements(header.shape));
  if (static_cast<std::int64_t>(data.size()) != needed) {
    return InvalidArgument("has ", data.size(), " bytes of data, ", Str(DTypeName(header.dtype)),
                           " ", header.shape.ToString(), " needs ", needed);
  }
  PLUMB_ASSIGN_OR_RETURN(Tensor tensor, Tensor::TryAllocate(header.dtype, header.shape));
  auto* out = static_cast<std::byte*>(tensor.mutable_raw());
  if (header.fortran_order) {
    const auto width = static_cast<std::size_t>(StorageBytes(header.dtype, 1));
    CopyFromFortran(data.data(), header.shape, width, out);
  } else if (needed > 0) {
    std::memcpy(out, data.data(), data.size());
  }
  if (header.dtype == DType::kBool) {  // any other byte must not be read as a bool
    for (std::int64_t i = 0; i < needed; ++i) out[i] = std::byte{out[i] != std::byte{0}};
  }
  return tensor;
}

StatusOr<std::string> SerializeNpy(const Tensor& original) {
  PLUMB_ASSIGN_OR_RETURN(const Tensor tensor, Storable(original));
  const Row* row = std::ranges::find(kTypes, tensor.dtype(), &Row::dtype);
  std::string header = "{'descr': '";
  header += StorageBytes(tensor.dtype(), 1) == 1 ? '|' : '<';
  header += row->code;
  header += "', 'fortran_order': False, 'shape': (";
  for (std::int64_t size : tensor.shape()) absl::StrAppend(&header, size, ", ");
  if (tensor.rank() > 1) header.erase(header.size() - 2);
  header += "), }";
  const std::size_t used = kMagic.size() + 4 + header.size() + 1;
  header.append((kHeaderAlignment - used % kHeaderAlignment) % kHeaderAlignment, ' ');
  header += '\n';
  std::string result(kMagic);
  result += std::string("\x01\x00", 2);
  result += static_cast<char>(header.size() & 0xff);
  result += static_cast<char>(header.size() >> 8);
  result += header;
  result.append(static_cast<const char*>(tensor.raw()), static_cast<std::size_t>(tensor.bytes()));
  return result;
}

StatusOr<Tensor> ReadNpy(const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(const auto file, MappedFile::Open(path));
  StatusOr<Tensor> tensor = ParseNpy(file->bytes());
  if (!tensor.ok()) return Annotate(tensor.status(), "'" + path + "'");
  return tensor;
}

Status WriteNpy(const std::string& path, const Tensor& tensor) {
  const StatusOr<std::string> bytes = SerializeNpy(tensor);
  if (!bytes.ok()) return Annotate(bytes.status(), "'" + path + "'");
  return WriteFileAtomically(path, *bytes);
}

}  // namespace plumb
