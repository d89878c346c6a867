// What tells two states of a file apart without reading it.
#pragma once

#include <cstdint>
#include <string>

#include "core/status.h"

struct stat;

namespace plumb {

// Whoever writes to a file changes its `changed_ns` (ctime), which no program can set. File systems
// round it to a tick of some milliseconds.
struct FileStamp {
  std::uint64_t device = 0, inode = 0;
  std::int64_t bytes = 0;
  std::int64_t modified_ns = 0, changed_ns = 0;  // of the clock of the calendar
  std::int64_t taken_ns = 0;                     // by the same clock: when this was asked

  // The same file, and nobody wrote to it between.
  bool SameAs(const FileStamp& other) const;
  // Whoever writes after this was taken is seen: not the same tick as the last change.
  bool settled() const { return taken_ns - changed_ns >= kSettledAfterNs; }

  static constexpr std::int64_t kSettledAfterNs = 20'000'000;
};

FileStamp StampOf(const struct stat& info);
// Errors name the path. Symbolic links are followed.
StatusOr<FileStamp> StampOf(const std::string& path);

// Waits, at most kSettledAfterNs, until a stamp that is taken now is settled; not for files from
// the future.
void WaitUntilSettled(const FileStamp& stamp);

}  // namespace plumb
