#include "kernels/eltwise/eltwise.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "kernels/testing/kernel_test.h"

namespace plumb::kernels {
namespace {

using testing::Guarded;
using testing::Near;

constexpr DType kF = DType::kFloat32;

EltInstruction Op(EltOp op, int a, int b = 0, int c = 0) {
  EltInstruction in;
  in.op = op;
  in.a = static_cast<std::uint8_t>(a);
  in.b = static_cast<std::uint8_t>(b);
  in.c = static_cast<std::uint8_t>(c);
  return in;
}

class EltwiseTest : public testing::KernelTest {
 protected:
  std::shared_ptr<const EltProgram> Make(std::vector<DType> inputs,
                                         std::vector<EltInstruction> code,
                                         std::vector<int> outputs) {
    auto program = EltProgram::Make(inputs, code, outputs, target_);
    EXPECT_TRUE(program.ok()) << program.status();
    return program.ok() ? *program : nullptr;
  }
  // One contiguous dimension for all operands.
  BoundKernel BindFlat(const EltProgram& program, std::int64_t n) {
    EltProblem problem;
    problem.program = &program;
    problem.sizes = Shape{n};
    for (int o = 0; o < program.inputs() + program.outputs(); ++o) problem.strides[o] = {1};
    return BindEltwise(problem, target_);
  }

