#include "kernels/simd/vec_avx2.h"

#include "kernels/conv/winograd-inl.h"

namespace plumb::kernels {

const WinogradTable kWinogradAvx2 = kWinogradTable;

}  // namespace plumb::kernels
