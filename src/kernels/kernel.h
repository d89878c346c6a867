// What every kernel family offers to those that plan: a problem is described, the algorithms that
// can compute it are listed, one is chosen, weights are packed once, and a call is bound to shapes.
//
// The life of a kernel, for a family F with a plain struct FProblem (dimensions, strides, flags):
//   ListF(problem, target, &algorithms)      every algorithm that can run it, best guess first
//   EstimateF(problem, algorithm, target)    work of that algorithm, for the cost model
//   PackedBytesF / PackF                     constant operands in the algorithm's own order
//   BindF(problem, algorithm, target)        parameters for these shapes: arithmetic, no allocation
// An Algorithm and what was packed for it stay valid for every shape of the same model.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

#include "core/target.h"
#include "core/thread_pool.h"
#include "kernels/epilogue.h"

namespace plumb::kernels {

// Pointers of one call. `operands` are in the order that the family's header states; the arena and
// the caller give memory of 64-byte alignment. Workspace has the bytes that Bind asked for.
struct Call {
  void* const* operands;
  void* workspace;
  ThreadPool* pool;  // never null
};

using KernelFn = void (*)(const void* params, const Call& call) noexcept;

// Parameters of a bound kernel, kept in place so that planning a new shape allocates nothing.
class ParamBlock {
 public:
  static constexpr std::size_t kBytes = 768;
  template <typename T>
  void Set(const T& params) {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= kBytes && alignof(T) <= 64);
    T copy = params;
#if defined(__GNUC__) && !defined(__clang__)
    __builtin_clear_padding(&copy);  // the same parameters are the same bytes, in files too
#endif
    std::memcpy(bytes_.data(), &copy, sizeof(T));
  }
  const void* data() const { return bytes_.data(); }

 private:
  alignas(64) std::array<std::byte, kBytes> bytes_{};
};

// Takes a piece of memory: its address and bytes.
using MemoryVisitor = FunctionRef<void(const void* begin, std::size_t bytes)>;

struct BoundKernel {
  KernelFn run = nullptr;
  std::int64_t workspace_bytes = 0;
  // Visits every piece of memory outside of `params` that is reached through them, for those that
  // write a kernel to a file. Null: there is none, but for constant tables of the program.
  void (*visit_memory)(const void* params, MemoryVisitor visit) = nullptr;
  ParamBlock params;
};

// One way to compute a problem: an entry of the family's .def table and its parameters (tile sizes,
// blocking, Winograd size; meaning is the family's own). Comparable, printable, cheap to copy.
struct Algorithm {
  std::int16_t id = -1;  // index in the family's table
  std::array<std::int16_t, 6> parameters{};
  bool operator==(const Algorithm&) const = default;
};

// Work of one algorithm on one problem, for the cost model: seconds are predicted as
// max(ops / (peak * efficiency), bytes / bandwidth) summed over phases by the family itself.
struct Estimate {
  double ops = 0;         // arithmetic operations of the definition (a multiply-add counts two)
  double bytes = 0;       // bytes of memory traffic beyond the second-level cache
  double efficiency = 1;  // attainable share of the FMA peak, tails counted; above 1 for algorithms
                          // that execute fewer operations than the definition
  double overhead_ns = 0;  // fixed cost of the call
};

}  // namespace plumb::kernels
