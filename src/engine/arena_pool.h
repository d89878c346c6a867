// Arenas of a session: one for each run under way, kept for the next.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "core/arena.h"

namespace plumb::engine {

// Thread-safe. Holds as many arenas as runs were ever under way at once.
class ArenaPool {
 public:
  // Returns its arena to the pool when it goes.
  class Lease {
   public:
    Lease(ArenaPool* pool, std::unique_ptr<Arena> arena) : pool_(pool), arena_(std::move(arena)) {}
    Lease(Lease&&) = default;
    ~Lease() {
      if (arena_ != nullptr) pool_->Return(std::move(arena_));
    }
    Arena& operator*() { return *arena_; }
    Arena* operator->() { return arena_.get(); }

   private:
    ArenaPool* pool_;
    std::unique_ptr<Arena> arena_;
  };

  Lease Take() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (free_.empty()) {
      free_.reserve(++made_);  // so that returning allocates nothing
      return Lease(this, std::make_unique<Arena>());
    }
    std::unique_ptr<Arena> arena = std::move(free_.back());
    free_.pop_back();
    return Lease(this, std::move(arena));
  }

 private:
  void Return(std::unique_ptr<Arena> arena) {
    const std::lock_guard<std::mutex> lock(mutex_);
    free_.push_back(std::move(arena));
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<Arena>> free_;
  std::size_t made_ = 0;
};

}  // namespace plumb::engine
