// Constants in the text form.
#include <charconv>
#include <cmath>

#include "absl/strings/str_format.h"
#include "core/hash.h"
#include "graph/text_cursor.h"
#include "graph/text_name.h"

namespace plumb {
namespace {

template <typename T>
std::string Shortest(T value) {
  char text[40];
  return std::string(text, std::to_chars(text, text + sizeof(text), value).ptr);
}

template <typename T>
std::string ElementText(T value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else if constexpr (std::is_arithmetic_v<T>) {
    return Shortest(value);
  } else {
    return Shortest(static_cast<float>(value));
  }
}

// A NaN has bits that its text does not carry.
template <typename T>
bool HasNan(std::span<const T> elements) {
  for (const T element : elements) {
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isnan(element)) return true;
    } else if constexpr (!std::is_integral_v<T>) {
      if (std::isnan(static_cast<float>(element))) return true;
    }
  }
  return false;
}

std::string HexText(const Tensor& tensor) {
  std::string text = "hex \"";
  const auto* bytes = static_cast<const unsigned char*>(tensor.raw());
  for (std::int64_t i = 0; i < tensor.bytes(); ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text + "\"";
}

// Tells constants apart in a listing.
std::uint64_t Digest(const Tensor& tensor) {
  std::uint64_t hash = Fnv1a("");
  const auto add = [&hash](const void* data, std::size_t size) {
    hash = Fnv1a({static_cast<const char*>(data), size}, hash);
  };
  if (tensor.dtype() == DType::kString) {
    for (const std::string& element : tensor.data<std::string>()) {
      add(element.c_str(), element.size() + 1);
    }
  } else {
    add(tensor.raw(), static_cast<std::size_t>(tensor.bytes()));
  }
  return hash;
}

template <typename T, typename Fn>
std::string Listed(std::span<const T> elements, Fn&& element_text) {
  std::string text = "{";
  for (std::size_t i = 0; i < elements.size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", element_text(elements[i]));
  }
  return text + "}";
}

}  // namespace

std::string FloatText(float value) {
  std::string text = Shortest(value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

std::string LiteralText(const Tensor& tensor, std::int64_t max_elements, bool full) {
  const bool short_list = tensor.num_elements() <= max_elements;
  if (!short_list && !full) return absl::StrFormat("digest(x%016x)", Digest(tensor));
  if (tensor.dtype() == DType::kString) {
    return Listed(tensor.data<std::string>(), [](const std::string& s) { return QuotedText(s); });
  }
  if (!short_list) return HexText(tensor);
  const std::string listed = VisitNumber(
      tensor.dtype(),
      [&]<typename T>(T) -> std::string {
        if (HasNan(tensor.data<T>())) return "";
        return Listed(tensor.data<T>(), [](T element) { return ElementText(element); });
      },
      std::string());
  return listed.empty() ? HexText(tensor) : listed;
}

}  // namespace plumb
