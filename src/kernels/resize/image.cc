// Camera images: taps of both directions, rows in parallel, each summed over its input rows and
// then along the width with the map fused.
#include "kernels/resize/image.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/check.h"
#include "kernels/resize/resize_fns.h"

namespace plumb::kernels {
namespace {

// Every output position has the same number of taps; surplus ones have weight 0.
struct Taps {
  int count = 1;
  std::vector<std::int32_t> index;
  std::vector<float> weight;
};

Taps BilinearTaps(std::int64_t in, std::int64_t out) {
  Taps taps;
  taps.count = 2;
  const double ratio = static_cast<double>(in) / static_cast<double>(out);
  for (std::int64_t o = 0; o < out; ++o) {
    const double x =
        std::clamp((static_cast<double>(o) + 0.5) * ratio - 0.5, 0.0, static_cast<double>(in - 1));
    const std::int64_t low =
        std::min(static_cast<std::int64_t>(x), std::max<std::int64_t>(0, in - 2));
    const double part = x - static_cast<double>(low);
    taps.index.push_back(static_cast<std::int32_t>(low));
    taps.index.push_back(static_cast<std::int32_t>(std::min(low + 1, in - 1)));
    taps.weight.push_back(static_cast<float>(1 - part));
    taps.weight.push_back(static_cast<float>(part));
  }
  return taps;
}

// Output pixel o covers [o, o + 1) * in / out.
Taps AreaTaps(std::int64_t in, std::int64_t out) {
  if (in <= out) return BilinearTaps(in, out);
  Taps taps;
  const double ratio = static_cast<double>(in) / static_cast<double>(out);
  taps.count = in % out == 0 ? static_cast<int>(in / out) : static_cast<int>(std::ceil(ratio)) + 1;
  for (std::int64_t o = 0; o < out; ++o) {
    const double begin = static_cast<double>(o) * ratio, end = begin + ratio;
    const std::int64_t first = static_cast<std::int64_t>(begin);
    for (int t = 0; t < taps.count; ++t) {
      const double low = static_cast<double>(first + t);
      const double cover = std::max(0.0, std::min(end, low + 1) - std::max(begin, low));
      taps.index.push_back(static_cast<std::int32_t>(std::min(first + t, in - 1)));
      taps.weight.push_back(static_cast<float>(cover / ratio));
    }
  }
  return taps;
}

PixelMap MapOf(const ImageResize& r) {
  PixelMap map{};
  map.channels = r.channels;
  for (int c = 0; c < 4; ++c) {
    map.scale[c] = r.scale[c];
    map.shift[c] = -r.mean[c] * r.scale[c];
  }
  return map;
}

// Rows of the input with channels 0 and 2 exchanged would need a copy; the sums are exchanged
// instead, in place.
void SwapRedBlue(float* sums, std::int64_t pixels, int channels) {
  for (std::int64_t p = 0; p < pixels; ++p, sums += channels) std::swap(sums[0], sums[2]);
}

template <typename T>
void Resize(const ImageResize& r, const std::uint8_t* src, T* dst, const Target& target,
            ThreadPool* pool) {
  PLUMB_CHECK(r.in_height >= 1 && r.in_width >= 1 && r.out_height >= 1 && r.out_width >= 1,
              "image of ", r.in_width, "x", r.in_height, " to ", r.out_width, "x", r.out_height);
  PLUMB_CHECK(r.channels >= 1 && r.channels <= 4, r.channels, " channels");
  const ResizeFns fns = ResizeFnsFor(target);
  const PixelMap map = MapOf(r);
  const bool area = r.filter == ImageFilter::kArea;
  const Taps x = area ? AreaTaps(r.in_width, r.out_width) : BilinearTaps(r.in_width, r.out_width);
  const Taps y =
      area ? AreaTaps(r.in_height, r.out_height) : BilinearTaps(r.in_height, r.out_height);
  const std::int64_t width = r.in_width * r.channels;
  // Rows of a task: enough work, and few enough tasks that their buffers stay small.
  const std::int64_t per_task = std::max<std::int64_t>(1, 65536 / std::max(width, r.out_width * 4));
  pool->ParallelFor((r.out_height + per_task - 1) / per_task, [&](std::int64_t task) {
    std::vector<float> sums(static_cast<std::size_t>(width) + 16);
    std::vector<const std::uint8_t*> rows(static_cast<std::size_t>(y.count));
    const std::int64_t end = std::min(r.out_height, (task + 1) * per_task);
    for (std::int64_t o = task * per_task; o < end; ++o) {
      for (int t = 0; t < y.count; ++t) {
        rows[std::size_t(t)] = src + y.index[std::size_t(o * y.count + t)] * r.in_row_bytes;
      }
      fns.combine_u8(rows.data(), y.weight.data() + o * y.count, y.count, width, sums.data());
      if (r.swap_red_blue && r.channels >= 3) SwapRedBlue(sums.data(), r.in_width, r.channels);
      T* to = dst + o * r.out_row_elements;
      if constexpr (sizeof(T) == 1) {
        fns.spread_map_u8(sums.data(), x.index.data(), x.weight.data(), x.count, r.out_width, map,
                          to, r.out_pixel_elements, r.out_channel_elements);
      } else {
        fns.spread_map_f32(sums.data(), x.index.data(), x.weight.data(), x.count, r.out_width, map,
                           to, r.out_pixel_elements, r.out_channel_elements);
      }
    }
  });
}

}  // namespace

void ResizeImage(const ImageResize& resize, const std::uint8_t* src, float* dst,
                 const Target& target, ThreadPool* pool) {
  Resize(resize, src, dst, target, pool);
}

void ResizeImage(const ImageResize& resize, const std::uint8_t* src, std::uint8_t* dst,
                 const Target& target, ThreadPool* pool) {
  Resize(resize, src, dst, target, pool);
}

}  // namespace plumb::kernels
