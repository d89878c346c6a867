// Runs a resize: rows of the output in parallel. A row is first summed over depth and height into a
// short buffer, block by block, then along the width.
#include "kernels/resize/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/resize/resize_fns.h"

namespace plumb::kernels {
namespace {

constexpr std::int64_t kBuffer = 4096;  // floats of a block of summed rows
constexpr std::int64_t kChannelBlock = 256;
constexpr int kMaxRows = 64;  // summed over depth and height

struct ResizeParams {
  const ResizePlan* plan;
  ResizeFns fns;
  bool last, planes;  // channels-last; pixels contiguous in both
};

// One output row: of all channels (last), of one channel otherwise.
struct Row {
  const ResizeParams& params;
  const ResizeProblem& p;
  std::int64_t src, dst;       // element offsets of the image (and channel), of the output row
  std::int64_t depth, height;  // output indices

  const ResizeAxis& axis(int d) const { return params.plan->axes[d]; }
  bool OutsideRow() const {
    return (!axis(0).outside.empty() && axis(0).outside[std::size_t(depth)]) ||
           (!axis(1).outside.empty() && axis(1).outside[std::size_t(height)]);
  }
  bool Outside(std::int64_t x) const {
    return OutsideRow() || (!axis(2).outside.empty() && axis(2).outside[std::size_t(x)]);
  }
};

template <typename T>
T FromFloat(float x) {
  if constexpr (sizeof(T) == 1) {
    x = x > 0 ? x : 0;
    return static_cast<T>(std::nearbyint(std::min(x, 255.0f)));
  } else {
    return x;
  }
}

// Any strides and any number of taps.
template <typename T>
void PixelByElements(const Row& row, const T* src, T* dst, std::int64_t x, std::int64_t channels) {
  const ResizeProblem& p = row.p;
  const ResizeAxis &a = row.axis(0), &b = row.axis(1), &c = row.axis(2);
  for (std::int64_t channel = 0; channel < channels; ++channel) {
    double sum = 0;
    for (int i = 0; i < a.taps; ++i) {
      const std::size_t ai = std::size_t(row.depth * a.taps + i);
      for (int j = 0; j < b.taps; ++j) {
        const std::size_t bj = std::size_t(row.height * b.taps + j);
        const T* at = src + row.src + channel * p.in_channel + a.index[ai] * p.in_spatial[0] +
                      b.index[bj] * p.in_spatial[1];
        double line = 0;
        for (int k = 0; k < c.taps; ++k) {
          const std::size_t ck = std::size_t(x * c.taps + k);
          line += static_cast<double>(at[c.index[ck] * p.in_spatial[2]]) *
                  static_cast<double>(c.weight[ck]);
        }
        sum += line * static_cast<double>(a.weight[ai]) * static_cast<double>(b.weight[bj]);
      }
    }
    dst[row.dst + x * p.out_spatial[2] + channel * p.out_channel] =
        FromFloat<T>(row.Outside(x) ? p.extrapolation : static_cast<float>(sum));
  }
}

// Pixels are copied whole.
template <typename T>
void NearestRow(const Row& row, const T* src, T* dst, std::int64_t channels) {
  const ResizeProblem& p = row.p;
  const ResizeAxis& c = row.axis(2);
  const T* line = src + row.src + row.axis(0).index[std::size_t(row.depth)] * p.in_spatial[0] +
                  row.axis(1).index[std::size_t(row.height)] * p.in_spatial[1];
  for (std::int64_t x = 0; x < p.out_sizes[2]; ++x) {
    const T* from = line + c.index[std::size_t(x)] * p.in_spatial[2];
    T* to = dst + row.dst + x * p.out_spatial[2];
    if (row.Outside(x)) {
      for (std::int64_t k = 0; k < channels; ++k) {
        to[k * p.out_channel] = FromFloat<T>(p.extrapolation);
      }
    } else if (p.in_channel == 1 && p.out_channel == 1) {
      std::memcpy(to, from, static_cast<std::size_t>(channels) * sizeof(T));
    } else {
      for (std::int64_t k = 0; k < channels; ++k) to[k * p.out_channel] = from[k * p.in_channel];
    }
  }
}

// The rows that an output row reads, with their weights.
template <typename T>
struct Rows {
  const T* at[kMaxRows];
  float weight[kMaxRows];
  int count = 0;
};

template <typename T>
Rows<T> RowsOf(const Row& row, const T* src) {
  const ResizeAxis &a = row.axis(0), &b = row.axis(1);
  Rows<T> rows;
  for (int i = 0; i < a.taps; ++i) {
    for (int j = 0; j < b.taps; ++j) {
      const std::size_t ai = std::size_t(row.depth * a.taps + i);
      const std::size_t bj = std::size_t(row.height * b.taps + j);
      const float weight = a.weight[ai] * b.weight[bj];
      rows.at[rows.count] =
          src + row.src + a.index[ai] * row.p.in_spatial[0] + b.index[bj] * row.p.in_spatial[1];
      rows.weight[rows.count++] = weight;
    }
  }
  return rows;
}

void Combine(const ResizeFns& fns, const float* const* rows, const float* w, int count,
             std::int64_t n, float* dst) {
  fns.combine_f32(rows, w, count, n, dst);
}
void Combine(const ResizeFns& fns, const std::uint8_t* const* rows, const float* w, int count,
             std::int64_t n, float* dst) {
  fns.combine_u8(rows, w, count, n, dst);
}

// Output pixels [begin, end) whose taps lie in input positions [low, high].
struct Block {
  std::int64_t begin, end;
  std::int32_t low, high;
};

Block NextBlock(const ResizeAxis& axis, std::int64_t begin, std::int64_t out_size,
                std::int64_t channels) {
  Block block{begin, begin, 0, 0};
  const std::int64_t width = kBuffer / channels;
  for (std::int64_t x = begin; x < out_size && x - begin < width; ++x) {
    const auto first = axis.index.begin() + x * axis.taps;
    const auto [low, high] = std::minmax_element(first, first + axis.taps);
    const std::int32_t new_low = x == begin ? *low : std::min(block.low, *low);
    const std::int32_t new_high = x == begin ? *high : std::max(block.high, *high);
    if (new_high - new_low + 1 > width) break;
    block = {begin, x + 1, new_low, new_high};
  }
  return block;
}

template <typename T>
void StoreBlock(const Row& row, const Block& block, const float* values, std::int64_t channels,
                T* dst) {
  const ResizeProblem& p = row.p;
  for (std::int64_t x = block.begin; x < block.end; ++x, values += channels) {
    T* to = dst + row.dst + x * p.out_spatial[2];
    if (row.Outside(x)) {
      std::fill_n(to, channels, FromFloat<T>(p.extrapolation));
    } else if constexpr (sizeof(T) == 1) {
      row.params.fns.to_bytes(values, channels, to);
    } else {
      std::memcpy(to, values, static_cast<std::size_t>(channels) * sizeof(T));
    }
  }
}

// `channels` contiguous elements at each pixel of both sides, from `channel` on.
template <typename T>
void SeparableRow(const Row& row, const T* src, T* dst, std::int64_t channel,
                  std::int64_t channels) {
  const ResizeProblem& p = row.p;
  const ResizeAxis& axis = row.axis(2);
  Rows<T> rows = RowsOf(row, src + channel);
  alignas(64) float sums[kBuffer], values[kBuffer];
  for (std::int64_t x = 0; x < p.out_sizes[2];) {
    const Block block = NextBlock(axis, x, p.out_sizes[2], channels);
    if (block.end == block.begin) {  // one pixel reads more than the buffer holds
      Row narrow = row;
      narrow.src += channel * p.in_channel;
      narrow.dst += channel * p.out_channel;
      PixelByElements(narrow, src, dst, x++, channels);
      continue;
    }
    const T* at[kMaxRows];
    if (p.in_spatial[2] == channels) {
      for (int k = 0; k < rows.count; ++k) at[k] = rows.at[k] + block.low * channels;
      Combine(row.params.fns, at, rows.weight, rows.count, (block.high - block.low + 1) * channels,
              sums);
    } else {
      for (std::int32_t i = block.low; i <= block.high; ++i) {
        for (int k = 0; k < rows.count; ++k) at[k] = rows.at[k] + i * p.in_spatial[2];
        Combine(row.params.fns, at, rows.weight, rows.count, channels,
                sums + (i - block.low) * channels);
      }
    }
    row.params.fns.spread(sums, axis.index.data() + block.begin * axis.taps, block.low,
                          axis.weight.data() + block.begin * axis.taps, axis.taps,
                          block.end - block.begin, channels, values, channels);
    StoreBlock(row, block, values, channels, dst + channel);
    x = block.end;
  }
}

template <typename T>
void RunRow(const Row& row, const Call& call, std::int64_t channels) {
  const ResizeProblem& p = row.p;
  const T* src = static_cast<const T*>(call.operands[0]);
  T* dst = static_cast<T*>(call.operands[1]);
  const int rows = row.axis(0).taps * row.axis(1).taps;
  if (rows == 1 && row.axis(2).taps == 1) return NearestRow(row, src, dst, channels);
  if (rows <= kMaxRows && (row.params.last || row.params.planes)) {
    for (std::int64_t c = 0; c < channels; c += kChannelBlock) {
      SeparableRow(row, src, dst, c, std::min(kChannelBlock, channels - c));
    }
    return;
  }
  for (std::int64_t x = 0; x < p.out_sizes[2]; ++x) PixelByElements(row, src, dst, x, channels);
}

void RunResize(const void* raw, const Call& call) noexcept {
  const ResizeParams& params = *static_cast<const ResizeParams*>(raw);
  const ResizeProblem& p = params.plan->problem;
  const std::int64_t images = params.last ? p.batch : p.batch * p.channels;
  const std::int64_t channels = params.last ? p.channels : 1;
  const std::int64_t rows = images * p.out_sizes[0] * p.out_sizes[1];
  const std::int64_t per_task =
      std::max<std::int64_t>(1, 16384 / std::max<std::int64_t>(1, p.out_sizes[2] * channels));
  call.pool->ParallelFor((rows + per_task - 1) / per_task, [&](std::int64_t task) {
    const std::int64_t end = std::min(rows, (task + 1) * per_task);
    for (std::int64_t i = task * per_task; i < end; ++i) {
      Row row{params, p, 0, 0, i / p.out_sizes[1] % p.out_sizes[0], i % p.out_sizes[1]};
      const std::int64_t image = i / p.out_sizes[1] / p.out_sizes[0];
      const std::int64_t batch = params.last ? image : image / p.channels;
      const std::int64_t channel = params.last ? 0 : image % p.channels;
      row.src = batch * p.in_batch + channel * p.in_channel;
      row.dst = batch * p.out_batch + channel * p.out_channel + row.depth * p.out_spatial[0] +
                row.height * p.out_spatial[1];
      if (p.dtype == DType::kUInt8) {
        RunRow<std::uint8_t>(row, call, channels);
      } else {
        RunRow<float>(row, call, channels);
      }
    }
  });
}

void VisitResizeMemory(const void* raw, MemoryVisitor visit) {
  const ResizePlan* plan = static_cast<const ResizeParams*>(raw)->plan;
  visit(plan, sizeof(*plan));
  for (const ResizeAxis& axis : plan->axes) {
    visit(axis.index.data(), axis.index.size() * sizeof(axis.index[0]));
    visit(axis.weight.data(), axis.weight.size() * sizeof(axis.weight[0]));
    visit(axis.outside.data(), axis.outside.size());
  }
}

}  // namespace

BoundKernel BindResize(const ResizePlan* plan, const Target& target) {
  const ResizeProblem& p = plan->problem;
  ResizeParams params{};
  params.plan = plan;
  params.fns = ResizeFnsFor(target);
  params.last = p.in_channel == 1 && p.out_channel == 1;
  params.planes = !params.last && p.in_spatial[2] == 1 && p.out_spatial[2] == 1;
  BoundKernel kernel;
  kernel.run = RunResize;
  kernel.visit_memory = VisitResizeMemory;
  kernel.params.Set(params);
  return kernel;
}

}  // namespace plumb::kernels
