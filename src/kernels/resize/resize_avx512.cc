#include "kernels/simd/vec_avx512.h"

#include "kernels/resize/resize-inl.h"

namespace plumb::kernels {

ResizeFns ResizeAvx512() { return AllResizeFns(); }

}  // namespace plumb::kernels
