// What tests of kernels share: the instruction set under test, memory with guarded ends, random
// numbers with nasty values among them, and a run on one and on two threads that must agree.
#pragma once

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "core/random.h"
#include "core/shape.h"
#include "core/target.h"
#include "core/thread_pool.h"
#include "gtest/gtest.h"
#include "kernels/kernel.h"

namespace plumb::kernels::testing {

// Elements of T, 64-byte aligned, between two guards; every byte starts as poison.
template <typename T>
class Guarded {
 public:
  explicit Guarded(std::int64_t count)
      : count_(static_cast<std::size_t>(count)), bytes_(2 * kGuard + count_ * sizeof(T) + 64) {
    std::memset(bytes_.data(), kPoison, bytes_.size());
    std::uintptr_t begin = reinterpret_cast<std::uintptr_t>(bytes_.data()) + kGuard;
    data_ = reinterpret_cast<T*>((begin + 63) / 64 * 64);
  }
  Guarded(const Guarded& other) : Guarded(static_cast<std::int64_t>(other.count_)) {
    std::memcpy(data_, other.data_, count_ * sizeof(T));
  }
  Guarded& operator=(const Guarded&) = delete;

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return count_; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }

  bool GuardsIntact() const {
    const unsigned char* first = reinterpret_cast<const unsigned char*>(data_) - kGuard;
    const unsigned char* last = reinterpret_cast<const unsigned char*>(data_ + count_);
    for (std::size_t i = 0; i < kGuard; ++i) {
      if (first[i] != kPoison || last[i] != kPoison) return false;
    }
    return true;
  }
  // Whether nothing was written to element i.
  bool Poisoned(std::size_t i) const {
    unsigned char poison[sizeof(T)];
    std::memset(poison, kPoison, sizeof(T));
    return std::memcmp(data_ + i, poison, sizeof(T)) == 0;
  }
  bool SameBytes(const Guarded& other) const {
    return std::memcmp(data_, other.data_, count_ * sizeof(T)) == 0;
  }

 private:
  static constexpr std::size_t kGuard = 256;
  static constexpr unsigned char kPoison = 0xB5;
  std::size_t count_;
  std::vector<unsigned char> bytes_;
  T* data_;
};

class KernelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    StatusOr<Target> host = HostTarget();
    if (!host.ok()) GTEST_SKIP() << host.status().ToString();
    target_ = *host;
  }

  std::int64_t Uniform(std::int64_t low, std::int64_t high) { return random_.Uniform(low, high); }
  bool Flip() { return Uniform(0, 1) == 1; }

  void FillNormal(Guarded<float>* out, double scale = 1) {
    for (std::size_t i = 0; i < out->size(); ++i) {
      (*out)[i] = static_cast<float>(random_.NextNormal() * scale);
    }
  }
  // Replaces some elements by infinities, NaN, denormals, zeros and huge numbers.
  void SprinkleNasty(Guarded<float>* out, int every = 7) {
    const float nasty[] = {INFINITY, -INFINITY, NAN, 1e-41f, -1e-42f, 0.0f, -0.0f, 3e38f, -3e38f};
    for (std::size_t i = 0; i < out->size(); ++i) {
      if (Uniform(0, every) == 0) (*out)[i] = nasty[Uniform(0, 8)];
    }
  }

  void RunOn(ThreadPool* pool, const BoundKernel& kernel, const std::vector<void*>& operands) {
    Guarded<char> workspace(kernel.workspace_bytes);
    Call call{operands.data(), workspace.data(), pool};
    kernel.run(kernel.params.data(), call);
    EXPECT_TRUE(workspace.GuardsIntact()) << "wrote outside of the workspace";
  }

  // Runs into `out` (operand `index`) with one thread, again with two into a copy; expects the same
  // bits and untouched guards. The other operands are only read.
  template <typename T>
  void RunTwice(const BoundKernel& kernel, std::vector<void*> operands, std::size_t index,
                Guarded<T>* out) {
    Guarded<T> again = *out;
    operands[index] = out->data();
    RunOn(&one_, kernel, operands);
    operands[index] = again.data();
    RunOn(&two_, kernel, operands);
    EXPECT_TRUE(out->GuardsIntact()) << "wrote outside of the output";
    EXPECT_TRUE(again.GuardsIntact()) << "wrote outside of the output";
    EXPECT_TRUE(out->SameBytes(again)) << "two threads give other bits than one";
  }

  Target target_;
  Random random_{20260131};
  ThreadPool one_{1}, two_{2};
};

// |got - want| <= absolute + relative * |want|; NaN equals NaN, infinities equal themselves, and a
// result beyond fp32 equals infinity.
inline bool Near(double got, double want, double relative, double absolute) {
  if (std::isnan(want) || std::isnan(got)) return std::isnan(want) && std::isnan(got);
  if (got == want) return true;
  if (std::isinf(got) || std::isinf(want)) {
    double finite = std::isinf(got) ? want : got, other = std::isinf(got) ? got : want;
    return std::fabs(finite) > 3.4028e38 && (finite > 0) == (other > 0);
  }
  return std::fabs(got - want) <= absolute + relative * std::fabs(want);
}

// Calls fn(index) for every index of `sizes` in row-major order.
template <typename Fn>
void ForEachIndex(const Shape& sizes, Fn&& fn) {
  Dims index(sizes.rank(), 0);
  for (int d = 0; d < sizes.rank(); ++d) {
    if (sizes[d] == 0) return;
  }
  while (true) {
    fn(static_cast<const Dims&>(index));
    int d = sizes.rank() - 1;
    while (d >= 0 && ++index[d] == sizes[d]) index[d--] = 0;
    if (d < 0) return;
  }
}

inline std::int64_t OffsetOf(const Dims& index, const Strides& strides) {
  std::int64_t offset = 0;
  for (int d = 0; d < index.rank(); ++d) offset += index[d] * strides[d];
  return offset;
}

// Elements that memory with these strides spans.
inline std::int64_t SpanOf(const Shape& sizes, const Strides& strides) {
  std::int64_t last = 0;
  for (int d = 0; d < sizes.rank(); ++d) {
    if (sizes[d] == 0) return 0;
    last += (sizes[d] - 1) * strides[d];
  }
  return last + 1;
}

}  // namespace plumb::kernels::testing
