#include "kernels/simd/vec_avx2.h"

#include "kernels/simd/math-inl.h"

#include "kernels/gemm/activate-inl.h"
#include "kernels/gemm/tile_tables.h"

namespace plumb::kernels {

void ActivateAvx2(const Epilogue& epilogue, float* const* rows, std::int64_t count,
                  std::int64_t column, std::int64_t columns) noexcept {
  Activate(epilogue, rows, count, column, columns);
}

}  // namespace plumb::kernels
