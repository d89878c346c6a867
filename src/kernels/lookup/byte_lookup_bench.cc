#include "kernels/lookup/byte_lookup.h"
#include "kernels/testing/kernel_bench.h"

namespace plumb::kernels {
namespace {

// Channels of an image into a part of twice as many.
void BM_ByteLookup(benchmark::State& state) {
  const std::int64_t pixels = state.range(0), channels = state.range(1);
  ByteLookupProblem p{{pixels, channels}, {channels, 1}, {2 * channels, 1}};
  ByteTable table;
  for (std::size_t i = 0; i < table.size(); ++i) table[i] = static_cast<std::uint8_t>(255 - i);
  testing::Floats src(pixels * channels / 4 + 1), dst(pixels * channels / 2 + 1);
  testing::Measure(state, BindByteLookup(p, table, testing::BenchTarget()),
                   {src.data(), dst.data()}, 2.0 * static_cast<double>(pixels * channels));
}
BENCHMARK(BM_ByteLookup)->Args({3136, 64})->Args({3136, 256})->Args({169, 192})->Args({784, 24});

}  // namespace
}  // namespace plumb::kernels
