#include "kernels/simd/vec_scalar.h"

#include "kernels/resize/resize-inl.h"

namespace plumb::kernels {

ResizeFns ResizeScalar() { return AllResizeFns(); }

}  // namespace plumb::kernels
