#include "kernels/eltwise/elt_typed-inl.h"

namespace plumb::kernels {

EltFn FindEltTypedScalar(EltOp op, EltType type) {
  switch (type) {
    case EltType::kF64: return FindFloat<double>(op);
    case EltType::kI32: return FindInteger<int32_t, uint32_t>(op);
    case EltType::kI64: return FindInteger<int64_t, uint64_t>(op);
    case EltType::kBool: return FindBool(op);
    case EltType::kF32: return FindFloat<float>(op);
    case EltType::kF16:
    case EltType::kBF16: return op == EltOp::kWhere ? Where<uint16_t> : nullptr;
    case EltType::kI8: return FindInteger<int8_t, uint8_t>(op);
    case EltType::kI16: return FindInteger<int16_t, uint16_t>(op);
    case EltType::kU8: return FindInteger<uint8_t, uint8_t>(op);
    case EltType::kU16: return FindInteger<uint16_t, uint16_t>(op);
    case EltType::kU32: return FindInteger<uint32_t, uint32_t>(op);
    case EltType::kU64: return FindInteger<uint64_t, uint64_t>(op);
  }
  return nullptr;
}

}  // namespace plumb::kernels
