// Binds pooling and walks the output pixels.
#include "kernels/pool/pool.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <type_traits>

#include "core/check.h"
#include "kernels/pool/pool_kernels.h"

namespace plumb::kernels {
namespace {

struct PoolParams {
  PoolProblem problem;
  PoolPixelsFn pixels;         // null: element by element
  std::int64_t channel_block;  // channels of a task
  std::int64_t channel_blocks;
  std::int64_t pixels_per_task;
  std::int64_t tasks;
};

// Positions k of the kernel that lie inside the image, in one dimension.
struct Taps {
  std::int64_t first_input, count, padded_count;
};

// Mostly by 1: divisions would take longer than the pooling of a small window.
std::int64_t CeilDiv(std::int64_t a, std::int64_t b) { return b == 1 ? a : (a + b - 1) / b; }

// Number of k >= 0 with start + k * step < end, at most `limit`.
std::int64_t CountBelow(std::int64_t start, std::int64_t step, std::int64_t end,
                        std::int64_t limit) {
  if (start >= end) return 0;
  return std::min(limit, CeilDiv(end - start, step));
}

Taps TapsAt(const PoolProblem& p, int d, std::int64_t out) {
  const std::int64_t start = out * p.stride[d] - p.pad_begin[d];
  const std::int64_t skip = start < 0 ? std::min(p.kernel[d], CeilDiv(-start, p.dilation[d])) : 0;
  const std::int64_t inside = CountBelow(start, p.dilation[d], p.in_sizes[d], p.kernel[d]);
  const std::int64_t padded =
      CountBelow(start, p.dilation[d], p.in_sizes[d] + p.pad_end[d], p.kernel[d]);
  return {start + skip * p.dilation[d], std::max<std::int64_t>(0, inside - skip), padded};
}

struct PixelTaps {
  Taps axis[3];
  bool empty() const { return axis[0].count == 0 || axis[1].count == 0 || axis[2].count == 0; }
  double Divisor(bool include_pad) const {
    double product = 1;
    for (const Taps& t : axis) {
      product *= static_cast<double>(include_pad ? t.padded_count : t.count);
    }
    return product;
  }
};

struct Pixel {
  std::int64_t batch, at[3];
};

Pixel PixelOf(const PoolProblem& p, std::int64_t flat) {
  Pixel pixel;
  for (int d = 2; d >= 0; --d) {
    pixel.at[d] = flat % p.out_sizes[d];
    flat /= p.out_sizes[d];
  }
  pixel.batch = flat;
  return pixel;
}

// Output pixels one after the other, with their taps.
class PixelWalk {
 public:
  PixelWalk(const PoolProblem& problem, std::int64_t flat)
      : problem_(problem), pixel_(PixelOf(problem, flat)) {
    for (int d = 0; d < 3; ++d) taps_.axis[d] = TapsAt(problem, d, pixel_.at[d]);
  }

  // Pixels from here on in the row that all have the whole width of the kernel; else 1.
  std::int64_t Alike() const {
    const PoolProblem& p = problem_;
    if (taps_.axis[2].count < p.kernel[2]) return 1;
    const std::int64_t room =
        p.in_sizes[2] - 1 - taps_.axis[2].first_input - (p.kernel[2] - 1) * p.dilation[2];
    return std::min(p.out_sizes[2] - pixel_.at[2], room / p.stride[2] + 1);
  }

  // `pixels` on, within the row or to the begin of the next.
  void Advance(std::int64_t pixels) {
    pixel_.at[2] += pixels - 1;
    for (int d = 2; d >= 0; --d) {
      const bool wraps = ++pixel_.at[d] == problem_.out_sizes[d];
      if (wraps) pixel_.at[d] = 0;
      taps_.axis[d] = TapsAt(problem_, d, pixel_.at[d]);
      if (!wraps) return;
    }
    ++pixel_.batch;
  }

  const Pixel& pixel() const { return pixel_; }
  const PixelTaps& taps() const { return taps_; }

