#include "kernels/eltwise/elt_typed-inl.h"

namespace plumb::kernels {

EltFn FindEltTypedAvx2(EltOp op, EltType type) {
  switch (type) {
    case EltType::kF64: return FindFloat<double>(op);
    case EltType::kI32: return FindInteger<int32_t, uint32_t>(op);
    case EltType::kI64: return FindInteger<int64_t, uint64_t>(op);
    case EltType::kBool: return FindBool(op);
    default: return nullptr;
  }
}

}  // namespace plumb::kernels
