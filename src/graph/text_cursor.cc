#include "graph/text_cursor.h"

#include <charconv>

#include "core/random.h"

namespace plumb {
namespace {

// from_chars wants no plus sign.
template <typename T>
bool ReadWhole(std::string_view text, T& value) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc() && result.ptr == text.data() + text.size();
}

template <typename T>
bool ReadElement(const Token& token, T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    value = token.text == "true" || token.text == "1";
    return value || token.text == "false" || token.text == "0";
  } else if constexpr (std::is_arithmetic_v<T>) {
    return ReadWhole(token.text, value);
  } else {
    float wide = 0;
    const bool read = ReadWhole(token.text, wide);
    value = T(wide);
    return read;
  }
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

bool ReadNumber(const std::string& text, std::int64_t& value) { return ReadWhole(text, value); }
bool ReadNumber(const std::string& text, float& value) { return ReadWhole(text, value); }

bool TokenCursor::TakeSymbol(std::string_view text) {
  if (!AtSymbol(text)) return false;
  Take();
  return true;
}

bool TokenCursor::TakeWord(std::string_view word) {
  if (!AtWord(word)) return false;
  Take();
  return true;
}

Status TokenCursor::Expect(std::string_view symbol) {
  if (TakeSymbol(symbol)) return OkStatus();
  const std::string found = Peek().kind == Token::kEnd ? "the end" : "'" + Peek().text + "'";
  return Error(absl::StrCat("expected '", Str(symbol), "', found ", found));
}

StatusOr<std::string> TokenCursor::Name(std::string_view what) {
  if (Peek().kind == Token::kName || Peek().kind == Token::kString) return Take().text;
  const std::string found = Peek().kind == Token::kEnd ? "the end" : "'" + Peek().text + "'";
  return Error(absl::StrCat("expected ", Str(what), ", found ", found));
}

StatusOr<std::int64_t> TokenCursor::Integer(std::string_view what) {
  std::int64_t value = 0;
  if (Peek().kind != Token::kNumber || !ReadNumber(Peek().text, value)) {
    return Error(absl::StrCat("expected ", Str(what), ", found '", Peek().text, "'"));
  }
  Take();
  return value;
}

StatusOr<Tensor> TokenCursor::Literal(DType dtype, const Shape& shape) {
  const Token start = Peek();
  if (TakeWord("digest")) {
    return ErrorAt(start, "a constant printed as a digest; print with full_constants to read back");
  }
  const StatusOr<std::int64_t> count = CheckedNumElements(shape.span());
  if (!count.ok()) return ErrorAt(start, std::string(count.status().message()));
  if (AtSymbol("{")) return Elements(dtype, shape);
  if (TakeWord("hex")) return Hex(dtype, shape);
  return Generated(dtype, shape, start);
}

StatusOr<Tensor> TokenCursor::Generated(DType dtype, const Shape& shape, const Token& start) {
  const bool seeded = TakeWord("seed");
  if (!seeded && !TakeWord("zeros")) return Error("expected {elements}, zeros, seed(n) or hex");
  const std::int64_t bytes = StorageBytes(dtype, NumElements(shape));
  if (bytes > generated_bytes_) {
    return ErrorAt(start, absl::StrCat(bytes, " bytes that no elements are written for, where ",
                                       generated_bytes_, " are left to this text"));
  }
  generated_bytes_ -= bytes;
  StatusOr<Tensor> tensor = Tensor::TryAllocate(dtype, shape);
  if (!tensor.ok()) return ErrorAt(start, std::string(tensor.status().message()));
  if (seeded) PLUMB_RETURN_IF_ERROR(Seeded(*tensor));
  return tensor;
}

StatusOr<Tensor> TokenCursor::Elements(DType dtype, const Shape& shape) {
  const Token start = Peek();
  PLUMB_RETURN_IF_ERROR(Expect("{"));
  std::vector<Token> elements;
  while (!AtSymbol("}")) {
    if (!elements.empty()) PLUMB_RETURN_IF_ERROR(Expect(","));
    if (Peek().kind == Token::kSymbol || Peek().kind == Token::kEnd) {
      return Error("expected an element or '}'");
    }
    elements.push_back(Take());
  }
  Take();
  if (static_cast<std::int64_t>(elements.size()) != NumElements(shape)) {
    return ErrorAt(start, absl::StrCat(elements.size(), " elements for shape ", shape.ToString()));
  }
  PLUMB_ASSIGN_OR_RETURN(Tensor tensor, Tensor::TryAllocate(dtype, shape));
  const auto bad = [&](const Token& token) {
    return ErrorAt(token, absl::StrCat("'", token.text, "' is not an element of type ",
                                       Str(DTypeName(tensor.dtype()))));
  };
  if (tensor.dtype() == DType::kString) {
    for (std::size_t i = 0; i < elements.size(); ++i) {
      if (elements[i].kind != Token::kString) return bad(elements[i]);
      tensor.mutable_data<std::string>()[i] = elements[i].text;
    }
    return tensor;
  }
  const Status read = VisitNumber(
      tensor.dtype(),
      [&]<typename T>(T) -> Status {
        for (std::size_t i = 0; i < elements.size(); ++i) {
          const bool good = elements[i].kind != Token::kString &&
                            ReadElement(elements[i], tensor.mutable_data<T>()[i]);
          if (!good) return bad(elements[i]);
        }
        return OkStatus();
      },
      ErrorAt(start, "elements of this type are written as hex \"...\""));
  PLUMB_RETURN_IF_ERROR(read);
  return tensor;
}

StatusOr<Tensor> TokenCursor::Hex(DType dtype, const Shape& shape) {
  const Token token = Peek();
  if (token.kind != Token::kString) return Error("expected hex digits in quotes");
  Take();
  if (dtype == DType::kString) return ErrorAt(token, "strings have no hex form");
  const auto bytes = static_cast<std::size_t>(StorageBytes(dtype, NumElements(shape)));
  if (token.text.size() != 2 * bytes) {
    return ErrorAt(token, absl::StrCat(token.text.size(), " hex digits, expected ", 2 * bytes));
  }
  PLUMB_ASSIGN_OR_RETURN(Tensor tensor, Tensor::TryAllocate(dtype, shape));
  auto* out = static_cast<unsigned char*>(tensor.mutable_raw());
  for (std::size_t i = 0; i < bytes; ++i) {
    const int high = HexValue(token.text[2 * i]);
    const int low = HexValue(token.text[2 * i + 1]);
    if (high < 0 || low < 0) return ErrorAt(token, "not a hex digit (0-9, a-f)");
    out[i] = static_cast<unsigned char>(high * 16 + low);
  }
  return tensor;
}

Status TokenCursor::Seeded(Tensor& tensor) {
  const Token start = Peek();
  PLUMB_RETURN_IF_ERROR(Expect("("));
  PLUMB_ASSIGN_OR_RETURN(const std::int64_t seed, Integer("a seed"));
  PLUMB_RETURN_IF_ERROR(Expect(")"));
  Random random(static_cast<std::uint64_t>(seed));
  return VisitNumber(
      tensor.dtype(),
      [&]<typename T>(T) -> Status {
        for (T& element : tensor.mutable_data<T>()) {
          if constexpr (std::is_same_v<T, bool>) {
            element = random.Uniform(0, 1) == 1;
          } else if constexpr (std::is_integral_v<T>) {
            element =
                static_cast<T>(std::is_signed_v<T> ? random.Uniform(-8, 8) : random.Uniform(0, 15));
          } else {
            element = T(2 * random.NextFloat() - 1);
          }
        }
        return OkStatus();
      },
      ErrorAt(start, "elements of this type cannot be drawn from a seed"));
}

}  // namespace plumb
