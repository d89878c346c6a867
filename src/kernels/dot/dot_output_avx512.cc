#include "kernels/simd/narrow_avx512.h"

#include "kernels/dot/dot_output-inl.h"

namespace plumb::kernels {
namespace {

// One vector of IntegersOf before the zero point is added; what is too small for an int32 becomes
// the least one.
template <bool kInner, Lanes kResidual>
PLUMB_INLINE __m512i StepsOf(const DotIntegers& out, int64_t row, int64_t j, IVec offset,
                             Vec scale) {
  const IVec sum = AddInt(LoadInt(out.sums + row * kDotColumns + j), offset);
  Vec x = ToFloat(sum) * scale;
  if constexpr (kInner) {
    x = RoundEven(Max(Broadcast(out.inner_low), Min(Broadcast(out.inner_high), x))) *
        Broadcast(out.inner_step);
  }
  if constexpr (kResidual != Lanes::kNone) {
    const Vec y =
        LoadLanes<kResidual>(out.residual_rows[row] + out.residual_offset, j, Vec::kLanes) -
        Broadcast(static_cast<float>(out.residual_zero));
    x = Rounded(x) + Rounded(y * Broadcast(out.residual_step));
  }
  return ToInt(Min(Broadcast(out.high), x)).v;
}

// A whole row of 8-bit results at once: narrowing saturates, so that the lower bound is left to the
// bytes. Equal to IntegersOf, in two thirds of the instructions.
template <bool kInner, Lanes kResidual, bool kSigned>
void NarrowRows(const DotIntegers& out) {
  const IVec offset[2] = {LoadInt(out.offset), LoadInt(out.offset + 16)};
  const Vec scale[2] = {Load(out.scale), Load(out.scale + 16)};
  const __m512i zero = _mm512_set1_epi16(static_cast<int16_t>(out.dst_zero));
  const auto least = _mm_cvtss_si32(_mm_set_ss(out.low)) + out.dst_zero;
  const __m256i low = _mm256_set1_epi8(static_cast<char>(least));
  // Narrowing works within quarters of a register.
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 0, 0, 0, 0, 0, 0, 0, 0);
  for (int64_t r = 0; r < out.rows; ++r) {
    const __m512i words = _mm512_adds_epi16(
        _mm512_packs_epi32(StepsOf<kInner, kResidual>(out, r, 0, offset[0], scale[0]),
                           StepsOf<kInner, kResidual>(out, r, 16, offset[1], scale[1])),
        zero);
    const __m512i bytes =
        kSigned ? _mm512_packs_epi16(words, words) : _mm512_packus_epi16(words, words);
    const __m256i row =
        _mm512_castsi512_si256(_mm512_maskz_permutexvar_epi32(0xFFFF, order, bytes));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out.dst_rows[r] + out.dst_offset),
                        kSigned ? _mm256_max_epi8(row, low) : _mm256_max_epu8(row, low));
  }
}

template <bool kInner, Lanes kResidual>
void NarrowRowsTo(const DotIntegers& out) {
  out.dst == DotIntegers::kI8 ? NarrowRows<kInner, kResidual, true>(out)
                              : NarrowRows<kInner, kResidual, false>(out);
}

void Integers(const DotIntegers& out) {
  const bool bytes = out.dst == DotIntegers::kI8 || out.dst == DotIntegers::kU8;
  if (!bytes || out.columns != kDotColumns) return WriteIntegers(out);
  if (out.residual_rows != nullptr) {
    return out.residual == DotIntegers::kI8 ? NarrowRowsTo<true, Lanes::kI8>(out)
                                            : NarrowRowsTo<true, Lanes::kU8>(out);
  }
  out.requantizes ? NarrowRowsTo<true, Lanes::kNone>(out) : NarrowRowsTo<false, Lanes::kNone>(out);
}

}  // namespace

void DotFloatsAvx512(const DotFloats& out) noexcept { WriteFloats(out); }
void DotIntegersAvx512(const DotIntegers& out) noexcept { Integers(out); }

extern const DotConvert kDotConvertAvx512;
const DotConvert kDotConvertAvx512 = {FromFloats,       ToFloats,    ToInt16<int8_t>,
                                      ToInt16<uint8_t>, Interleave3, CopyRows};

}  // namespace plumb::kernels
