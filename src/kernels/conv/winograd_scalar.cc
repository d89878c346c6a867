#include "kernels/simd/vec_scalar.h"

#include "kernels/conv/winograd-inl.h"

namespace plumb::kernels {

const WinogradTable kWinogradScalar = kWinogradTable;

}  // namespace plumb::kernels
