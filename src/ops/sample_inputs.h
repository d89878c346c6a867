// Short ways to write the inputs of samples.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "graph/op_def.h"

namespace plumb::ops {

using Sizes = std::vector<std::int64_t>;

inline SampleInput Random(DType dtype, Sizes shape, double low = -1, double high = 1) {
  SampleInput input;
  input.dtype = dtype;
  input.shape = std::move(shape);
  input.low = low;
  input.high = high;
  return input;
}
inline SampleInput F32(Sizes shape, double low = -1, double high = 1) {
  return Random(DType::kFloat32, std::move(shape), low, high);
}
inline SampleInput Given(DType dtype, Sizes shape, std::vector<double> values) {
  SampleInput input = Random(dtype, std::move(shape));
  input.values = std::move(values);
  return input;
}
inline SampleInput Constant(SampleInput input) {
  input.constant = true;
  return input;
}
inline SampleInput Weight(Sizes shape) { return Constant(F32(std::move(shape))); }
inline SampleInput ConstantInts(const Sizes& values) {
  return Constant(Given(DType::kInt64, {static_cast<std::int64_t>(values.size())},
                        std::vector<double>(values.begin(), values.end())));
}
inline SampleInput Omitted() {
  SampleInput input;
  input.omitted = true;
  return input;
}

}  // namespace plumb::ops
