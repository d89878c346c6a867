#include "kernels/gemm/gemm.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernels/gemm/tile_loop.h"
#include "kernels/testing/epilogue_reference.h"
#include "kernels/testing/guard_pages.h"
#include "kernels/testing/kernel_test.h"

namespace plumb::kernels {
namespace {

using Batch = std::array<std::int64_t, 3>;
using testing::Guarded;
using testing::GuardPages;

std::int64_t OffsetOf(const MatrixStrides& strides, const Batch& batch, std::int64_t row,
                      std::int64_t col) {
  return batch[0] * strides.batch[0] + batch[1] * strides.batch[1] + batch[2] * strides.batch[2] +
         row * strides.row + col * strides.col;
}

// Elements of the memory that the matrices span; an empty batch still has the ones it repeats.
std::int64_t SpanOf(const MatrixStrides& strides, Batch batch, std::int64_t rows,
                    std::int64_t cols) {
  for (std::size_t d = 0; d < 3; ++d) {
    if (strides.batch[d] == 0) batch[d] = 1;
  }
  if (batch[0] * batch[1] * batch[2] * rows * cols == 0) return 0;
  return OffsetOf(strides, {batch[0] - 1, batch[1] - 1, batch[2] - 1}, rows - 1, cols - 1) + 1;
}

// Strides of [batch][rows, cols], rows or columns contiguous, padded or not.
MatrixStrides DenseStrides(const Batch& batch, std::int64_t rows, std::int64_t cols,
                           bool transposed, std::int64_t pad) {
  MatrixStrides strides;
  strides.row = transposed ? 1 : cols + pad;
  strides.col = transposed ? rows + pad : 1;
  strides.batch[2] = transposed ? cols * strides.col : rows * strides.row;
  strides.batch[1] = strides.batch[2] * batch[2];
  strides.batch[0] = strides.batch[1] * batch[1];
  return strides;
}

std::string Print(const GemmProblem& p) {
  return absl::StrCat(p.batch[0], "x", p.batch[1], "x", p.batch[2], " times ", p.m, "x", p.k,
                      " by ", p.k, "x", p.n, p.constant_b ? " constant" : "", ", strides a ",
                      p.a.row, ",", p.a.col, " b ", p.b.row, ",", p.b.col, " c ", p.c.row, ",",
                      p.c.col, " residual ", p.residual.row, ",", p.residual.col, " alpha ",
                      p.alpha, " activation ", static_cast<int>(p.epilogue.activation));
}

struct Expected {
  bool output = false;
  double value = 0;
  double bound = 0;
};

class GemmTest : public testing::KernelTest {
 protected:
  void Fill(GuardPages* out, bool nasty) {
    const float values[] = {INFINITY, -INFINITY, NAN, 1e-41f, 0.0f};
    for (std::int64_t i = 0; i < out->size(); ++i) {
      (*out)[i] = nasty && Uniform(0, 60) == 0 ? values[Uniform(0, 4)]
                                               : static_cast<float>(random_.NextNormal());
    }
  }

  // Runs every algorithm that is listed and compares with the definition.
  void Check(const GemmProblem& p, bool in_place, bool nasty) {
    SCOPED_TRACE(Print(p));
    const bool at_end = Flip();
    GuardPages a(SpanOf(p.a, p.batch, p.m, p.k), at_end);
    GuardPages b(SpanOf(p.b, p.batch, p.k, p.n), at_end);
    GuardPages residual(p.epilogue.has_residual ? SpanOf(p.residual, p.batch, p.m, p.n) : 0,
                        at_end);
    GuardPages bias(p.n, true);
    Fill(&a, nasty);
    Fill(&b, nasty);
    Fill(&residual, false);
    Fill(&bias, false);
    const std::vector<Expected> expected = Expect(p, &a, &b, &bias, &residual);
    std::vector<Algorithm> algorithms;
    ListGemm(p, target_, &algorithms);
    ASSERT_FALSE(algorithms.empty());
    for (const Algorithm& algorithm : algorithms) {
      SCOPED_TRACE(GemmAlgorithmName(algorithm));
      GuardPages packed(PackedGemmBytes(p, algorithm) / std::int64_t{sizeof(float)}, true);
      if (p.constant_b) {
        PackGemm(p, algorithm, b.data(), p.epilogue.has_bias ? bias.data() : nullptr,
                 packed.data());
      }
      const BoundKernel kernel = BindGemm(p, algorithm, target_);
      Guarded<float> c(SpanOf(p.c, p.batch, p.m, p.n));
      if (in_place) {
        for (std::size_t i = 0; i < c.size(); ++i) c[i] = residual[static_cast<int>(i)];
      }
      Guarded<float> again = c;
      float* second = p.constant_b ? packed.data() : b.data();
      RunOn(&one_, kernel, {a.data(), second, in_place ? c.data() : residual.data(), c.data()});
      RunOn(&two_, kernel,
            {a.data(), second, in_place ? again.data() : residual.data(), again.data()});
      EXPECT_TRUE(c.GuardsIntact() && again.GuardsIntact()) << "wrote outside of c";
      EXPECT_TRUE(c.SameBytes(again)) << "two threads give other bits than one";
      Compare(expected, c, in_place);
      if (HasFailure()) return;
    }
  }