 private:
  const PoolProblem& problem_;
  Pixel pixel_;
  PixelTaps taps_;
};

std::int64_t InOffset(const PoolProblem& p, const Pixel& pixel, const PixelTaps& taps) {
  std::int64_t offset = pixel.batch * p.in_batch;
  for (int d = 0; d < 3; ++d) offset += taps.axis[d].first_input * p.in_spatial[d];
  return offset;
}

std::int64_t OutOffset(const PoolProblem& p, const Pixel& pixel) {
  std::int64_t offset = pixel.batch * p.out_batch;
  for (int d = 0; d < 3; ++d) offset += pixel.at[d] * p.out_spatial[d];
  return offset;
}

// A window without a position inside the image: the reduction of nothing.
template <typename T>
T EmptyValue(PoolKind kind) {
  if constexpr (std::is_same_v<T, BFloat16>) {
    return BFloat16(kind != PoolKind::kMax ? 0.0f : -INFINITY);
  } else {
    if (kind != PoolKind::kMax) return T{0};
    return std::numeric_limits<T>::has_infinity ? static_cast<T>(-INFINITY)
                                                : std::numeric_limits<T>::lowest();
  }
}

template <typename T>
void PixelsByVectors(const PoolParams& params, const Call& call, const PixelWalk& at,
                     std::int64_t pixels, std::int64_t channel, std::int64_t channels) {
  const PoolProblem& p = params.problem;
  const Pixel& pixel = at.pixel();
  const PixelTaps& taps = at.taps();
  T* dst = static_cast<T*>(call.operands[1]) + OutOffset(p, pixel) + channel;
  if (taps.empty()) {
    for (std::int64_t i = 0; i < pixels; ++i, dst += p.out_spatial[2]) {
      std::fill_n(dst, channels, EmptyValue<T>(p.kind));
    }
    return;
  }
  PoolWindow window;
  window.pixels = pixels;
  window.src_step = p.stride[2] * p.in_spatial[2];
  window.dst_step = p.out_spatial[2];
  window.src = static_cast<const T*>(call.operands[0]) + InOffset(p, pixel, taps) + channel;
  for (int d = 0; d < 3; ++d) {
    window.taps[d] = taps.axis[d].count;
    window.strides[d] = p.in_spatial[d] * p.dilation[d];
  }
  const float scale = static_cast<float>(1.0 / taps.Divisor(p.count_include_pad));
  params.pixels(window, dst, channels, scale, p.p);
}

// What elements are computed as.
template <typename T>
using Wide = std::conditional_t<std::is_same_v<T, BFloat16>, float, T>;

// Sum, maximum and where it was, of one channel of one window.
template <typename T>
struct Reduced {
  Wide<T> value;
  std::int64_t where[3];
};

template <typename T>
Reduced<T> ReduceWindow(const PoolProblem& p, const PixelTaps& taps, const T* src) {
  Reduced<T> r{static_cast<Wide<T>>(EmptyValue<T>(p.kind)), {0, 0, 0}};
  bool first = true;
  double sum = 0;
  for (std::int64_t d = 0; d < taps.axis[0].count; ++d) {
    for (std::int64_t h = 0; h < taps.axis[1].count; ++h) {
      const T* at = src + d * p.in_spatial[0] * p.dilation[0] + h * p.in_spatial[1] * p.dilation[1];
      for (std::int64_t w = 0; w < taps.axis[2].count; ++w, at += p.in_spatial[2] * p.dilation[2]) {
        const auto x = static_cast<Wide<T>>(*at);
        if (p.kind == PoolKind::kAverage) sum += static_cast<double>(x);
        if (p.kind == PoolKind::kLp) sum += std::pow(std::fabs(static_cast<double>(x)), p.p);
        if (p.kind != PoolKind::kMax) continue;
        const bool becomes_nan = x != x && r.value == r.value;
        if (first || x > r.value || becomes_nan) {
          r = {x, {d, h, w}};
          first = false;
        }
      }
    }
  }
  if (p.kind == PoolKind::kAverage) {
    r.value = static_cast<Wide<T>>(sum / taps.Divisor(p.count_include_pad));
  } else if (p.kind == PoolKind::kLp) {
    r.value = static_cast<Wide<T>>(std::pow(sum, 1.0 / p.p));
  }
  return r;
}

std::int64_t FlatIndex(const PoolProblem& p, const Pixel& pixel, std::int64_t channel,
                       const PixelTaps& taps, const std::int64_t* where) {
  std::int64_t flat = 0, stride = 1, at[3], image = 1;
  for (int d = 0; d < 3; ++d) {
    at[d] = taps.axis[d].first_input + where[d] * p.dilation[d];
    image *= p.in_sizes[d];
  }
  for (int k = 0; k < 3; ++k) {
    const int d = p.column_major_indices ? k : 2 - k;
    flat += at[d] * stride;
    stride *= p.in_sizes[d];
  }
  return flat + (pixel.batch * p.channels + channel) * image;
}

template <typename T>
void PixelByElements(const PoolParams& params, const Call& call, const PixelWalk& at,
                     std::int64_t channel, std::int64_t channels) {
  const PoolProblem& p = params.problem;
  const Pixel& pixel = at.pixel();
  const PixelTaps& taps = at.taps();
  const std::int64_t out = OutOffset(p, pixel);
  const T* src = static_cast<const T*>(call.operands[0]);
  if (!taps.empty()) src += InOffset(p, pixel, taps);
  T* dst = static_cast<T*>(call.operands[1]) + out;
  for (std::int64_t c = channel; c < channel + channels; ++c) {
    Reduced<T> r{static_cast<Wide<T>>(EmptyValue<T>(p.kind)), {0, 0, 0}};
    if (!taps.empty()) r = ReduceWindow(p, taps, src + c * p.in_channel);
    dst[c * p.out_channel] = T(r.value);
    if (p.indices) {
      std::int64_t* indices = static_cast<std::int64_t*>(call.operands[2]) + out;
      indices[c * p.out_channel] = FlatIndex(p, pixel, c, taps, r.where);
    }
  }
}

// Calls fn(T{}) for the element type.
template <typename Fn>
void VisitElement(DType type, Fn&& fn) {
  switch (type) {
    case DType::kFloat32: return fn(float{});
    case DType::kFloat64: return fn(double{});
    case DType::kBFloat16: return fn(BFloat16{});
    case DType::kInt8: return fn(std::int8_t{});
    default: return fn(std::uint8_t{});
  }
}

void RunPool(const void* raw, const Call& call) noexcept {
  const PoolParams& params = *static_cast<const PoolParams*>(raw);
  const PoolProblem& p = params.problem;
  const std::int64_t pixels = p.batch * p.out_sizes[0] * p.out_sizes[1] * p.out_sizes[2];
  call.pool->ParallelFor(params.tasks, [&](std::int64_t task) {
    const std::int64_t channel = task % params.channel_blocks * params.channel_block;
    const std::int64_t channels = std::min(params.channel_block, p.channels - channel);
    const std::int64_t begin = task / params.channel_blocks * params.pixels_per_task;
    const std::int64_t end = std::min(pixels, begin + params.pixels_per_task);
    PixelWalk walk(p, begin);
    for (std::int64_t pixel = begin; pixel < end;) {
      const std::int64_t alike = params.pixels == nullptr ? 1 : walk.Alike();
      const std::int64_t count = std::min(alike, end - pixel);
      VisitElement(p.dtype, [&]<typename T>(T) {
        if constexpr (!std::is_same_v<T, double>) {
          if (params.pixels != nullptr) {
            return PixelsByVectors<T>(params, call, walk, count, channel, channels);
          }
        }
        PixelByElements<T>(params, call, walk, channel, channels);
      });
      walk.Advance(count);
      pixel += count;
    }
  });
}

PoolPixelsFn FindPixelsFn(const PoolProblem& p, Isa isa) {
  if (p.indices || p.in_channel != 1 || p.out_channel != 1) return nullptr;
  const PoolPixelsFns fns = isa == Isa::kAvx512 ? PoolPixelsAvx512()
                            : isa == Isa::kAvx2 ? PoolPixelsAvx2()
                                                : PoolPixelsScalar();
  const auto of = [&](std::size_t type) {
    if (p.kind == PoolKind::kMax) return fns.max[type];
    return p.kind == PoolKind::kAverage ? fns.average[type] : fns.lp[type];
  };
  switch (p.dtype) {
    case DType::kFloat32: return of(0);
    case DType::kBFloat16: return of(1);
    case DType::kInt8: return fns.max[2];
    case DType::kUInt8: return fns.max[3];
    default: return nullptr;
  }
}

}  // namespace

BoundKernel BindPool(const PoolProblem& problem, const Target& target) {
  const DType type = problem.dtype;
  PLUMB_CHECK(
      type == DType::kFloat32 || type == DType::kFloat64 || type == DType::kBFloat16 ||
          (problem.kind == PoolKind::kMax && (type == DType::kInt8 || type == DType::kUInt8)),
      "pooling of ", Str(DTypeName(type)));
  for (int d = 0; d < 3; ++d) {
    PLUMB_CHECK(problem.kernel[d] >= 1 && problem.stride[d] >= 1 && problem.dilation[d] >= 1,
                "kernel ", problem.kernel[d], " stride ", problem.stride[d], " dilation ",
                problem.dilation[d]);
  }
  PoolParams params{};
  params.problem = problem;
  params.pixels = FindPixelsFn(problem, target.isa);
  const std::int64_t pixels =
      problem.batch * problem.out_sizes[0] * problem.out_sizes[1] * problem.out_sizes[2];
  const double window = static_cast<double>(problem.kernel[0] * problem.kernel[1]) *
                        static_cast<double>(problem.kernel[2]);
  // A task reads about 64 KB; few large windows are divided by channels.
  const double task_elements = 16384;
  params.channel_block = problem.channels;
  if (window * static_cast<double>(problem.channels) > task_elements) {
    params.channel_block =
        std::max<std::int64_t>(64, static_cast<std::int64_t>(task_elements / window) / 64 * 64);
  }
  params.channel_block =
      std::max<std::int64_t>(1, std::min(params.channel_block, problem.channels));
  params.channel_blocks = CeilDiv(problem.channels, params.channel_block);
  const double pixel_elements = window * static_cast<double>(params.channel_block);
  params.pixels_per_task =
      std::max<std::int64_t>(1, static_cast<std::int64_t>(task_elements / pixel_elements));
  params.tasks = CeilDiv(pixels, params.pixels_per_task) * params.channel_blocks;
  BoundKernel kernel;
  kernel.run = RunPool;
  kernel.params.Set(params);
  return kernel;
}

}  // namespace plumb::kernels
