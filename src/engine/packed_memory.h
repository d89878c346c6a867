// Memory for packed weights: cut from large blocks, so that all of it lies on huge pages. Reading
// weights at every run is what fully connected layers spend their time on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/status.h"

namespace plumb::engine {

// Not synchronised.
class PackedMemory {
 public:
  // `bytes` of uninitialised memory, aligned to kMemoryAlignment. Each piece keeps its block alive,
  // beyond this object too. Errors: not that much memory.
  StatusOr<std::shared_ptr<void>> Allocate(std::int64_t bytes);

 private:
  std::shared_ptr<std::byte> block_;
  std::int64_t used_ = 0;
  std::int64_t size_ = 0;
};

}  // namespace plumb::engine
