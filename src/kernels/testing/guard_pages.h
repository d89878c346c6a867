// Memory that ends (or begins) at a page that cannot be touched: a kernel that reads beyond a
// tensor dies in the test instead of in the field.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#include "core/check.h"

namespace plumb::kernels::testing {

class GuardPages {
 public:
  // `at_end`: the last element touches the guard, else the first.
  GuardPages(std::int64_t floats, bool at_end) : count_(floats) {
    const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t bytes = static_cast<std::size_t>(floats) * sizeof(float);
    const std::size_t inner = (bytes + page - 1) / page * page + page;
    size_ = inner + 2 * page;
    base_ = static_cast<char*>(mmap(nullptr, size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    PLUMB_CHECK(base_ != MAP_FAILED, floats, " floats");
    PLUMB_CHECK(mprotect(base_ + page, inner, PROT_READ | PROT_WRITE) == 0, floats, " floats");
    char* begin = at_end ? base_ + page + inner - bytes : base_ + page;
    data_ = reinterpret_cast<float*>(begin);
  }
  ~GuardPages() { munmap(base_, size_); }
  GuardPages(const GuardPages&) = delete;
  GuardPages& operator=(const GuardPages&) = delete;

  float* data() { return data_; }
  float& operator[](std::int64_t i) { return data_[i]; }
  std::int64_t size() const { return count_; }

 private:
  char* base_;
  std::size_t size_;
  float* data_;
  std::int64_t count_;
};

}  // namespace plumb::kernels::testing