  void CheckUnary(const char* name, EltInstruction in, const std::function<double(double)>& want,
                  double relative, double absolute, bool nasty) {
    auto program = Make({kF}, {in}, {1});
    for (std::int64_t n : {0, 1, 7, 16, 33, 5000}) {
      Guarded<float> x(n), y(n);
      FillNormal(&x, 3);
      if (nasty) SprinkleNasty(&x);
      RunTwice(BindFlat(*program, n), {x.data(), y.data()}, 1, &y);
      for (std::size_t i = 0; i < y.size(); ++i) {
        ASSERT_TRUE(Near(y[i], want(x[i]), relative, absolute))
            << name << "(" << x[i] << ") = " << y[i] << ", expected " << want(x[i]);
      }
    }
  }
};

EltInstruction With(EltOp op, double alpha, double beta = 0) {
  EltInstruction in = Op(op, 0);
  in.alpha = alpha;
  in.beta = beta;
  return in;
}

TEST_F(EltwiseTest, UnaryFunctionsAreWithinTheirErrorForEveryInput) {
  const double tiny = 1e-37;  // results below this may lose bits or vanish
  auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  auto clamp01 = [](double x) { return x < 0 ? 0 : x > 1 ? 1 : x; };
  auto at = [](float x) { return static_cast<double>(x); };
  struct Case {
    const char* name;
    EltInstruction in;
    std::function<double(double)> want;
  };
  const std::vector<Case> cases = {
      {"abs", Op(EltOp::kAbs, 0), [](double x) { return std::fabs(x); }},
      {"neg", Op(EltOp::kNeg, 0), [](double x) { return -x; }},
      {"sign", Op(EltOp::kSign, 0), [](double x) { return x > 0   ? 1
                                                          : x < 0 ? -1
                                                                  : x; }},
      {"exp", Op(EltOp::kExp, 0), [](double x) { return std::exp(x); }},
      {"log", Op(EltOp::kLog, 0), [](double x) { return std::log(x); }},
      {"sqrt", Op(EltOp::kSqrt, 0), [](double x) { return std::sqrt(x); }},
      {"rsqrt", Op(EltOp::kRsqrt, 0), [](double x) { return 1 / std::sqrt(x); }},
      {"reciprocal", Op(EltOp::kReciprocal, 0), [](double x) { return 1 / x; }},
      {"floor", Op(EltOp::kFloor, 0), [](double x) { return std::floor(x); }},
      {"ceil", Op(EltOp::kCeil, 0), [](double x) { return std::ceil(x); }},
      {"round", Op(EltOp::kRound, 0), [](double x) { return std::nearbyint(x); }},
      {"tanh", Op(EltOp::kTanh, 0), [](double x) { return std::tanh(x); }},
      {"erf", Op(EltOp::kErf, 0), [](double x) { return std::erf(x); }},
      {"sigmoid", Op(EltOp::kSigmoid, 0), sigmoid},
      {"softplus", Op(EltOp::kSoftplus, 0),
       [](double x) { return (x < 0 ? 0 : x) + std::log1p(std::exp(-std::fabs(x))); }},
      {"softsign", Op(EltOp::kSoftsign, 0), [](double x) { return x / (1 + std::fabs(x)); }},
      {"relu", Op(EltOp::kRelu, 0), [](double x) { return x < 0 ? 0 : x; }},
      {"leaky_relu", With(EltOp::kLeakyRelu, 0.1),
       [at](double x) { return x < 0 ? at(0.1f) * x : x; }},
      {"elu", With(EltOp::kElu, 1.5), [](double x) { return x < 0 ? 1.5 * std::expm1(x) : x; }},
      {"selu", With(EltOp::kSelu, 1.5, 1.25),
       [](double x) { return 1.25 * (x < 0 ? 1.5 * std::expm1(x) : x); }},
      {"celu", With(EltOp::kCelu, 2), [](double x) { return x < 0 ? 2 * std::expm1(x / 2) : x; }},
      {"hard_sigmoid", With(EltOp::kHardSigmoid, 0.25, 0.5),
       [=](double x) { return clamp01(0.25 * x + 0.5); }},
      {"silu", Op(EltOp::kSilu, 0), [=](double x) { return x * sigmoid(x); }},
      {"thresholded_relu", With(EltOp::kThresholdedRelu, 1),
       [](double x) { return x > 1 ? x : 0; }},
      {"clip", With(EltOp::kClip, -1, 2), [](double x) { return x < -1  ? -1
                                                                : x > 2 ? 2
                                                                        : x; }},
      {"sin", Op(EltOp::kSin, 0), [](double x) { return std::sin(x); }},
      {"atan", Op(EltOp::kAtan, 0), [](double x) { return std::atan(x); }},
      {"asinh", Op(EltOp::kAsinh, 0), [](double x) { return std::asinh(x); }},
      {"cosh", Op(EltOp::kCosh, 0), [](double x) { return std::cosh(x); }},
      {"acos", Op(EltOp::kAcos, 0), [](double x) { return std::acos(x); }},
  };
  for (const Case& c : cases) CheckUnary(c.name, c.in, c.want, 1e-6, tiny, true);
}

TEST_F(EltwiseTest, GatedUnitsAreWithinAnErrorRelativeToTheirInput) {
  auto phi = [](double x) { return 0.5 * (1 + std::erf(x / std::sqrt(2.0))); };
  CheckUnary(
      "gelu", Op(EltOp::kGelu, 0), [=](double x) { return x * phi(x); }, 1e-6, 2e-6, false);
  CheckUnary(
      "gelu_tanh", Op(EltOp::kGeluTanh, 0),
      [](double x) {
        return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
      },
      1e-6, 2e-6, false);
  CheckUnary(
      "mish", Op(EltOp::kMish, 0),
      [](double x) { return x * std::tanh((x < 0 ? 0 : x) + std::log1p(std::exp(-std::fabs(x)))); },
      1e-6, 1e-30, false);
  CheckUnary(
      "hard_swish", Op(EltOp::kHardSwish, 0),
      [](double x) {
        double gate = x / 6 + 0.5;
        return x * (gate < 0 ? 0 : gate > 1 ? 1 : gate);
      },
      1e-6, 1e-6, false);
}

TEST_F(EltwiseTest, RandomBroadcastsMatchTheScalarFormula) {
  for (int round = 0; round < 300; ++round) {
    const int rank = static_cast<int>(Uniform(0, 5));
    Shape sizes;
    for (int d = 0; d < rank; ++d) {
      const std::int64_t sizes_of[] = {1, 2, 3, 5, 17, 70, 0};
      sizes.Append(sizes_of[Uniform(0, round % 10 == 0 ? 6 : 5)]);
    }
    if (rank > 0 && NumElements(sizes) > 40000) continue;
    // Random layouts: a permutation of the axes, padding, broadcast axes for the inputs.
    EltProblem problem;
    problem.sizes = sizes;
    std::int64_t spans[4];
    for (int o = 0; o < 4; ++o) {
      std::vector<int> order(static_cast<std::size_t>(rank));
      for (int d = 0; d < rank; ++d) order[std::size_t(d)] = d;
      for (int d = rank - 1; d > 0; --d) {
        if (Uniform(0, 2) == 0) std::swap(order[std::size_t(d)], order[std::size_t(Uniform(0, d))]);
      }
      Strides strides(rank, 0);
      std::int64_t stride = Uniform(0, 5) == 0 ? 3 : 1;
      for (int d = rank - 1; d >= 0; --d) {
        const int axis = order[std::size_t(d)];
        if (o < 3 && Uniform(0, 2) == 0) continue;
        strides[axis] = stride;
        stride = stride * sizes[axis] + (Uniform(0, 4) == 0 ? 5 : 0);
      }
      problem.strides[o] = strides;
      spans[o] = testing::SpanOf(sizes, strides);
    }
    // y = where(a < b, relu(a * b + c), c - a)
    auto program = Make({kF, kF, kF},
                        {Op(EltOp::kLess, 0, 1), Op(EltOp::kMul, 0, 1), Op(EltOp::kAdd, 4, 2),
                         Op(EltOp::kRelu, 5), Op(EltOp::kSub, 2, 0), Op(EltOp::kWhere, 3, 6, 7)},
                        {8});
    ASSERT_NE(program, nullptr);
    problem.program = program.get();
    Guarded<float> a(spans[0]), b(spans[1]), c(spans[2]), y(spans[3]);
    FillNormal(&a);
    FillNormal(&b);
    FillNormal(&c);
    ASSERT_TRUE(CanBindEltwise(problem));
    RunTwice(BindEltwise(problem, target_), {a.data(), b.data(), c.data(), y.data()}, 3, &y);
    std::vector<bool> written(y.size(), false);
    testing::ForEachIndex(sizes, [&](const Dims& at) {
      float va = a[std::size_t(testing::OffsetOf(at, problem.strides[0]))];
      float vb = b[std::size_t(testing::OffsetOf(at, problem.strides[1]))];
      float vc = c[std::size_t(testing::OffsetOf(at, problem.strides[2]))];
      std::size_t o = std::size_t(testing::OffsetOf(at, problem.strides[3]));
      float product = va * vb;
      float want = va < vb ? std::max(0.0f, product + vc) : vc - va;
      ASSERT_EQ(y[o], want);
      written[o] = true;
    });
    for (std::size_t i = 0; i < y.size(); ++i) {
      ASSERT_TRUE(written[i] || y.Poisoned(i)) << "element " << i << " is not of the output";
    }
  }
}

TEST_F(EltwiseTest, OutputMayBeAnInputThatIsReadAgainLater) {
  // t = exp(a); y0 = t + b; y1 = a * b: y0 in the memory of a.
  auto program =
      Make({kF, kF}, {Op(EltOp::kExp, 0), Op(EltOp::kAdd, 2, 1), Op(EltOp::kMul, 0, 1)}, {3, 4});
  const std::int64_t n = 3000;
  Guarded<float> a(n), b(n), y(n);
  FillNormal(&a);
  FillNormal(&b);
  Guarded<float> original = a;
  RunOn(&one_, BindFlat(*program, n), {a.data(), b.data(), a.data(), y.data()});
  for (std::size_t i = 0; i < y.size(); ++i) {
    ASSERT_TRUE(Near(a[i], std::exp(double{original[i]}) + b[i], 1e-6, 1e-6));
    ASSERT_EQ(y[i], original[i] * b[i]);
  }
}

TEST_F(EltwiseTest, PowersWithConstantExponentsKeepTheSpecialCases) {
  for (double exponent : {2.0, 3.0, 0.5, 1.0, -1.0, 1.7}) {
    EltInstruction constant = With(EltOp::kConstant, exponent);
    auto program = Make({kF}, {constant, Op(EltOp::kPow, 0, 1)}, {2});
    Guarded<float> x(500), y(500);
    FillNormal(&x, 3);
    SprinkleNasty(&x);
    RunTwice(BindFlat(*program, 500), {x.data(), y.data()}, 1, &y);
    for (std::size_t i = 0; i < x.size(); ++i) {
      double want = std::pow(static_cast<double>(x[i]), static_cast<float>(exponent));
      ASSERT_TRUE(Near(y[i], want, 1e-6, 1e-37)) << x[i] << "^" << exponent << " = " << y[i];
    }
  }
}

TEST_F(EltwiseTest, IntegersWrapAndDivisionByZeroGivesZero) {
  const std::vector<std::int64_t> values = {0, 1, -1, 7, -7, 3, INT32_MIN, INT32_MAX};
  const std::int64_t n = static_cast<std::int64_t>(values.size() * values.size());
  Guarded<std::int32_t> a(n), b(n), y(n);
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (std::size_t j = 0; j < values.size(); ++j) {
      a[i * values.size() + j] = static_cast<std::int32_t>(values[i]);
      b[i * values.size() + j] = static_cast<std::int32_t>(values[j]);
    }
  }
  auto wrap = [](std::int64_t x) { return static_cast<std::int32_t>(x); };
  const std::vector<std::pair<EltOp, std::function<std::int32_t(std::int64_t, std::int64_t)>>>
      cases = {
          {EltOp::kAdd, [=](auto p, auto q) { return wrap(p + q); }},
          {EltOp::kSub, [=](auto p, auto q) { return wrap(p - q); }},
          {EltOp::kMul, [=](auto p, auto q) { return wrap(p * q); }},
          {EltOp::kDiv, [=](auto p, auto q) { return q == 0 ? 0 : wrap(p / q); }},
          {EltOp::kFmod, [=](auto p, auto q) { return q == 0 ? 0 : wrap(p % q); }},
          {EltOp::kMod, [=](auto p, auto q) { return q == 0 ? 0 : wrap(((p % q) + q) % q); }},
          {EltOp::kMin, [=](auto p, auto q) { return wrap(std::min(p, q)); }},
          {EltOp::kMax, [=](auto p, auto q) { return wrap(std::max(p, q)); }},
      };
  for (const auto& [op, want] : cases) {
    EltInstruction in = Op(op, 0, 1);
    in.type = DType::kInt32;
    auto program = Make({DType::kInt32, DType::kInt32}, {in}, {2});
    RunTwice(BindFlat(*program, n), {a.data(), b.data(), y.data()}, 2, &y);
    for (std::size_t i = 0; i < y.size(); ++i) {
      ASSERT_EQ(y[i], want(a[i], b[i])) << static_cast<int>(op) << " " << a[i] << " " << b[i];
    }
  }
}

TEST_F(EltwiseTest, ClipOfIntegersTakesBoundsBeyondTheType) {
  const std::pair<double, double> bounds[] = {
      {-5, 7}, {-1e30, 3}, {1000, 2000}, {-INFINITY, INFINITY}, {9, 4}};
  for (auto [low, high] : bounds) {
    EltInstruction in = With(EltOp::kClip, low, high);
    in.type = DType::kInt8;
    auto program = Make({DType::kInt8}, {in}, {1});
    Guarded<std::int8_t> x(256), y(256);
    for (std::size_t i = 0; i < 256; ++i) x[i] = static_cast<std::int8_t>(i);
    RunTwice(BindFlat(*program, 256), {x.data(), y.data()}, 1, &y);
    for (std::size_t i = 0; i < 256; ++i) {
      const double bounded = std::min(high, std::max(low, static_cast<double>(x[i])));
      ASSERT_EQ(y[i], std::clamp(bounded, -128.0, 127.0)) << low << " " << high << " " << +x[i];
    }
  }
}

TEST_F(EltwiseTest, QuantizesAndDequantizesAsTheDefinitionSays) {
  for (const DType small : {DType::kInt8, DType::kUInt8}) {
    const bool is_signed = small == DType::kInt8;
    const double low = is_signed ? -128 : 0, high = is_signed ? 127 : 255;
    for (const double zero : {low, 0.0, 3.0, high}) {
      const float scale = 0.0375f;
      EltInstruction down = With(EltOp::kQuantize, scale, zero);
      down.to = small;
      Guarded<float> x(1003);
      FillNormal(&x, 4);
      SprinkleNasty(&x);
      for (std::size_t i = 0; i < 300; ++i) x[i] = (static_cast<float>(i) - 150 + 0.5f) * scale;
      Guarded<std::uint8_t> q(1003);
      RunTwice(BindFlat(*Make({kF}, {down}, {1}), 1003), {x.data(), q.data()}, 1, &q);
      EltInstruction up = With(EltOp::kDequantize, scale, zero);
      up.type = small;
      up.to = kF;
      Guarded<float> back(1003);
      RunTwice(BindFlat(*Make({small}, {up}, {1}), 1003), {q.data(), back.data()}, 1, &back);
      for (std::size_t i = 0; i < 1003; ++i) {
        const double rounded = std::nearbyint(x[i] / scale);
        const double want = std::isnan(x[i]) ? zero : std::clamp(rounded + zero, low, high);
        const double got = is_signed ? static_cast<std::int8_t>(q[i]) : q[i];
        ASSERT_EQ(got, want) << x[i] << " zero point " << zero;
        ASSERT_EQ(back[i], (static_cast<float>(got) - static_cast<float>(zero)) * scale);
      }
    }
  }
}

template <typename T>
class EltwiseCast : public testing::KernelTest {
 protected:
  void Check(const Guarded<float>& x, const std::function<T(float)>& want) {
    EltInstruction in = Op(EltOp::kCast, 0);
    in.to = DTypeOf<T>::value;
    const DType inputs[] = {kF};
    const int outputs[] = {1};
    auto program = EltProgram::Make(inputs, {&in, 1}, outputs, target_);
    ASSERT_TRUE(program.ok()) << program.status();
    const std::int64_t n = static_cast<std::int64_t>(x.size());
    Guarded<T> y(n);
    EltProblem problem;
    problem.program = program->get();
    problem.sizes = Shape{n};
    problem.strides[0] = problem.strides[1] = {1};
    RunTwice(BindEltwise(problem, target_), {const_cast<float*>(x.data()), y.data()}, 1, &y);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const T expected = want(x[i]);
      ASSERT_EQ(std::memcmp(&y[i], &expected, sizeof(T)), 0) << "cast of " << x[i];
    }
  }
};
using CastTypes =
    ::testing::Types<std::int8_t, std::uint8_t, std::int16_t, std::int32_t, std::int64_t,
                     std::uint32_t, std::uint64_t, bool, Float16, BFloat16, double>;
