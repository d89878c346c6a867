// Scale and shift per channel, GroupNorm with InstanceNorm, and LRN: images in parallel by blocks
// of pixels.
#include <algorithm>
#include <cmath>

#include "core/check.h"
#include "kernels/norm/norm.h"
#include "kernels/norm/norm_fns.h"

namespace plumb::kernels {
namespace {

std::int64_t CeilDiv(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Elements of a task, about.
constexpr std::int64_t kTaskElements = 16384;

struct AffineParams {
  ChannelAffineProblem problem;
  NormFns fns;
  std::int64_t pixels_per_task, blocks;
};

// One pixel after the other (channels contiguous), or one channel after the other.
void AffineBlock(const AffineParams& params, const Call& call, std::int64_t image,
                 std::int64_t begin, std::int64_t end) {
  const ChannelAffineProblem& p = params.problem;
  const float* src = static_cast<const float*>(call.operands[0]) + image * p.src_batch;
  const float* scale = static_cast<const float*>(call.operands[1]);
  const float* shift = static_cast<const float*>(call.operands[2]);
  float* dst = static_cast<float*>(call.operands[3]) + image * p.dst_batch;
  const bool last = p.src_channel == 1 && p.dst_channel == 1;
  const bool planes = p.src_pixel == 1 && p.dst_pixel == 1;
  while (begin < end) {
    const std::int64_t row = begin / p.width, column = begin % p.width;
    const std::int64_t n = last ? 1 : std::min(end - begin, p.width - column);
    const float* from = src + row * p.src_row + column * p.src_pixel;
    float* to = dst + row * p.dst_row + column * p.dst_pixel;
    begin += n;
    if (last) {
      params.fns.affine(from, scale, shift, false, to, p.channels, p.activation, p.alpha, p.beta);
      continue;
    }
    for (std::int64_t c = 0; c < p.channels; ++c) {
      const float* x = from + c * p.src_channel;
      float* y = to + c * p.dst_channel;
      const std::int64_t run = planes ? n : 1;
      for (std::int64_t i = 0; i < n; i += run) {
        params.fns.affine(x + i * p.src_pixel, scale + c, shift + c, true, y + i * p.dst_pixel, run,
                          p.activation, p.alpha, p.beta);
      }
    }
  }
}

void RunAffine(const void* raw, const Call& call) noexcept {
  const AffineParams& params = *static_cast<const AffineParams*>(raw);
  const ChannelAffineProblem& p = params.problem;
  const std::int64_t pixels = p.height * p.width;
  call.pool->ParallelFor(p.batch * params.blocks, [&](std::int64_t task) {
    const std::int64_t begin = task % params.blocks * params.pixels_per_task;
    AffineBlock(params, call, task / params.blocks, begin,
                std::min(pixels, begin + params.pixels_per_task));
  });
}

// Moments of every channel in blocks of pixels, joined to those of groups, made into a scale and a
// shift per channel, applied.
struct GroupParams {
  GroupNormProblem problem;
  NormFns fns;
  std::int64_t block, blocks;
  bool last, planes;
};

struct GroupCall {
  const float* src;
  const float* scale;
  const float* shift;
  float* dst;
  float* moments;  // [batch, blocks, 2, channels]
  float* affine;   // [batch, 2, channels]
};

GroupCall OperandsOf(const GroupParams& params, const Call& call) {
  const GroupNormProblem& p = params.problem;
  int next = 0;
  GroupCall c{};
  c.src = static_cast<const float*>(call.operands[next++]);
  if (p.has_scale) c.scale = static_cast<const float*>(call.operands[next++]);
  if (p.has_shift) c.shift = static_cast<const float*>(call.operands[next++]);
  c.dst = static_cast<float*>(call.operands[next]);
  c.affine = static_cast<float*>(call.workspace);
  c.moments = c.affine + p.batch * 2 * p.channels;
  return c;
}

void BlockMoments(const GroupParams& params, const GroupCall& c, std::int64_t task) {
  const GroupNormProblem& p = params.problem;
  const std::int64_t first = task % params.blocks * params.block;
  const std::int64_t pixels = std::min(params.block, p.pixels - first);
  const float* src = c.src + task / params.blocks * p.src_batch + first * p.src_pixel;
  float* mean = c.moments + task * 2 * p.channels;
  float* m2 = mean + p.channels;
  if (params.last) {
    params.fns.column_moments(src, p.src_pixel, pixels, p.channels, mean, m2);
    return;
  }
  for (std::int64_t k = 0; k < p.channels; ++k, src += p.src_channel) {
    if (params.planes) {
      params.fns.row_moments(src, pixels, mean + k, m2 + k);
      continue;
    }
    double sum = 0, square = 0;
    for (std::int64_t i = 0; i < pixels; ++i) sum += src[i * p.src_pixel];
    const double average = sum / static_cast<double>(pixels);
    for (std::int64_t i = 0; i < pixels; ++i) {
      square += (src[i * p.src_pixel] - average) * (src[i * p.src_pixel] - average);
    }
    mean[k] = static_cast<float>(average);
    m2[k] = static_cast<float>(square);
  }
}

// Joins moments of disjoint sets (Chan, Golub, LeVeque: "Updating formulae and a pairwise algorithm
// for computing sample variances", 1979).
void JoinGroup(const GroupParams& params, const GroupCall& c, std::int64_t image,
               std::int64_t group) {
  const GroupNormProblem& p = params.problem;
  const std::int64_t width = p.channels / p.groups;
  double count = 0, mean = 0, m2 = 0;
  for (std::int64_t b = 0; b < params.blocks; ++b) {
    const double n = static_cast<double>(std::min(params.block, p.pixels - b * params.block));
    const float* means = c.moments + (image * params.blocks + b) * 2 * p.channels;
    for (std::int64_t k = group * width; k < (group + 1) * width; ++k) {
      const double delta = means[k] - mean, total = count + n;
      mean += delta * n / total;
      m2 += means[p.channels + k] + delta * delta * count * n / total;
      count = total;
    }
  }
  const double inv = 1.0 / std::sqrt(m2 / count + static_cast<double>(p.epsilon));
  float* scale = c.affine + image * 2 * p.channels;
  float* shift = scale + p.channels;
  for (std::int64_t k = group * width; k < (group + 1) * width; ++k) {
    const double a = inv * (c.scale == nullptr ? 1.0 : static_cast<double>(c.scale[k]));
    scale[k] = static_cast<float>(a);
    shift[k] =
        static_cast<float>((c.shift == nullptr ? 0.0 : static_cast<double>(c.shift[k])) - mean * a);
  }
}

void ApplyBlock(const GroupParams& params, const GroupCall& c, std::int64_t task) {
  const GroupNormProblem& p = params.problem;
  const std::int64_t image = task / params.blocks, first = task % params.blocks * params.block;
  const std::int64_t pixels = std::min(params.block, p.pixels - first);
  const float* scale = c.affine + image * 2 * p.channels;
  const float* shift = scale + p.channels;
  const float* src = c.src + image * p.src_batch + first * p.src_pixel;
  float* dst = c.dst + image * p.dst_batch + first * p.dst_pixel;
  if (params.last) {
    for (std::int64_t i = 0; i < pixels; ++i) {
      params.fns.affine(src + i * p.src_pixel, scale, shift, false, dst + i * p.dst_pixel,
                        p.channels, p.activation, p.alpha, p.beta);
    }
    return;
  }
  const std::int64_t run = params.planes ? pixels : 1;
  for (std::int64_t k = 0; k < p.channels; ++k) {
    for (std::int64_t i = 0; i < pixels; i += run) {
      params.fns.affine(src + k * p.src_channel + i * p.src_pixel, scale + k, shift + k, true,
                        dst + k * p.dst_channel + i * p.dst_pixel, run, p.activation, p.alpha,
                        p.beta);
    }
  }
}

void RunGroupNorm(const void* raw, const Call& call) noexcept {
  const GroupParams& params = *static_cast<const GroupParams*>(raw);
  const GroupNormProblem& p = params.problem;
  const GroupCall c = OperandsOf(params, call);
  const std::int64_t tasks = p.batch * params.blocks;
  call.pool->ParallelFor(tasks, [&](std::int64_t task) { BlockMoments(params, c, task); });
  for (std::int64_t image = 0; tasks != 0 && image < p.batch; ++image) {
    for (std::int64_t group = 0; group < p.groups; ++group) JoinGroup(params, c, image, group);
  }
  call.pool->ParallelFor(tasks, [&](std::int64_t task) { ApplyBlock(params, c, task); });
}

struct LrnParams {
  LrnProblem problem;
  LrnShape shape;
  NormFns fns;
  bool last, planes;
  std::int64_t block, blocks;
};

void LrnGeneric(const LrnShape& s, const float* src, float* dst) {
  for (std::int64_t c = 0; c < s.channels; ++c) {
    const std::int64_t begin = std::max<std::int64_t>(0, c - s.before);
    const std::int64_t end = std::min(s.channels, c + s.after + 1);
    double sum = 0;
    for (std::int64_t k = begin; k < end; ++k) {
      const double x = src[k * s.src_channel];
      sum += x * x;
    }
    const double base = static_cast<double>(s.bias) + static_cast<double>(s.alpha) * sum;
    dst[c * s.dst_channel] =
        static_cast<float>(src[c * s.src_channel] / std::pow(base, static_cast<double>(s.beta)));
  }
}

void RunLrn(const void* raw, const Call& call) noexcept {
  const LrnParams& params = *static_cast<const LrnParams*>(raw);
  const LrnProblem& p = params.problem;
  call.pool->ParallelFor(p.batch * params.blocks, [&](std::int64_t task) {
    const std::int64_t image = task / params.blocks, first = task % params.blocks * params.block;
    const std::int64_t pixels = std::min(params.block, p.pixels - first);
    const float* src =
        static_cast<const float*>(call.operands[0]) + image * p.src_batch + first * p.src_pixel;
    float* dst = static_cast<float*>(call.operands[1]) + image * p.dst_batch + first * p.dst_pixel;
    if (params.last) {
      params.fns.lrn_pixels(params.shape, src, dst, pixels);
    } else if (params.planes) {
      params.fns.lrn_planes(params.shape, src, dst, pixels);
    } else {
      for (std::int64_t i = 0; i < pixels; ++i) {
        LrnGeneric(params.shape, src + i * p.src_pixel, dst + i * p.dst_pixel);
      }
    }
  });
}

}  // namespace

BoundKernel BindChannelAffine(const ChannelAffineProblem& problem, const Target& target) {
  AffineParams params{};
  params.problem = problem;
  params.fns = NormFnsFor(target);
  params.pixels_per_task =
      std::max<std::int64_t>(1, kTaskElements / std::max<std::int64_t>(1, problem.channels));
  params.blocks = CeilDiv(problem.height * problem.width, params.pixels_per_task);
  BoundKernel kernel;
  kernel.run = RunAffine;
  kernel.params.Set(params);
  return kernel;
}

BoundKernel BindGroupNorm(const GroupNormProblem& problem, const Target& target) {
  PLUMB_CHECK(problem.groups >= 1 && problem.channels % problem.groups == 0, problem.channels,
              " channels in ", problem.groups, " groups");
  GroupParams params{};
  params.problem = problem;
  params.fns = NormFnsFor(target);
  params.last = problem.src_channel == 1 && problem.dst_channel == 1;
  params.planes = problem.src_pixel == 1 && problem.dst_pixel == 1;
  params.block =
      std::max<std::int64_t>(16, kTaskElements / std::max<std::int64_t>(1, problem.channels));
  params.blocks = CeilDiv(problem.pixels, params.block);
  BoundKernel kernel;
  kernel.run = RunGroupNorm;
  kernel.workspace_bytes = problem.batch * (1 + params.blocks) * 2 * problem.channels * 4;
  kernel.params.Set(params);
  return kernel;
}

BoundKernel BindLrn(const LrnProblem& problem, const Target& target) {
  PLUMB_CHECK(problem.size >= 1, "window of ", problem.size, " channels");
  LrnParams params{};
  params.problem = problem;
  params.fns = NormFnsFor(target);
  LrnShape& s = params.shape;
  s.channels = problem.channels;
  s.src_pixel = problem.src_pixel;
  s.src_channel = problem.src_channel;
  s.dst_pixel = problem.dst_pixel;
  s.dst_channel = problem.dst_channel;
  s.before = (problem.size - 1) / 2;
  s.after = problem.size - 1 - s.before;
  s.alpha = problem.alpha / static_cast<float>(problem.size);
  s.beta = problem.beta;
  s.bias = problem.bias;
  const bool small = problem.size <= kLrnMaxSize;
  params.last = problem.src_channel == 1 && problem.dst_channel == 1 && small;
  params.planes = problem.src_pixel == 1 && problem.dst_pixel == 1;
  params.block = params.planes && !params.last
                     ? kLrnPixels
                     : std::max<std::int64_t>(
                           1, kTaskElements / 2 / std::max<std::int64_t>(1, problem.channels));
  params.blocks = CeilDiv(problem.pixels, params.block);
  BoundKernel kernel;
  kernel.run = RunLrn;
  kernel.params.Set(params);
  return kernel;
}

}  // namespace plumb::kernels
