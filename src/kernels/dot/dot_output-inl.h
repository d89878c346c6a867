// What happens to sums on their way out, written once over Vec. Include after one of
// simd/narrow_*.h.
#pragma once

#include "kernels/dot/dot_functions.h"
#include "kernels/simd/each_vector-inl.h"

namespace plumb::kernels {
namespace {

enum class Lanes : uint8_t { kNone, kF32, kBF16, kI8, kU8, kI32 };

template <Lanes kType>
PLUMB_INLINE Vec LoadLanes(const char* row, int64_t j, int n) {
  if constexpr (kType == Lanes::kBF16) {
    return LoadBF16(reinterpret_cast<const uint16_t*>(row) + j, n);
  } else if constexpr (kType == Lanes::kI8) {
    return LoadI8(reinterpret_cast<const int8_t*>(row) + j, n);
  } else if constexpr (kType == Lanes::kU8) {
    return LoadU8(reinterpret_cast<const uint8_t*>(row) + j, n);
  } else {
    const float* from = reinterpret_cast<const float*>(row) + j;
    return n == Vec::kLanes ? Load(from) : LoadPartial(from, n);
  }
}

PLUMB_INLINE void StoreF32(char* row, int64_t j, Vec x, int n) {
  float* to = reinterpret_cast<float*>(row) + j;
  if (n == Vec::kLanes) return Store(to, x);
  StorePartial(to, x, n);
}

// --- floating ----------------------------------------------------------------------------------
// Without a type for dst the values stay in `sums` for what comes next.
template <Lanes kResidual, Lanes kDst>
void FloatsOf(const DotFloats& out) {
  const Vec low = Broadcast(out.low), high = Broadcast(out.high);
  ForEachVector(out.columns, [&](int64_t j, int n) {
    const Vec bias = out.bias != nullptr ? Load(out.bias + j) : Broadcast(0.0f);
    for (int64_t r = 0; r < out.rows; ++r) {
      float* sums = out.sums + r * kDotColumns + j;
      Vec x = Load(sums) + bias;
      if constexpr (kResidual != Lanes::kNone) {
        x = x + LoadLanes<kResidual>(out.residual_rows[r] + out.residual_offset, j, n);
      }
      // NaN stays: Min and Max return their second operand when either is NaN.
      x = Max(low, Min(high, x));
      if constexpr (kDst == Lanes::kNone) {
        Store(sums, x);
      } else if constexpr (kDst == Lanes::kBF16) {
        StoreBF16(reinterpret_cast<uint16_t*>(out.dst_rows[r] + out.dst_offset) + j, x, n);
      } else {
        StoreF32(out.dst_rows[r] + out.dst_offset, j, x, n);
      }
    }
  });
}

template <Lanes kResidual>
PLUMB_INLINE void FloatsTo(const DotFloats& out) {
  if (out.dst_rows == nullptr) return FloatsOf<kResidual, Lanes::kNone>(out);
  out.dst_bf16 ? FloatsOf<kResidual, Lanes::kBF16>(out) : FloatsOf<kResidual, Lanes::kF32>(out);
}

void WriteFloats(const DotFloats& out) noexcept {
  if (out.residual_rows == nullptr) return FloatsTo<Lanes::kNone>(out);
  out.residual_bf16 ? FloatsTo<Lanes::kBF16>(out) : FloatsTo<Lanes::kF32>(out);
}

// --- integers ----------------------------------------------------------------------------------
// Keeps the compiler from joining a product with the addition that follows: the same bits on every
// instruction set.
PLUMB_INLINE Vec Rounded(Vec x) {
  asm("" : "+x"(x.v));
  return x;
}

// kInner: rounded to steps of its own first, always so with a residual.
template <bool kInner, Lanes kResidual, Lanes kDst>
void IntegersOf(const DotIntegers& out) {
  const Vec low = Broadcast(out.low), high = Broadcast(out.high);
  const Vec inner_low = Broadcast(out.inner_low), inner_high = Broadcast(out.inner_high);
  const Vec inner_step = Broadcast(out.inner_step), residual_step = Broadcast(out.residual_step);
  const Vec residual_zero = Broadcast(static_cast<float>(out.residual_zero));
  const IVec zero = BroadcastInt(out.dst_zero);
  ForEachVector(out.columns, [&](int64_t j, int n) {
    const IVec offset = LoadInt(out.offset + j);
    const Vec scale = Load(out.scale + j);
    for (int64_t r = 0; r < out.rows; ++r) {
      const IVec sum = AddInt(LoadInt(out.sums + r * kDotColumns + j), offset);
      char* row = out.dst_rows[r] + out.dst_offset;
      if constexpr (kDst == Lanes::kI32) {
        StoreInt(reinterpret_cast<int32_t*>(row) + j, sum, n);
      } else {
        Vec x = ToFloat(sum) * scale;
        if constexpr (kInner) x = RoundEven(Max(inner_low, Min(inner_high, x))) * inner_step;
        if constexpr (kResidual != Lanes::kNone) {
          const Vec y = LoadLanes<kResidual>(out.residual_rows[r] + out.residual_offset, j, n);
          x = Rounded(x) + Rounded((y - residual_zero) * residual_step);
        }
        x = Max(low, Min(high, x));
        if constexpr (kDst == Lanes::kI8) {
          StoreI8(reinterpret_cast<int8_t*>(row) + j, AddInt(ToInt(x), zero), n);
        } else if constexpr (kDst == Lanes::kU8) {
          StoreU8(reinterpret_cast<uint8_t*>(row) + j, AddInt(ToInt(x), zero), n);
        } else {
          StoreF32(row, j, x, n);
        }
      }
    }
  });
}

template <Lanes kResidual>
PLUMB_INLINE void RequantizedTo(const DotIntegers& out) {
  out.dst == DotIntegers::kI8 ? IntegersOf<true, kResidual, Lanes::kI8>(out)
                              : IntegersOf<true, kResidual, Lanes::kU8>(out);
}

void WriteIntegers(const DotIntegers& out) noexcept {
  if (out.residual_rows != nullptr) {
    return out.residual == DotIntegers::kI8 ? RequantizedTo<Lanes::kI8>(out)
                                            : RequantizedTo<Lanes::kU8>(out);
  }
  if (out.requantizes) return RequantizedTo<Lanes::kNone>(out);
  switch (out.dst) {
    case DotIntegers::kI8: return IntegersOf<false, Lanes::kNone, Lanes::kI8>(out);
    case DotIntegers::kU8: return IntegersOf<false, Lanes::kNone, Lanes::kU8>(out);
    case DotIntegers::kI32: return IntegersOf<false, Lanes::kNone, Lanes::kI32>(out);
    case DotIntegers::kF32: return IntegersOf<false, Lanes::kNone, Lanes::kF32>(out);
  }
}

// --- conversions -------------------------------------------------------------------------------
void FromFloats(const float* from, uint16_t* to, int64_t count) noexcept {
  ForEachVector(count, [&](int64_t i, int n) {
    StoreBF16(to + i, n == Vec::kLanes ? Load(from + i) : LoadPartial(from + i, n), n);
  });
}

void ToFloats(const uint16_t* from, float* to, int64_t count) noexcept {
  ForEachVector(count, [&](int64_t i, int n) {
    StoreF32(reinterpret_cast<char*>(to), i, LoadBF16(from + i, n), n);
  });
}

void CopyRows(const char* from, int64_t from_step, char* to, int64_t to_step, int64_t bytes,
              int64_t room, int64_t rows) noexcept {
  for (int64_t r = 0; r < rows; ++r, from += from_step, to += to_step) {
    CopyBytes(to, from, bytes, room);
  }
}

void Interleave3(const uint8_t* const* planes, uint8_t* __restrict__ to, int64_t count) noexcept {
  const uint8_t* a = planes[0];
  const uint8_t* b = planes[1];
  const uint8_t* c = planes[2];
  for (int64_t i = 0; i < count; ++i) {
    to[3 * i] = a[i];
    to[3 * i + 1] = b[i];
    to[3 * i + 2] = c[i];
  }
}

template <typename T>
void ToInt16(const T* from, int16_t* to, int64_t count, int32_t zero) noexcept {
  for (int64_t i = 0; i < count; ++i) to[i] = static_cast<int16_t>(from[i] - zero);
}

}  // namespace
}  // namespace plumb::kernels
