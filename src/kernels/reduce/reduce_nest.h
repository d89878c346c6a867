// The loop nests of a reduction: merged kept and reduced dimensions, in elements.
#pragma once

#include <cstdint>

#include "kernels/reduce/reduce.h"

namespace plumb::kernels {

inline constexpr int kMaxReduceDims = 4;  // of either sort after merging

struct ReduceNest {
  int kept = 0, reduced = 0;
  std::int64_t kept_sizes[kMaxReduceDims]{}, kept_src[kMaxReduceDims]{}, kept_dst[kMaxReduceDims]{};
  std::int64_t reduced_sizes[kMaxReduceDims]{}, reduced_src[kMaxReduceDims]{};
  std::int64_t outputs = 1, elements = 1;  // products of the kept, of the reduced sizes

  // Element offset of the flat index over the first `dims` kept dimensions.
  std::int64_t KeptSrc(int dims, std::int64_t flat) const {
    return Offset(dims, flat, kept_sizes, kept_src);
  }
  std::int64_t KeptDst(int dims, std::int64_t flat) const {
    return Offset(dims, flat, kept_sizes, kept_dst);
  }
  std::int64_t ReducedSrc(int dims, std::int64_t flat) const {
    return Offset(dims, flat, reduced_sizes, reduced_src);
  }

 private:
  static std::int64_t Offset(int dims, std::int64_t flat, const std::int64_t* sizes,
                             const std::int64_t* strides) {
    std::int64_t offset = 0;
    for (int d = dims - 1; d >= 0; --d) {
      offset += flat % sizes[d] * strides[d];
      flat /= sizes[d];
    }
    return offset;
  }
};

// False where more than kMaxReduceDims dimensions of a sort are left.
bool MakeReduceNest(const ReduceProblem& problem, ReduceNest* nest);

// Every type and stride, one output at a time; used where no vector loop fits.
void RunReduceElements(const ReduceNest& nest, ReduceKind kind, DType dtype, const void* src,
                       void* dst, ThreadPool* pool);

}  // namespace plumb::kernels
