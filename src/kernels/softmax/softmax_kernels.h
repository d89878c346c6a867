// Inner loops of softmax over fp32. Free of the standard library, for sources of one instruction
// set.
#pragma once

#include <stdint.h>

namespace plumb::kernels {

// One row of n contiguous elements; dst may be src.
using SoftmaxRowFn = void (*)(const float* src, float* dst, int64_t n, bool log);

// `lanes` rows that lie side by side: element i of row r is src[i * src_stride + r], r < lanes,
// lanes <= kSoftmaxLanes. dst may be src with the same stride.
inline constexpr int kSoftmaxLanes = 64;
using SoftmaxLanesFn = void (*)(const float* src, int64_t src_stride, float* dst,
                                int64_t dst_stride, int64_t n, int lanes, bool log);

struct SoftmaxFns {
  SoftmaxRowFn row;
  SoftmaxLanesFn lanes;
};
SoftmaxFns SoftmaxScalar();
SoftmaxFns SoftmaxAvx2();
SoftmaxFns SoftmaxAvx512();

}  // namespace plumb::kernels
