#include "core/arena.h"

#include <sys/mman.h>

#include <algorithm>

#include "core/check.h"
#include "core/format.h"
#include "core/system_limits.h"

namespace plumb {
namespace {

constexpr std::int64_t kHugePage = 2 << 20;
// Reading the limits takes tens of microseconds, so only blocks that could matter are compared.
constexpr std::int64_t kCheckLimitsFrom = 64 << 20;

}  // namespace

StatusOr<AlignedBytes> AllocateAligned(std::int64_t bytes) {
  PLUMB_CHECK(bytes >= 0, bytes, " bytes");
  if (bytes >= kCheckLimitsFrom) {
    const std::int64_t available = AvailableMemoryBytes();
    if (bytes > available) {
      return ResourceExhausted("cannot allocate ", FormatBytes(bytes), ": only ",
                               FormatBytes(available), " of memory are available");
    }
  }
  const bool huge = bytes >= 2 * kHugePage;
  void* block = nullptr;
  if (posix_memalign(&block, huge ? kHugePage : kMemoryAlignment,
                     static_cast<std::size_t>(std::max<std::int64_t>(bytes, 1))) != 0) {
    return ResourceExhausted("cannot allocate ", FormatBytes(bytes), ": out of memory");
  }
  // Advice: where huge pages are off, small ones serve.
  if (huge) madvise(block, static_cast<std::size_t>(bytes), MADV_HUGEPAGE);
  return AlignedBytes(static_cast<std::byte*>(block));
}

Status Arena::Reserve(std::int64_t bytes) {
  if (bytes <= capacity_) return OkStatus();
  // The old block goes first: its contents are dropped anyway, and both might not fit.
  block_.reset();
  capacity_ = 0;
  PLUMB_ASSIGN_OR_RETURN(block_, AllocateAligned(bytes));
  capacity_ = bytes;
  return OkStatus();
}

}  // namespace plumb
