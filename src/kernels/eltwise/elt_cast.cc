// Conversions between every pair of element types.
#include <cstdint>
#include <limits>
#include <type_traits>

#include "core/dtype.h"
#include "kernels/eltwise/elt_kernels.h"

namespace plumb::kernels {
namespace {

template <typename T>
constexpr bool kHalf = std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>;

// Floating to integer truncates and saturates; NaN gives 0.
template <typename To, typename From>
To Truncate(From x) {
  constexpr From kLow = static_cast<From>(std::numeric_limits<To>::lowest());
  // The first value above the range is a power of two and exact.
  constexpr From kAbove = static_cast<From>(std::numeric_limits<To>::max() / 2 + 1) * From{2};
  if (!(x > kLow)) return x == x ? std::numeric_limits<To>::lowest() : To{0};
  if (x >= kAbove) return std::numeric_limits<To>::max();
  return static_cast<To>(x);
}

template <typename To, typename From>
To Convert(From x) {
  if constexpr (std::is_same_v<To, From>) {
    return x;
  } else if constexpr (kHalf<From>) {
    return Convert<To>(static_cast<float>(x));
  } else if constexpr (kHalf<To>) {
    return To(static_cast<float>(x));
  } else if constexpr (std::is_same_v<To, bool>) {
    return x != From{0};
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    return Truncate<To>(x);
  } else {
    return static_cast<To>(x);
  }
}

template <typename From, typename To>
void CastLoop(const EltArgs& args) {
  const From* a = static_cast<const From*>(args.a);
  To* dst = static_cast<To*>(args.dst);
  for (std::int64_t i = 0; i < args.n; ++i) dst[i] = Convert<To>(a[i]);
}

// A byte of a bool from outside may be any number, which a load of type bool must not meet.
template <typename To>
void CastBool(const EltArgs& args) {
  const std::uint8_t* a = static_cast<const std::uint8_t*>(args.a);
  To* dst = static_cast<To*>(args.dst);
  for (std::int64_t i = 0; i < args.n; ++i) dst[i] = Convert<To>(static_cast<float>(a[i] != 0));
}

template <typename From>
EltFn FindFrom(EltType to) {
  switch (to) {
    case EltType::kF32: return CastLoop<From, float>;
    case EltType::kF64: return CastLoop<From, double>;
    case EltType::kF16: return CastLoop<From, Float16>;
    case EltType::kBF16: return CastLoop<From, BFloat16>;
    case EltType::kI8: return CastLoop<From, std::int8_t>;
    case EltType::kI16: return CastLoop<From, std::int16_t>;
    case EltType::kI32: return CastLoop<From, std::int32_t>;
    case EltType::kI64: return CastLoop<From, std::int64_t>;
    case EltType::kU8: return CastLoop<From, std::uint8_t>;
    case EltType::kU16: return CastLoop<From, std::uint16_t>;
    case EltType::kU32: return CastLoop<From, std::uint32_t>;
    case EltType::kU64: return CastLoop<From, std::uint64_t>;
    case EltType::kBool: return CastLoop<From, bool>;
  }
  return nullptr;
}

EltFn FindFromBool(EltType to) {
  switch (to) {
    case EltType::kF32: return CastBool<float>;
    case EltType::kF64: return CastBool<double>;
    case EltType::kF16: return CastBool<Float16>;
    case EltType::kBF16: return CastBool<BFloat16>;
    case EltType::kI8:
    case EltType::kU8:
    case EltType::kBool: return CastBool<std::uint8_t>;
    case EltType::kI16:
    case EltType::kU16: return CastBool<std::uint16_t>;
    case EltType::kI32:
    case EltType::kU32: return CastBool<std::uint32_t>;
    case EltType::kI64:
    case EltType::kU64: return CastBool<std::uint64_t>;
  }
  return nullptr;
}

}  // namespace

EltFn FindEltCast(EltType from, EltType to) {
  switch (from) {
    case EltType::kF32: return FindFrom<float>(to);
    case EltType::kF64: return FindFrom<double>(to);
    case EltType::kF16: return FindFrom<Float16>(to);
    case EltType::kBF16: return FindFrom<BFloat16>(to);
    case EltType::kI8: return FindFrom<std::int8_t>(to);
    case EltType::kI16: return FindFrom<std::int16_t>(to);
    case EltType::kI32: return FindFrom<std::int32_t>(to);
    case EltType::kI64: return FindFrom<std::int64_t>(to);
    case EltType::kU8: return FindFrom<std::uint8_t>(to);
    case EltType::kU16: return FindFrom<std::uint16_t>(to);
    case EltType::kU32: return FindFrom<std::uint32_t>(to);
    case EltType::kU64: return FindFrom<std::uint64_t>(to);
    case EltType::kBool: return FindFromBool(to);
  }
  return nullptr;
}

}  // namespace plumb::kernels