TYPED_TEST_SUITE(EltwiseCast, CastTypes);

TYPED_TEST(EltwiseCast, FromFloatSaturatesTruncatesAndRounds) {
  Guarded<float> x(3000);
  this->FillNormal(&x, 200);
  this->SprinkleNasty(&x);
  const float edges[] = {2147483520.0f, 2147483648.0f, -2147483648.0f, -2147483904.0f, 127.9f,
                         -128.9f,       255.9f,        256.0f,         9.3e18f,        1.9e19f,
                         65504.0f,      65519.0f,      65520.0f};
  for (std::size_t i = 0; i < std::size(edges); ++i) x[i * 5] = edges[i];
  this->Check(x, [](float v) -> TypeParam {
    if constexpr (std::is_same_v<TypeParam, bool>) {
      return v != 0;
    } else if constexpr (std::is_integral_v<TypeParam>) {
      if (std::isnan(v)) return 0;
      const long double low = std::numeric_limits<TypeParam>::lowest();
      const long double high = std::numeric_limits<TypeParam>::max();
      if (v <= low) return std::numeric_limits<TypeParam>::lowest();
      if (v >= high) return std::numeric_limits<TypeParam>::max();
      return static_cast<TypeParam>(v);
    } else {
      return TypeParam(v);
    }
  });
}

