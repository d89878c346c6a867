#include "kernels/attention/attention.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "kernels/testing/kernel_test.h"

namespace plumb::kernels {
namespace {

using testing::Guarded;
using testing::Near;

// One operand: a matrix for each entry of the batch, somewhere in memory.
std::int64_t At(const MatrixStrides& strides, const std::int64_t (&entry)[3], std::int64_t row,
                std::int64_t col) {
  std::int64_t at = row * strides.row + col * strides.col;
  for (std::size_t d = 0; d < 3; ++d) at += entry[d] * strides.batch[d];
  return at;
}

class AttentionTest : public testing::KernelTest {
 protected:
  using Floats = Guarded<float>;

  static std::int64_t Span(const AttentionProblem& p, const MatrixStrides& strides,
                           std::int64_t rows, std::int64_t cols) {
    if (rows == 0 || cols == 0 || p.batch[0] * p.batch[1] * p.batch[2] == 0) return 0;
    return At(strides, {p.batch[0] - 1, p.batch[1] - 1, p.batch[2] - 1}, rows - 1, cols - 1) + 1;
  }

  // Memory order: rows of a matrix together, or (interleaved) the heads of a row together.
  MatrixStrides Order(const AttentionProblem& p, std::int64_t rows, std::int64_t cols,
                      bool interleaved, std::int64_t gap = 0) {
    MatrixStrides strides;
    strides.col = 1;
    if (interleaved) {
      strides.batch[2] = cols + gap;
      strides.row = p.batch[2] * strides.batch[2];
      strides.batch[1] = rows * strides.row;
    } else {
      strides.row = cols + gap;
      strides.batch[2] = rows * strides.row;
      strides.batch[1] = p.batch[2] * strides.batch[2];
    }
    strides.batch[0] = p.batch[1] * strides.batch[1];
    return strides;
  }
  static MatrixStrides Transposed(MatrixStrides strides) {
    std::swap(strides.row, strides.col);
    return strides;
  }

  AttentionProblem Dense(std::int64_t batch, std::int64_t heads, std::int64_t queries,
                         std::int64_t keys, std::int64_t width, std::int64_t value_width) {
    AttentionProblem p;
    p.batch = {1, batch, heads};
    p.queries = queries;
    p.keys = keys;
    p.width = width;
    p.value_width = value_width;
    p.q = Order(p, queries, width, true);
    p.k = Transposed(Order(p, keys, width, true));
    p.v = Order(p, keys, value_width, true);
    p.y = Order(p, queries, value_width, true);
    p.scale = 1 / std::sqrt(static_cast<float>(std::max<std::int64_t>(1, width)));
    return p;
  }
  void AddMask(AttentionProblem* p, bool per_batch, bool per_head, bool per_query) {
    p->has_mask = true;
    p->mask.col = 1;
    p->mask.row = per_query ? p->keys : 0;
    const std::int64_t matrix = per_query ? p->queries * p->keys : p->keys;
    p->mask.batch[2] = per_head ? matrix : 0;
    p->mask.batch[1] = per_batch ? matrix * (per_head ? p->batch[2] : 1) : 0;
    p->mask.batch[0] = 0;
  }

  struct Operands {
    Floats q, k, v, mask, y;
    explicit Operands(const AttentionProblem& p)
        : q(Span(p, p.q, p.queries, p.width)),
          k(Span(p, p.k, p.width, p.keys)),
          v(Span(p, p.v, p.keys, p.value_width)),
          mask(p.has_mask ? Span(p, p.mask, p.queries, p.keys) : 0),
          y(Span(p, p.y, p.queries, p.value_width)) {}
  };

  void Fill(Operands* o) {
    FillNormal(&o->q);
    FillNormal(&o->k);
    FillNormal(&o->v);
    FillNormal(&o->mask);
  }

  // Every algorithm against sums in fp64. Weights below e^-87 of the largest are zero in fp32 and
  // not in fp64, which only an infinite value shows: inputs avoid that.
  void Check(const AttentionProblem& p, const Operands& o, double tolerance = 2e-5) {
    std::vector<Algorithm> algorithms;
    ListAttention(p, target_, &algorithms);
    ASSERT_FALSE(algorithms.empty());
    for (const Algorithm& algorithm : algorithms) {
      SCOPED_TRACE(AttentionAlgorithmName(algorithm));
      Operands run = o;
      RunTwice(BindAttention(p, algorithm, target_),
               {run.q.data(), run.k.data(), run.v.data(), p.has_mask ? run.mask.data() : nullptr,
                nullptr},
               4, &run.y);
      CheckValues(p, run, tolerance);
      if (HasFatalFailure()) return;
    }
  }

