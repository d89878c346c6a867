// How far tensors are from what they stand for, over many of them.
#pragma once

#include "core/tensor.h"

namespace plumb::lab {

// Both tensors of every pair have one type of numbers: else, and where sizes part, the figures say
// nothing.
struct ErrorSums {
  bool comparable = true;
  bool finite = true;  // where one side is a number, the other is one too

  void Add(const Tensor& approximate, const Tensor& real);

  // max |approximate - real| / max |real|; infinite where only one is a number.
  double relative() const;
  // 10 log10(sum real^2 / sum (approximate - real)^2), -infinite likewise.
  double sqnr_db() const;
  // sqrt(sum (approximate - real)^2 / sum real^2).
  double rms() const;

 private:
  double largest_ = 0, error_ = 0, squares_ = 0, error_squares_ = 0;
};

}  // namespace plumb::lab