  // What each element of C's memory must hold; the gaps between rows keep what they had.
  std::vector<Expected> Expect(const GemmProblem& p, GuardPages* a, GuardPages* b, GuardPages* bias,
                               GuardPages* residual) {
    std::vector<Expected> expected(static_cast<std::size_t>(SpanOf(p.c, p.batch, p.m, p.n)));
    for (std::int64_t i = 0; i < p.batch[0] * p.batch[1] * p.batch[2] * p.m * p.n; ++i) {
      const std::int64_t col = i % p.n;
      const std::int64_t row = i / p.n % p.m;
      const std::int64_t image = i / p.n / p.m;
      const Batch at = {image / p.batch[2] / p.batch[1], image / p.batch[2] % p.batch[1],
                        image % p.batch[2]};
      const float* a_row = a->data() + OffsetOf(p.a, at, row, 0);
      const float* b_col = b->data() + OffsetOf(p.b, at, 0, col);
      double x = 0;
      double magnitude = 0;
      for (std::int64_t k = 0; k < p.k; ++k) {
        const double product = double{a_row[k * p.a.col]} * double{b_col[k * p.b.row]};
        x += product;
        magnitude += std::fabs(product);
      }
      x *= p.alpha;
      magnitude *= std::fabs(p.alpha);
      if (p.epilogue.has_bias) x += (*bias)[col];
      if (p.epilogue.has_residual) x += (*residual)[OffsetOf(p.residual, at, row, col)];
      const double bound =
          1.2 * static_cast<double>(p.k + 5) * 6e-8 * (magnitude + std::fabs(x)) + 1e-6;
      expected[static_cast<std::size_t>(OffsetOf(p.c, at, row, col))] = {
          true, testing::ActivateReference(p.epilogue, x), std::isnan(bound) ? 0 : bound};
    }
    return expected;
  }

  static void Compare(const std::vector<Expected>& expected, const Guarded<float>& c,
                      bool in_place) {
    for (std::size_t i = 0; i < c.size(); ++i) {
      if (expected[i].output) {
        ASSERT_TRUE(testing::Near(c[i], expected[i].value, 2e-6, expected[i].bound))
            << "element " << i << ": " << c[i] << ", expected " << expected[i].value;
      } else if (!in_place) {
        ASSERT_TRUE(c.Poisoned(i)) << "wrote between the elements, at " << i;
      }
    }
  }

