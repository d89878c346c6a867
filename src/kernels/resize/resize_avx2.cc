#include "kernels/simd/vec_avx2.h"

#include "kernels/resize/resize-inl.h"

namespace plumb::kernels {

ResizeFns ResizeAvx2() { return AllResizeFns(); }

}  // namespace plumb::kernels
