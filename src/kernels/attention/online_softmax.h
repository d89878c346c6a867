// What a block of scores does to the running softmax of its queries. Free of the standard library,
// for sources of one instruction set.
#pragma once

#include <stdint.h>

namespace plumb::kernels {

inline constexpr int kMaxOnlineRows = 64;

// Rows of scores in place become weights e^(score - top); what was summed before under a smaller
// maximum is scaled down.
struct OnlineRows {
  float* scores;  // [rows][score_stride]
  int64_t score_stride;
  int64_t rows;   // at most kMaxOnlineRows
  int64_t keys;   // of this block, at least 1
  float* top;     // [kMaxOnlineRows]: the largest score so far
  float* sum;     // [kMaxOnlineRows]: of the weights so far
  float* values;  // [rows][value_stride]: sums of values so far
  int64_t value_stride;
  int64_t value_width;
  bool first;  // nothing was summed before: top, sum and values hold nothing
};

struct OnlineSoftmaxFns {
  void (*add)(const OnlineRows& rows) noexcept;
  void (*finish)(const OnlineRows& rows) noexcept;  // values = values / sum
};
OnlineSoftmaxFns OnlineSoftmaxScalar();
OnlineSoftmaxFns OnlineSoftmaxAvx2();
OnlineSoftmaxFns OnlineSoftmaxAvx512();

}  // namespace plumb::kernels
