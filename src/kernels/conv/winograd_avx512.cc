#include "kernels/simd/vec_avx512.h"

#include "kernels/conv/winograd-inl.h"

namespace plumb::kernels {

const WinogradTable kWinogradAvx512 = kWinogradTable;

}  // namespace plumb::kernels
