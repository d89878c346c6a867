// Matrix products: C[i,j] = act(alpha * sum_p A[i,p] B[p,j] + bias[j] + residual[i,j]), batched.
//
// Every operand has strides of its own, in elements, so that transposed, sliced and interleaved
// matrices need no copy. Fast cases: C with n stride 1; A with k stride 1; B constant (packed once)
// or with n stride 1. Other strides are right but slower, some through the workspace.
//
// The sum of one element runs over p upwards in fp32 (fused multiply-adds where there are any),
// whatever the tiles and threads: the same bits for any m, n split and thread count. NaN and
// infinities propagate. Reads and writes only elements inside the matrices. C may equal residual,
// and may not overlap A or B. m, n, k and the batch may be 0 (k = 0 gives act(bias + residual)).
//
// Operands of a call: {a, b, residual, c}; b is the packed buffer when constant_b, residual is null
// without has_residual.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/dtype.h"
#include "kernels/kernel.h"
#include "kernels/loose_float.h"

namespace plumb::kernels {

// Element strides of a batch of matrices; batch strides of 0 repeat one matrix.
struct MatrixStrides {
  std::int64_t row = 0;
  std::int64_t col = 0;
  std::array<std::int64_t, 3> batch{};
};

struct GemmProblem {
  DType dtype = DType::kFloat32;
  std::int64_t m = 0;
  std::int64_t n = 0;
  std::int64_t k = 0;
  std::array<std::int64_t, 3> batch{1, 1, 1};  // outermost first
  MatrixStrides a;                             // [m, k]
  MatrixStrides b;                             // [k, n]
  MatrixStrides c;                             // [m, n]
  MatrixStrides residual;   // [m, n]; row stride 0 is a bias per column, column stride 0 per row
  bool constant_b = false;  // b (and the bias) are given to PackGemm, not to the call
  float alpha = 1;
  Epilogue epilogue;  // has_bias only with constant_b: fp32, n values
};

// Algorithms that can run the problem on the target, best guess first, the scalar one last.
void ListGemm(const GemmProblem& problem, const Target& target, std::vector<Algorithm>* algorithms);

Estimate EstimateGemm(const GemmProblem& problem, const Algorithm& algorithm, const Target& target);

// Bytes of the packed B, or 0 when it is not constant. Depends on k, n, alpha and on the batch
// sizes whose b stride is not 0; never on m.
std::int64_t PackedGemmBytes(const GemmProblem& problem, const Algorithm& algorithm);

// b: [batch][k, n] read through problem.b; bias: [n] or null; packed: 64-byte aligned.
void PackGemm(const GemmProblem& problem, const Algorithm& algorithm, const LooseFloat* b,
              const float* bias, void* packed);

// PLUMB_CHECKs that the algorithm came from ListGemm of a problem with the same n, k and
// constant_b.
BoundKernel BindGemm(const GemmProblem& problem, const Algorithm& algorithm, const Target& target);

std::string GemmAlgorithmName(const Algorithm& algorithm);  // "gemm avx512 14x32"

}  // namespace plumb::kernels
