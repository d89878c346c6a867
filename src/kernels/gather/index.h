// Reading indices of either width and counting those outside of their axis.
#pragma once

#include <atomic>
#include <cstdint>

namespace plumb::kernels {

inline std::int64_t IndexAt(const void* indices, bool wide, std::int64_t i) {
  return wide ? static_cast<const std::int64_t*>(indices)[i]
              : static_cast<const std::int32_t*>(indices)[i];
}

// The index counted from the start, or -1 where it is outside of [-size, size).
inline std::int64_t Normalized(std::int64_t index, std::int64_t size) {
  if (index < 0) index += size;
  return index >= 0 && index < size ? index : -1;
}

inline void CountErrors(void* counter, std::int64_t errors) {
  if (errors == 0) return;
  std::atomic_ref<std::int64_t>(*static_cast<std::int64_t*>(counter))
      .fetch_add(errors, std::memory_order_relaxed);
}

}  // namespace plumb::kernels
