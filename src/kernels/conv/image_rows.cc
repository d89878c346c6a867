#include "kernels/conv/image_rows.h"

#include <algorithm>
#include <limits>

namespace plumb::kernels {

void FindKernelRows(const ConvProblem& p, const float* image, std::int64_t depth,
                    std::int64_t height, KernelRows* rows) {
  for (std::int64_t i = 0; i < p.kernel[0]; ++i) {
    const std::int64_t z = depth * p.stride[0] - p.pad_begin[0] + i * p.dilation[0];
    if (z < 0 || z >= p.in_size[0]) continue;
    for (std::int64_t j = 0; j < p.kernel[1]; ++j) {
      const std::int64_t y = height * p.stride[1] - p.pad_begin[1] + j * p.dilation[1];
      if (y < 0 || y >= p.in_size[1]) continue;
      rows->src[rows->count] = image + z * p.src.spatial[0] + y * p.src.spatial[1];
      rows->index[rows->count++] = i * p.kernel[1] + j;
    }
  }
}

ActivationBounds BoundsOf(const Epilogue& epilogue) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  switch (epilogue.activation) {
    case Activation::kNone: return {-kInfinity, kInfinity, true};
    case Activation::kRelu: return {0, kInfinity, true};
    case Activation::kClip: return {epilogue.alpha, epilogue.beta, true};
    default: return {-kInfinity, kInfinity, false};
  }
}

void ForEachOutputRow(const ConvProblem& p, const Call& call,
                      FunctionRef<void(const OutputRow&)> fn) {
  const std::int64_t rows = p.batch * p.out_size[0] * p.out_size[1];
  if (rows == 0 || p.out_size[2] == 0 || p.out_channels == 0) return;
  // Neighbouring rows share input, so that a task takes several.
  const std::int64_t threads = call.pool->threads();
  const std::int64_t per_task =
      threads == 1 ? rows : std::max<std::int64_t>(1, rows / (4 * threads));
  const std::int64_t tasks = (rows + per_task - 1) / per_task;
  call.pool->ParallelFor(tasks, [&](std::int64_t task) {
    const std::int64_t end = std::min(rows, (task + 1) * per_task);
    for (std::int64_t row = task * per_task; row < end; ++row) {
      OutputRow out;
      out.height = row % p.out_size[1];
      out.depth = row / p.out_size[1] % p.out_size[0];
      const std::int64_t image = row / p.out_size[1] / p.out_size[0];
      auto offset = [&](const ImageStrides& strides) {
        return image * strides.batch + out.depth * strides.spatial[0] +
               out.height * strides.spatial[1];
      };
      out.image = static_cast<const float*>(call.operands[0]) + image * p.src.batch;
      out.residual = p.epilogue.has_residual
                         ? static_cast<const float*>(call.operands[2]) + offset(p.residual)
                         : nullptr;
      out.dst = static_cast<float*>(call.operands[3]) + offset(p.dst);
      fn(out);
    }
  });
}

}  // namespace plumb::kernels
