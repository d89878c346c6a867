// What the algorithms that go through an image row by row share: the kernel rows of an output row,
// tasks of whole rows, the bounds that activations are.
#pragma once

#include <cstdint>

#include "kernels/conv/conv.h"

namespace plumb::kernels {

inline constexpr std::int64_t kMaxKernelRows = 1024;  // kernel depth times height

// Kernel rows of one output row that lie inside the image, in order.
struct KernelRows {
  const float* src[kMaxKernelRows];    // input column 0, channel 0
  std::int64_t index[kMaxKernelRows];  // depth * kernel height + height
  std::int64_t count = 0;
};

// `image`: the first element of the image; outputs at [depth, height, :].
void FindKernelRows(const ConvProblem& p, const float* image, std::int64_t depth,
                    std::int64_t height, KernelRows* rows);

// max(low, min(high, x)) is the whole activation when `bounded`; else the bounds are infinite.
struct ActivationBounds {
  float low;
  float high;
  bool bounded;
};
ActivationBounds BoundsOf(const Epilogue& epilogue);

// One output row of one image: where it starts in src's image, residual and dst.
struct OutputRow {
  const float* image;
  const float* residual;  // null without one
  float* dst;
  std::int64_t depth;
  std::int64_t height;
};

// Calls fn(const OutputRow&) for every output row, several neighbours to a task.
void ForEachOutputRow(const ConvProblem& p, const Call& call,
                      FunctionRef<void(const OutputRow&)> fn);

}  // namespace plumb::kernels