TEST_F(EltwiseTest, HalfTypesAndIntegersComeBackToFloat) {
  EltInstruction down = Op(EltOp::kCast, 0), up = Op(EltOp::kCast, 1);
  down.to = DType::kBFloat16;
  up.type = DType::kBFloat16;
  up.to = kF;
  for (DType type : {DType::kBFloat16, DType::kFloat16, DType::kInt8, DType::kInt64}) {
    down.to = up.type = type;
    auto program = Make({kF}, {down, up}, {2});
    Guarded<float> x(100), y(100);
    for (std::size_t i = 0; i < 100; ++i) x[i] = static_cast<float>(i) - 50;
    RunTwice(BindFlat(*program, 100), {x.data(), y.data()}, 1, &y);
    for (std::size_t i = 0; i < 100; ++i) ASSERT_EQ(y[i], x[i]);
  }
}

TEST_F(EltwiseTest, MinAndMaxKeepNaN) {
  auto program = Make({kF, kF}, {Op(EltOp::kMin, 0, 1), Op(EltOp::kMax, 0, 1)}, {2, 3});
  Guarded<float> a(40), b(40), low(40), high(40);
  FillNormal(&a);
  FillNormal(&b);
  for (std::size_t i = 0; i < 40; i += 3) (i % 2 ? a : b)[i] = NAN;
  RunOn(&one_, BindFlat(*program, 40), {a.data(), b.data(), low.data(), high.data()});
  for (std::size_t i = 0; i < 40; ++i) {
    if (i % 3 == 0) {
      EXPECT_TRUE(std::isnan(low[i]) && std::isnan(high[i])) << i;
    } else {
      EXPECT_EQ(low[i], std::min(a[i], b[i]));
      EXPECT_EQ(high[i], std::max(a[i], b[i]));
    }
  }
}

