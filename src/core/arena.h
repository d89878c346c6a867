// Memory in 64-byte aligned blocks: for tensors, and as an arena that is reused from run to run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "core/status.h"

namespace plumb {

inline constexpr std::size_t kMemoryAlignment = 64;  // a cache line, a full vector register

struct FreeBytes {
  void operator()(std::byte* bytes) const { std::free(bytes); }
};
using AlignedBytes = std::unique_ptr<std::byte[], FreeBytes>;

// `bytes` of uninitialised memory, never null, aligned to kMemoryAlignment; large blocks are
// aligned to huge pages and ask for them. ResourceExhausted when it is more than the machine or the
// cgroup has left.
StatusOr<AlignedBytes> AllocateAligned(std::int64_t bytes);

// One block that only grows, and only between runs. Not synchronised: one arena for each run that
// is under way.
class Arena {
 public:
  // Makes capacity() at least `bytes`. Growing moves the block and drops its contents.
  Status Reserve(std::int64_t bytes);

  std::byte* data() { return block_.get(); }
  std::int64_t capacity() const { return capacity_; }

 private:
  AlignedBytes block_;
  std::int64_t capacity_ = 0;
};

}  // namespace plumb
