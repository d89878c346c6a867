#include "ops/cast_element.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "ops/element_type.h"
#include "ops/number.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

bool IsInt4(DType type) { return type == DType::kInt4 || type == DType::kUInt4; }

std::int8_t Int4At(const Tensor& x, std::int64_t i) {
  const auto byte = static_cast<const std::uint8_t*>(x.raw())[i / 2];
  const int nibble = i % 2 == 0 ? byte & 15 : byte >> 4;
  return static_cast<std::int8_t>(x.dtype() == DType::kInt4 && nibble > 7 ? nibble - 16 : nibble);
}

void SetInt4(Tensor* y, std::int64_t i, std::int64_t value) {
  auto& byte = static_cast<std::uint8_t*>(y->mutable_raw())[i / 2];
  const int nibble = static_cast<int>(value & 15);
  byte =
      static_cast<std::uint8_t>(i % 2 == 0 ? (byte & 0xF0) | nibble : (byte & 0x0F) | nibble << 4);
}

// As int8, which holds both four-bit types.
StatusOr<Tensor> Unpacked(const Tensor& x) {
  PLUMB_ASSIGN_OR_RETURN(Tensor result, Tensor::TryAllocate(DType::kInt8, x.shape()));
  for (std::int64_t i = 0; i < x.num_elements(); ++i) {
    result.mutable_data<std::int8_t>()[static_cast<std::size_t>(i)] = Int4At(x, i);
  }
  return result;
}

StatusOr<Tensor> ToInt4(const Tensor& x, DType type) {
  PLUMB_ASSIGN_OR_RETURN(Tensor result, Tensor::TryAllocate(type, x.shape()));
  const std::vector<std::int64_t> values = ToInt64s(x);
  for (std::size_t i = 0; i < values.size(); ++i) {
    SetInt4(&result, static_cast<std::int64_t>(i), values[i]);
  }
  return result;
}

template <typename From, typename To>
To Convert(From value) {
  if constexpr (kIsReal<From>) {
    return FromDouble<To>(AsDouble(value));
  } else if constexpr (kIsReal<To>) {
    return FromDouble<To>(static_cast<double>(value));
  } else {
    return Wrap<To>(static_cast<Wide>(value));
  }
}

// The shortest decimal number that reads back equal.
template <typename T>
std::string Print(T value) {
  if constexpr (kIsReal<T>) {
    const double x = AsDouble(value);
    if (std::isnan(x)) return "NaN";
    if (std::isinf(x)) return x > 0 ? "INF" : "-INF";
    char text[40];
    for (int digits = 1; digits <= 17; ++digits) {
      std::snprintf(text, sizeof text, "%.*g", digits, x);
      if (AsDouble(FromDouble<T>(std::strtod(text, nullptr))) == x) break;
    }
    return text;
  } else if constexpr (std::is_same_v<T, bool>) {
    return value ? "1" : "0";
  } else {
    return absl::StrCat(static_cast<std::int64_t>(value) < 0 || sizeof(T) < 8
                            ? absl::StrCat(static_cast<std::int64_t>(value))
                            : absl::StrCat(static_cast<std::uint64_t>(value)));
  }
}

StatusOr<double> Parse(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || end != text.c_str() + text.size()) {
    return InvalidArgument("string '", text.substr(0, 40), "' is not a number");
  }
  return value;
}

StatusOr<Tensor> FromStrings(const Tensor& x, DType type) {
  std::vector<double> values;
  for (const std::string& text : x.data<std::string>()) {
    PLUMB_ASSIGN_OR_RETURN(const double value, Parse(text));
    values.push_back(value);
  }
  return FromDoubles(type, x.shape(), values);
}

StatusOr<Tensor> ToStrings(const Tensor& x) {
  PLUMB_ASSIGN_OR_RETURN(Tensor result, Tensor::TryAllocate(DType::kString, x.shape()));
  VisitNumber(
      x.dtype(),
      [&]<typename T>(T) {
        for (std::size_t i = 0; i < x.data<T>().size(); ++i) {
          result.mutable_data<std::string>()[i] = Print(x.data<T>()[i]);
        }
        return true;
      },
      false);
  return result;
}

}  // namespace

StatusOr<Tensor> CastTensor(const Tensor& x, DType type) {
  if (x.dtype() == type) return x;
  if (IsInt4(x.dtype())) {
    PLUMB_ASSIGN_OR_RETURN(const Tensor unpacked, Unpacked(x));
    return CastTensor(unpacked, type);
  }
  if (x.dtype() == DType::kString) {
    if (IsInt4(type)) return Unimplemented("strings are not cast to ", Str(DTypeName(type)));
    return FromStrings(x, type);
  }
  if (type == DType::kString) return ToStrings(x);
  if (IsInt4(type)) return ToInt4(x, type);
  PLUMB_ASSIGN_OR_RETURN(Tensor y, Tensor::TryAllocate(type, x.shape()));
  VisitNumber(
      x.dtype(),
      [&]<typename From>(From) {
        return VisitNumber(
            type,
            [&]<typename To>(To) {
              const std::span<const From> src = x.data<From>();
              const std::span<To> dst = y.mutable_data<To>();
              for (std::size_t i = 0; i < src.size(); ++i) dst[i] = Convert<From, To>(src[i]);
              return true;
            },
            false);
      },
      false);
  return y;
}

std::vector<Sample> CastSamples(bool like) {
  std::vector<Sample> samples;
  const auto add = [&](DType from, DType to, double low, double high) {
    Sample sample;
    sample.name = Str(DTypeName(from)) + " to " + Str(DTypeName(to));
    sample.inputs = {Random(from, {3, 7}, low, high)};
    if (like) {
      sample.inputs.push_back(Random(to, {1}, 0, 1));
    } else {
      sample.attrs.Set("to", CodeOfElementType(to));
    }
    const bool half = to == DType::kFloat16 || to == DType::kBFloat16;
    sample.tolerance = half ? 1e-2 : 1e-6;
    sample.gradient = to == DType::kFloat32 || to == DType::kFloat64;
    samples.push_back(std::move(sample));
  };
  for (const DType to : {DType::kFloat64, DType::kFloat16, DType::kBFloat16, DType::kInt32,
                         DType::kInt64, DType::kUInt8, DType::kInt8, DType::kBool}) {
    add(DType::kFloat32, to, -300, 300);
  }
  for (const DType from : {DType::kFloat64, DType::kFloat16, DType::kInt64, DType::kUInt8}) {
    add(from, DType::kFloat32, 0, 100);
  }
  add(DType::kBool, DType::kFloat32, 0, 1);
  add(DType::kInt64, DType::kInt32, -1e12, 1e12);
  add(DType::kInt32, DType::kUInt8, -1000, 1000);
  return samples;
}

}  // namespace plumb::ops
