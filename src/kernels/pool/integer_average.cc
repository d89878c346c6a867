#include "kernels/pool/integer_average.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"

namespace plumb::kernels {
namespace {

constexpr std::int64_t kBlock = 64;  // channels that are summed together

struct Params {
  IntegerAverageProblem problem;
  std::int64_t blocks;
};

// Sums of `count` channels. Rows are summed in 32 bits: they hold fewer than 2^23 pixels.
template <typename T>
void SumChannels(const IntegerAverageProblem& p, const T* image, std::int64_t count,
                 std::int64_t* sums) {
  constexpr std::int64_t kRow = 1 << 22;
  std::fill_n(sums, count, std::int64_t{0});
  for (std::int64_t d = 0; d < p.sizes[0]; ++d) {
    for (std::int64_t h = 0; h < p.sizes[1]; ++h) {
      const T* row = image + d * p.in_spatial[0] + h * p.in_spatial[1];
      for (std::int64_t begin = 0; begin < p.sizes[2]; begin += kRow) {
        const std::int64_t end = std::min(p.sizes[2], begin + kRow);
        std::int32_t part[kBlock] = {};
        for (std::int64_t w = begin; w < end; ++w) {
          const T* at = row + w * p.in_spatial[2];
          if (p.in_channel == 1) {
            for (std::int64_t c = 0; c < count; ++c) part[c] += at[c];
          } else {
            for (std::int64_t c = 0; c < count; ++c) part[c] += at[c * p.in_channel];
          }
        }
        for (std::int64_t c = 0; c < count; ++c) sums[c] += part[c];
      }
    }
  }
}

template <typename From, typename To>
void RunAverage(const void* raw, const Call& call) noexcept {
  const Params& params = *static_cast<const Params*>(raw);
  const IntegerAverageProblem& p = params.problem;
  const std::int64_t pixels = p.sizes[0] * p.sizes[1] * p.sizes[2];
  call.pool->ParallelFor(p.batch * params.blocks, [&](std::int64_t task) {
    const std::int64_t n = task / params.blocks, channel = task % params.blocks * kBlock;
    const std::int64_t count = std::min(kBlock, p.channels - channel);
    const From* src =
        static_cast<const From*>(call.operands[0]) + n * p.in_batch + channel * p.in_channel;
    To* dst = static_cast<To*>(call.operands[1]) + n * p.out_batch + channel * p.out_channel;
    std::int64_t sums[kBlock];
    SumChannels(p, src, count, sums);
    for (std::int64_t c = 0; c < count; ++c) {
      const std::int64_t sum = sums[c] - pixels * p.x_zero;
      dst[c * p.out_channel] = static_cast<To>(AverageOfSum(sum, p.scale, p.y_zero, p.dst));
    }
  });
}

}  // namespace

int AverageOfSum(std::int64_t sum, float scale, int zero, DType type) {
  const int low = type == DType::kInt8 ? -128 : 0;
  const float real = static_cast<float>(sum) * scale;
  if (std::isnan(real)) return zero;
  const float clamped =
      std::clamp(real, static_cast<float>(low - zero), static_cast<float>(low + 255 - zero));
  return static_cast<int>(std::nearbyint(clamped)) + zero;
}

BoundKernel BindIntegerAverage(const IntegerAverageProblem& problem) {
  const auto small = [](DType type) { return type == DType::kInt8 || type == DType::kUInt8; };
  PLUMB_CHECK(small(problem.src) && small(problem.dst), "average of ", Str(DTypeName(problem.src)),
              " as ", Str(DTypeName(problem.dst)));
  const Params params{problem, (problem.channels + kBlock - 1) / kBlock};
  BoundKernel kernel;
  if (problem.src == DType::kUInt8) {
    kernel.run = problem.dst == DType::kUInt8 ? RunAverage<std::uint8_t, std::uint8_t>
                                              : RunAverage<std::uint8_t, std::int8_t>;
  } else {
    kernel.run = problem.dst == DType::kUInt8 ? RunAverage<std::int8_t, std::uint8_t>
                                              : RunAverage<std::int8_t, std::int8_t>;
  }
  kernel.params.Set(params);
  return kernel;
}

}  // namespace plumb::kernels
