#include "engine/packed_memory.h"

#include <algorithm>

#include "core/arena.h"

namespace plumb::engine {
namespace {

// Pages that nobody touched take no memory, so that the last block may be larger than what it
// holds.
constexpr std::int64_t kBlockBytes = 16 << 20;

}  // namespace

StatusOr<std::shared_ptr<void>> PackedMemory::Allocate(std::int64_t bytes) {
  constexpr auto kAlignment = static_cast<std::int64_t>(kMemoryAlignment);
  const std::int64_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  if (block_ == nullptr || rounded > size_ - used_) {
    const std::int64_t size = std::max(rounded, kBlockBytes);
    PLUMB_ASSIGN_OR_RETURN(AlignedBytes memory, AllocateAligned(size));
    std::shared_ptr<std::byte> block(memory.release(), FreeBytes());
    // A piece that fills its block leaves the one in use as it is.
    if (rounded == size) return block;
    block_ = std::move(block);
    size_ = size;
    used_ = 0;
  }
  std::shared_ptr<void> piece(block_, block_.get() + used_);
  used_ += rounded;
  return piece;
}

}  // namespace plumb::engine
