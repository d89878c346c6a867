// fp32 functions over Vec, within about 1e-7 relative error (tests hold them to 1e-6): written once
// for every instruction set. Polynomials are minimax fits on the stated interval. NaN stays NaN,
// infinities and denormals behave as the functions' limits. Include after one of simd/vec_*.h.
#pragma once

namespace plumb::kernels {
namespace {

PLUMB_INLINE Vec Horner(Vec, Vec sum) { return sum; }
template <typename... Rest>
PLUMB_INLINE Vec Horner(Vec x, Vec sum, float next, Rest... rest) {
  return Horner(x, Fma(sum, x, Broadcast(next)), rest...);
}
// first * x^n + ... + last.
template <typename... Rest>
PLUMB_INLINE Vec Polynomial(Vec x, float first, Rest... rest) {
  return Horner(x, Broadcast(first), rest...);
}

// NaN where either is NaN.
PLUMB_INLINE Vec MinNan(Vec a, Vec b) { return Select(IsNan(a), a, Min(a, b)); }
PLUMB_INLINE Vec MaxNan(Vec a, Vec b) { return Select(IsNan(a), a, Max(a, b)); }

// e^x = 2^n e^r with |r| <= ln(2) / 2.
PLUMB_INLINE Vec Exp(Vec x) {
  // The operand order keeps NaN; the bounds lie beyond overflow and underflow to zero.
  Vec limited = Min(Broadcast(89.0f), Max(Broadcast(-105.0f), x));
  Vec n = RoundEven(limited * Broadcast(1.44269504f));
  Vec r = Fma(n, Broadcast(-0x1.62e4p-1f), limited);
  r = Fma(n, Broadcast(-0x1.7f7d1cp-20f), r);
  Vec p = Polynomial(r, 0.001392617612f, 0.008363173075f, 0.04166655466f, 0.1666657703f, 0.5f);
  p = Fma(p * r, r, r) + Broadcast(1.0f);
  return ScaleByPower(p, n);
}

// log(m 2^e) = e ln(2) + log(m), m in [sqrt(1/2), sqrt(2)).
PLUMB_INLINE Vec Log(Vec x) {
  Vec one = Broadcast(1.0f);
  Mask tiny = Less(x, Broadcast(1.17549435e-38f));
  Vec scaled = Select(tiny, x * Broadcast(33554432.0f), x);  // 2^25 lifts denormals
  // Subtracting the bits of sqrt(1/2) puts the exponent of m into [-1/2, 1/2].
  IVec shifted = SubInt(Bits(scaled), BroadcastInt(0x3f3504f3));
  IVec exponent = ShiftRight<23>(shifted);
  Vec m = FromBits(AddInt(AndInt(shifted, BroadcastInt(0x007fffff)), BroadcastInt(0x3f3504f3)));
  Vec e = ToFloat(exponent) - Select(tiny, Broadcast(25.0f), Broadcast(0.0f));
  Vec f = m - one;
  Vec p = Polynomial(f, 0.06971611471f, -0.1147973385f, 0.1168541992f, -0.1242568733f,
                     0.1424905765f, -0.1666780232f, 0.2000071575f, -0.2499999696f, 0.3333333118f);
  Vec square = f * f;
  Vec tail = Fma(e, Broadcast(0x1.7f7d1cp-20f), p * (square * f)) - square * Broadcast(0.5f);
  Vec result = Fma(e, Broadcast(0x1.62e4p-1f), f + tail);
  Vec infinity = Broadcast(INFINITY);
  result = Select(Equal(x, infinity), infinity, result);
  result = Select(Equal(x, Broadcast(0.0f)), Neg(infinity), result);
  return Select(Or(Less(x, Broadcast(0.0f)), IsNan(x)), Broadcast(NAN), result);
}

// log(1 + y) for y >= 0; the rounding of 1 + y is made good to first order.
PLUMB_INLINE Vec Log1pPositive(Vec y) {
  Vec one = Broadcast(1.0f);
  Vec u = one + y;
  return Log(u) + (y - (u - one)) / u;
}

PLUMB_INLINE Vec Tanh(Vec x) {
  Vec a = Abs(x);
  Vec t = x * x;
  Vec p =
      Polynomial(t, -0.006096714166f, 0.020997179f, -0.05385090958f, 0.1333276974f, -0.3333332894f);
  Vec small = Fma(p * t, x, x);
  Vec e = Exp(a + a);
  Vec large = CopySign(Broadcast(1.0f) - Broadcast(2.0f) / (e + Broadcast(1.0f)), x);
  return Select(Less(a, Broadcast(0.625f)), small, large);
}

// Both branches divide by 1 + e^-|x|, so that small results keep their relative precision.
PLUMB_INLINE Vec Sigmoid(Vec x) {
  Vec e = Exp(Neg(Abs(x)));
  Vec numerator = Select(Less(x, Broadcast(0.0f)), e, Broadcast(1.0f));
  return numerator / (Broadcast(1.0f) + e);
}

PLUMB_INLINE Vec Erf(Vec x) {
  Vec a = Abs(x);
  Vec t = x * x;
  Vec small = x * Polynomial(t, -0.0006325501609f, 0.005052985193f, -0.02680375674f, 0.1128274908f,
                             -0.3761257476f, 1.128379161f);
  // log(erfc(a)) on [0.85, 4.2]; erf is 1 in fp32 from 4 on.
  Vec b = Min(Broadcast(4.2f), a);
  Vec q =
      Polynomial(b, 1.57102749e-6f, -4.479854895e-5f, 0.0005866012349f, -0.004713729785f,
                 0.02629617748f, -0.109868913f, -0.6320422119f, -1.130110835f, 0.0002906169293f);
  Vec large = CopySign(Broadcast(1.0f) - Exp(q), x);
  return Select(Less(a, Broadcast(0.85f)), small, large);
}

// max(x, 0) + log(1 + e^-|x|).
PLUMB_INLINE Vec Softplus(Vec x) {
  Vec y = Exp(Neg(Abs(x)));
  return Max(Broadcast(0.0f), x) + Log1pPositive(y);
}

// x tanh(log(1 + e^x)) with e = e^x is x n / (n + 2), n = e (e + 2).
PLUMB_INLINE Vec Mish(Vec x) {
  Vec e = Exp(Min(Broadcast(20.0f), x));
  Vec n = e * (e + Broadcast(2.0f));
  return x * (n / (n + Broadcast(2.0f)));
}

// e^x - 1 without cancellation near zero.
PLUMB_INLINE Vec Expm1(Vec x) {
  Vec t = Tanh(x * Broadcast(0.5f));
  Vec small = (t + t) / (Broadcast(1.0f) - t);
  return Select(Less(Abs(x), Broadcast(0.5f)), small, Exp(x) - Broadcast(1.0f));
}

PLUMB_INLINE Vec Gelu(Vec x) {
  Vec half = x * Broadcast(0.5f);
  return Fma(half, Erf(x * Broadcast(0.70710678f)), half);
}

PLUMB_INLINE Vec GeluTanh(Vec x) {
  Vec cube = x * x * x;
  Vec inner = Fma(cube, Broadcast(0.044715f), x) * Broadcast(0.79788456f);
  Vec half = x * Broadcast(0.5f);
  return Fma(half, Tanh(inner), half);
}

PLUMB_INLINE Vec Clamp01(Vec x) { return Min(Broadcast(1.0f), Max(Broadcast(0.0f), x)); }

}  // namespace
}  // namespace plumb::kernels