  void CheckValues(const AttentionProblem& p, const Operands& o, double tolerance) {
    std::vector<bool> written(o.y.size(), false);
    std::vector<double> weights(static_cast<std::size_t>(p.keys));
    const Shape rows = {p.batch[0], p.batch[1], p.batch[2], p.queries};
    testing::ForEachIndex(rows, [&](const Dims& index) {
      const std::int64_t entry[3] = {index[0], index[1], index[2]};
      const std::int64_t i = index[3];
      double top = -INFINITY, sum = 0;
      for (std::int64_t j = 0; j < p.keys; ++j) {
        double score = 0;
        for (std::int64_t c = 0; c < p.width; ++c) {
          score += double{o.q[std::size_t(At(p.q, entry, i, c))]} *
                   (double{o.k[std::size_t(At(p.k, entry, c, j))]} * p.scale);
        }
        if (p.has_mask) score += o.mask[std::size_t(At(p.mask, entry, i, j))];
        weights[std::size_t(j)] = score;
        top = std::max(top, score);
      }
      for (double& w : weights) sum += w = std::exp(w - top);
      for (std::int64_t c = 0; c < p.value_width; ++c) {
        double want = 0, magnitude = 1e-30;
        for (std::int64_t j = 0; j < p.keys; ++j) {
          const double term =
              weights[std::size_t(j)] / sum * o.v[std::size_t(At(p.v, entry, j, c))];
          want += term;
          if (std::isfinite(term)) magnitude += std::fabs(term);
        }
        const std::size_t at = std::size_t(At(p.y, entry, i, c));
        ASSERT_TRUE(Near(o.y[at], want, tolerance, tolerance * magnitude))
            << o.y[at] << ", expected " << want << ", query " << i << " column " << c;
        written[at] = true;
      }
    });
    for (std::size_t i = 0; i < o.y.size(); ++i) {
      ASSERT_TRUE(written[i] || o.y.Poisoned(i)) << "element " << i << " is not of the output";
    }
  }

