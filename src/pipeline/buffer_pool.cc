#include "pipeline/buffer_pool.h"

#include <cstdlib>
#include <mutex>
#include <vector>

namespace plumb::pipeline {

struct BufferPool::FreeList {
  explicit FreeList(int limit) : kept(static_cast<std::size_t>(limit)) {}
  ~FreeList() { Clear(); }

  void Clear() {
    for (void* block : blocks) std::free(block);
    blocks.clear();
  }

  void GiveBack(void* block, std::int64_t size) {
    {
      std::lock_guard lock(mutex);
      if (size == bytes && blocks.size() < kept) {
        blocks.push_back(block);
        return;
      }
    }
    std::free(block);
  }

  const std::size_t kept;
  std::mutex mutex;
  std::int64_t bytes = 0;  // of every block in the list
  std::vector<void*> blocks;
};

BufferPool::BufferPool(int kept) : free_(std::make_shared<FreeList>(kept)) {}

std::shared_ptr<std::uint8_t[]> BufferPool::Take(std::int64_t bytes) {
  constexpr std::int64_t kAlign = 64;
  const std::int64_t size = (bytes + kAlign - 1) / kAlign * kAlign;
  void* block = nullptr;
  {
    std::lock_guard lock(free_->mutex);
    if (free_->bytes != size) {
      free_->Clear();
      free_->bytes = size;
    }
    if (!free_->blocks.empty()) {
      block = free_->blocks.back();
      free_->blocks.pop_back();
    }
  }
  if (block == nullptr) {
    block = std::aligned_alloc(kAlign, static_cast<std::size_t>(size));
    if (block == nullptr) return nullptr;
  }
  return {static_cast<std::uint8_t*>(block),
          [list = free_, size](std::uint8_t* p) { list->GiveBack(p, size); }};
}

}  // namespace plumb::pipeline