  GemmProblem AnyProblem() {
    static constexpr std::int64_t kSizes[] = {0,  1,  2,  3,  5,  8,  13, 16,
                                              17, 31, 33, 48, 49, 70, 130};
    GemmProblem p;
    p.m = kSizes[Uniform(Uniform(0, 9) == 0 ? 0 : 1, 14)];
    p.n = kSizes[Uniform(Uniform(0, 9) == 0 ? 0 : 1, 14)];
    p.k = kSizes[Uniform(0, 14)];
    if (Flip()) p.batch = {Uniform(1, 2), Uniform(1, 3), Uniform(0, 20) == 0 ? 0 : Uniform(1, 2)};
    p.constant_b = Flip();
    p.alpha = Flip() ? 1.0f : 0.125f;
    p.epilogue.activation = static_cast<Activation>(Uniform(0, 9));
    p.epilogue.alpha = p.epilogue.activation == Activation::kClip ? -1.0f : 0.2f;
    p.epilogue.beta = p.epilogue.activation == Activation::kClip ? 6.0f : 0.5f;
    p.epilogue.has_bias = p.constant_b && Flip();
    p.epilogue.has_residual = Flip();
    p.a = DenseStrides(p.batch, p.m, p.k, Uniform(0, 3) == 0, Flip() ? 0 : Uniform(1, 9));
    p.b = DenseStrides(p.batch, p.k, p.n, Flip(), Flip() ? 0 : Uniform(1, 9));
    p.c = DenseStrides(p.batch, p.m, p.n, Uniform(0, 5) == 0, Flip() ? 0 : Uniform(1, 9));
    p.residual = DenseStrides(p.batch, p.m, p.n, Uniform(0, 5) == 0, Flip() ? 0 : 3);
    for (std::int64_t& stride : p.a.batch) stride *= Uniform(0, 3) != 0;
    for (std::int64_t& stride : p.b.batch) stride *= Uniform(0, 1);
    switch (Uniform(0, 5)) {
      case 0:
        p.residual = {.row = 0, .col = 1, .batch = {}};  // a bias of columns
        break;
      case 1:
        p.residual = {.row = 1, .col = 0, .batch = {}};  // a bias of rows
        break;
      default: break;
    }
    return p;
  }
};

TEST_F(GemmTest, EveryAlgorithmEqualsTheDefinitionOnRandomProblems) {
  for (int i = 0; i < 250; ++i) {
    GemmProblem p = AnyProblem();
    const bool in_place = p.epilogue.has_residual && Flip();
    if (in_place) p.residual = p.c;
    Check(p, in_place, false);
    if (HasFailure()) return;
  }
}

TEST_F(GemmTest, InfinitiesAndNanPropagate) {
  for (int i = 0; i < 60; ++i) {
    GemmProblem p = AnyProblem();
    p.epilogue.activation = Flip() ? Activation::kRelu : Activation::kNone;
    p.alpha = 1;
    Check(p, false, true);
    if (HasFailure()) return;
  }
}

GemmProblem Dense(std::int64_t m, std::int64_t n, std::int64_t k) {
  GemmProblem p;
  p.m = m;
  p.n = n;
  p.k = k;
  p.a = DenseStrides(p.batch, m, k, false, 0);
  p.b = DenseStrides(p.batch, k, n, false, 0);
  p.c = p.residual = DenseStrides(p.batch, m, n, false, 0);
  return p;
}

// Sums are cut into parts that wait in c; rows whose distance is a multiple of 2 KiB are copied.
TEST_F(GemmTest, LongSumsAndAwkwardRowStrides) {
  GemmProblem p = Dense(33, 140, 2048);
  p.constant_b = true;
  p.epilogue = {.activation = Activation::kRelu, .has_bias = true, .has_residual = true};
  Check(p, false, false);
  Check(p, true, false);
  p.constant_b = false;
  p.epilogue.has_bias = false;
  Check(p, false, false);
}

TEST_F(GemmTest, VectorsTimesMatrices) {
  for (std::int64_t m : {1, 2, 3, 4}) {
    GemmProblem p = Dense(m, 700, 900);
    p.constant_b = true;
    Check(p, false, false);
    p.constant_b = false;
    Check(p, false, false);
  }
}

TEST_F(GemmTest, NamesSayInstructionSetAndTile) {
  std::vector<Algorithm> algorithms;
  ListGemm(Dense(4, 4, 4), TargetFor(Isa::kScalar), &algorithms);
  ASSERT_EQ(algorithms.size(), 1u);
  EXPECT_EQ(GemmAlgorithmName(algorithms[0]), "gemm scalar 3x4");
}

TEST(RowTilesTest, TilesCoverTheRowsInOrderAndStayInTheirSegments) {
  for (bool even : {false, true}) {
    for (std::int64_t segment = 1; segment < 60; ++segment) {
      const RowTiles tiles{3 * segment, segment, 14, even};
      EXPECT_EQ(tiles.Begin(0), 0);
      EXPECT_EQ(tiles.Begin(tiles.count()), tiles.rows);
      for (std::int64_t t = 0; t < tiles.count(); ++t) {
        const std::int64_t begin = tiles.Begin(t);
        const std::int64_t size = tiles.Begin(t + 1) - begin;
        EXPECT_TRUE(size >= 1 && size <= 14) << size;
        EXPECT_EQ(begin / segment, (begin + size - 1) / segment);
      }
    }
  }
}

}  // namespace
}  // namespace plumb::kernels
