// Memory for frames, taken again when a frame is done with: a fresh block of some megabytes costs
// more in page faults than what is done with it.
#pragma once

#include <cstdint>
#include <memory>

namespace plumb::pipeline {

// Thread-safe. Blocks may outlive the pool. Keeps at most `kept` free blocks, all of the size that
// was asked for last.
class BufferPool {
 public:
  explicit BufferPool(int kept = 32);

  // `bytes` bytes, 64-byte aligned, not cleared. Null when memory has run out.
  std::shared_ptr<std::uint8_t[]> Take(std::int64_t bytes);

 private:
  struct FreeList;
  std::shared_ptr<FreeList> free_;
};

}  // namespace plumb::pipeline
