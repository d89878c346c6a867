// What benchmarks of kernels share: aligned operands, one thread, bytes per second beside the time.
// Compare with BM_Memcpy of eltwise_bench.cc at the same number of bytes.
#pragma once

#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "benchmark/benchmark.h"
#include "core/check.h"
#include "core/target.h"
#include "core/thread_pool.h"
#include "kernels/kernel.h"

namespace plumb::kernels::testing {

inline Target BenchTarget() {
  StatusOr<Target> host = HostTarget();
  PLUMB_CHECK(host.ok(), host.status().ToString());
  return *host;
}

// Floats of a repeating pattern in [-1, 1), 64-byte aligned.
class Floats {
 public:
  explicit Floats(std::int64_t count)
      : data_(static_cast<float*>(
            std::aligned_alloc(64, static_cast<std::size_t>((count * 4 + 63) / 64 * 64)))) {
    for (std::int64_t i = 0; i < count; ++i) {
      data_.get()[i] = static_cast<float>((i * 37) % 2003) / 1001.5f - 1.0f;
    }
  }
  float* data() { return data_.get(); }

 private:
  struct Free {
    void operator()(float* p) const { std::free(p); }
  };
  std::unique_ptr<float, Free> data_;
};

// Runs the kernel on one thread; `bytes` are those read and written by a run.
inline void Measure(benchmark::State& state, const BoundKernel& kernel,
                    const std::vector<void*>& operands, double bytes) {
  ThreadPool pool(1);
  Floats workspace(kernel.workspace_bytes / 4 + 16);
  Call call{operands.data(), workspace.data(), &pool};
  for (auto _ : state) {
    kernel.run(kernel.params.data(), call);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(
      static_cast<std::int64_t>(static_cast<double>(state.iterations()) * bytes));
}

}  // namespace plumb::kernels::testing