TEST_F(EltwiseTest, ErrorsNameWhatIsWrong) {
  auto error = [&](std::vector<DType> inputs, std::vector<EltInstruction> code,
                   std::vector<int> outputs) {
    return std::string(EltProgram::Make(inputs, code, outputs, target_).status().message());
  };
  EXPECT_EQ(error({kF}, {Op(EltOp::kAdd, 0, 5)}, {1}), "value 5 is used before it is defined");
  EXPECT_EQ(error({kF, DType::kInt64}, {Op(EltOp::kAdd, 0, 1)}, {2}),
            "operand 1 of element-wise instruction 0 is i64, expected f32");
  EXPECT_EQ(error({kF}, {Op(EltOp::kAnd, 0, 0)}, {1}),
            absl::StrCat("element-wise instruction 0 (operation ", static_cast<int>(EltOp::kAnd),
                         ") does not take f32"));
  EXPECT_EQ(error({kF}, {}, {3}), "output value 3 of an element-wise program is not defined");
  EXPECT_EQ(error({DType::kString}, {}, {0}), "element-wise programs take no str");
  EXPECT_EQ(error({kF}, std::vector<EltInstruction>(33, Op(EltOp::kAbs, 0)), {1}),
            "an element-wise program has 33 instructions, at most 32 are possible");
}

}  // namespace
}  // namespace plumb::kernels
