#include "kernels/resize/image.h"
#include "kernels/resize/resize.h"
#include "kernels/testing/kernel_bench.h"

namespace plumb::kernels {
namespace {

// [height, width, channels] doubled in both directions.
void BM_Upsample(benchmark::State& state) {
  ResizePlan plan;
  ResizeProblem p;
  p.mode = static_cast<ResizeMode>(state.range(0));
  p.channels = state.range(2);
  for (int d = 1; d < 3; ++d) {
    p.in_sizes[d] = state.range(1);
    p.out_sizes[d] = 2 * state.range(1);
    p.scale[d] = 2;
  }
  p.in_spatial[2] = p.out_spatial[2] = p.channels;
  p.in_spatial[1] = p.channels * p.in_sizes[2];
  p.out_spatial[1] = p.channels * p.out_sizes[2];
  const std::int64_t n = p.channels * p.in_sizes[1] * p.in_sizes[2];
  testing::Floats src(n), dst(4 * n);
  PlanResize(p, &plan);
  testing::Measure(state, BindResize(&plan, testing::BenchTarget()), {src.data(), dst.data()},
                   double(n) * 20);
}
BENCHMARK(BM_Upsample)->Args({0, 28, 64})->Args({1, 28, 64})->Args({2, 28, 64})->Args({1, 112, 3});

// 1280x720 to 640x360, three channels.
template <typename T>
void BM_Frame(benchmark::State& state) {
  ImageResize r;
  r.filter = state.range(0) == 0 ? ImageFilter::kBilinear : ImageFilter::kArea;
  r.in_height = 720;
  r.in_width = 1280;
  r.out_height = state.range(1);
  r.out_width = state.range(1) * 16 / 9;
  r.in_row_bytes = 1280 * 3;
  r.out_pixel_elements = 3;
  r.out_row_elements = r.out_width * 3;
  std::vector<std::uint8_t> src(1280 * 720 * 3, 90);
  std::vector<T> dst(static_cast<std::size_t>(r.out_height * r.out_row_elements));
  ThreadPool pool(1);
  const Target target = testing::BenchTarget();
  for (auto _ : state) {
    ResizeImage(r, src.data(), dst.data(), target, &pool);
    benchmark::ClobberMemory();
  }
  const std::int64_t bytes = static_cast<std::int64_t>(src.size() + dst.size() * sizeof(T));
  state.SetBytesProcessed(state.iterations() * bytes);
}
BENCHMARK(BM_Frame<float>)->Args({0, 360})->Args({1, 360})->Args({0, 270});
BENCHMARK(BM_Frame<std::uint8_t>)->Args({0, 360})->Args({1, 360});

}  // namespace
}  // namespace plumb::kernels