  void CheckRandom(const AttentionProblem& p) {
    Operands o(p);
    Fill(&o);
    Check(p, o);
  }
};

TEST_F(AttentionTest, WidthsAndLengths) {
  for (const std::int64_t width : {1, 3, 17, 64, 80}) {
    for (const std::int64_t length : {1, 2, 16, 31, 129}) {
      CheckRandom(Dense(1, 2, length, length, width, width));
      if (HasFatalFailure()) FAIL() << "width " << width << " length " << length;
    }
  }
}

TEST_F(AttentionTest, EmptySizes) {
  for (int which = 0; which < 5; ++which) {
    const auto size = [&](int i, std::int64_t otherwise) { return i == which ? 0 : otherwise; };
    CheckRandom(Dense(2, size(0, 3), size(1, 5), size(2, 7), size(3, 4), size(4, 6)));
    if (HasFatalFailure()) FAIL() << "empty size " << which;
  }
}

TEST_F(AttentionTest, RandomShapesStridesAndMasks) {
  for (int round = 0; round < 90; ++round) {
    const std::int64_t lengths[] = {1, 2, 5, 15, 16, 33, 64, 70, 130, 257};
    const std::int64_t widths[] = {1, 2, 3, 8, 16, 17, 40, 64, 65, 100};
    AttentionProblem p =
        Dense(Uniform(1, 2), Uniform(1, 3), lengths[Uniform(0, 9)], lengths[Uniform(0, 9)],
              widths[Uniform(0, 9)], widths[Uniform(0, 9)]);
    p.q = Order(p, p.queries, p.width, Flip(), Uniform(0, 2));
    p.k = Order(p, p.keys, p.width, Flip(), Uniform(0, 2));
    p.v = Order(p, p.keys, p.value_width, Flip(), Uniform(0, 2));
    p.y = Order(p, p.queries, p.value_width, Flip(), Uniform(0, 2));
    if (Flip()) p.q = Transposed(Order(p, p.width, p.queries, Flip()));
    if (Flip()) p.v = Transposed(Order(p, p.value_width, p.keys, Flip()));
    p.k = Flip() ? Transposed(p.k) : Order(p, p.width, p.keys, Flip());
    if (Flip()) p.k.batch[2] = 0;  // heads share keys
    if (Flip()) p.v.batch[1] = 0;
    if (Flip()) AddMask(&p, Flip(), Flip(), Flip());
    if (p.has_mask && Uniform(0, 3) == 0) {  // one number for each query
      p.mask = {1, 0, {0, 0, 0}};
    }
    CheckRandom(p);
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST_F(AttentionTest, KeysThatAMaskHides) {
  AttentionProblem p = Dense(1, 2, 200, 300, 16, 24);
  AddMask(&p, false, false, true);
  Operands o(p);
  Fill(&o);
  for (std::int64_t i = 0; i < p.queries; ++i) {
    for (std::int64_t j = 0; j < p.keys; ++j) {
      float& m = o.mask[std::size_t(i * p.keys + j)];
      if (j > 2 * i) m = -INFINITY;              // causal
      if (i % 7 == 3 && j < 200) m = -INFINITY;  // whole blocks before the first key that is seen
      if (i % 16 == 5) m = -INFINITY;            // no key at all: NaN
      if (i >= 60 && i < 190) m = -INFINITY;     // the same for whole blocks of queries
      if (i % 16 == 6) m = -3e38f;               // as good as none, and yet all alike
    }
  }
  Check(p, o);
}

// Blocks of keys that nobody sees are left out, unless what is not a number in them shows.
TEST_F(AttentionTest, NumbersBehindAMask) {
  for (const float hidden : {-INFINITY, -1e4f, -3e38f}) {
    AttentionProblem p = Dense(1, 1, 130, 280, 8, 8);
    AddMask(&p, false, false, true);
    Operands o(p);
    Fill(&o);
    for (std::int64_t i = 0; i < p.queries; ++i) {
      for (std::int64_t j = i + 20; j < p.keys; ++j) o.mask[std::size_t(i * p.keys + j)] = hidden;
    }
    Check(p, o);
    for (float& x : {std::ref(o.k[270 * 8 + 1]), std::ref(o.v[270 * 8 + 3]), std::ref(o.q[3])}) {
      for (const float value : {NAN, INFINITY, -INFINITY}) {
        const float kept = x;
        x = value;
        Check(p, o);
        x = kept;
      }
    }
    o.k[270 * 8] = 3e5f * (hidden == -1e4f ? 1.0f : 1e20f);  // a score above what the mask takes
    Check(p, o, 1e-3);
    o.mask[279] = NAN;
    Check(p, o, 1e-3);
  }
}

TEST_F(AttentionTest, NansAndInfinitiesStayInTheirRows) {
  AttentionProblem p = Dense(1, 1, 60, 200, 8, 8);
  Operands o(p);
  Fill(&o);
  o.q[3 * 8] = NAN;
  o.q[5 * 8 + 2] = INFINITY;
  o.q[9 * 8 + 7] = -INFINITY;
  Check(p, o);
  for (float& x : {std::ref(o.k[150 * 8 + 1]), std::ref(o.v[70 * 8 + 3])}) {
    for (const float value : {NAN, INFINITY, -INFINITY}) {
      const float kept = x;
      x = value;
      Check(p, o);
      x = kept;
    }
  }
}

TEST_F(AttentionTest, ScoresFarApartDoNotOverflow) {
  AttentionProblem p = Dense(1, 1, 40, 400, 4, 5);
  p.scale = 20;
  AddMask(&p, false, false, false);
  Operands o(p);
  Fill(&o);
  for (std::size_t j = 0; j < o.mask.size(); ++j) o.mask[j] = static_cast<float>(j) * 3;
  Check(p, o, 2e-4);  // scores in the thousands: their last bits are in the weights
}

TEST_F(AttentionTest, ScratchIsLinearInTheKeys) {
  for (const Algorithm& algorithm : [&] {
         std::vector<Algorithm> list;
         ListAttention(Dense(1, 12, 64, 64, 64, 64), target_, &list);
         return list;
       }()) {
    const auto bytes = [&](std::int64_t n) {
      return BindAttention(Dense(1, 12, n, n, 64, 64), algorithm, target_).workspace_bytes;
    };
    EXPECT_LE(bytes(4096), 2 * bytes(2048) + 1024);
  }
}

TEST_F(AttentionTest, StridesThatNothingReads) {
  AttentionProblem p = Dense(1, 1, 4, 4, 4, 4);
  p.y = Transposed(p.y);
  std::vector<Algorithm> algorithms;
  ListAttention(p, target_, &algorithms);
  EXPECT_TRUE(algorithms.empty());
  p = Dense(1, 1, 4, 4, 4, 4);
  AddMask(&p, false, false, true);
  p.mask = Transposed(p.mask);
  ListAttention(p, target_, &algorithms);
  EXPECT_TRUE(algorithms.empty());
}

}  // namespace
}  // namespace plumb::kernels
