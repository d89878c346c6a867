#include "core/file_stamp.h"

#include <sys/stat.h>
#include <time.h>

#include <cerrno>

#include "core/system_error.h"

namespace plumb {
namespace {

std::int64_t Nanos(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

bool FileStamp::SameAs(const FileStamp& other) const {
  return device == other.device && inode == other.inode && bytes == other.bytes &&
         modified_ns == other.modified_ns && changed_ns == other.changed_ns;
}

FileStamp StampOf(const struct stat& info) {
  timespec clock{};
  clock_gettime(CLOCK_REALTIME, &clock);
  return {.device = info.st_dev,
          .inode = info.st_ino,
          .bytes = info.st_size,
          .modified_ns = Nanos(info.st_mtim),
          .changed_ns = Nanos(info.st_ctim),
          .taken_ns = Nanos(clock)};
}

StatusOr<FileStamp> StampOf(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return SystemError("read", path, errno);
  return StampOf(info);
}

void WaitUntilSettled(const FileStamp& stamp) {
  const std::int64_t wait = stamp.changed_ns + FileStamp::kSettledAfterNs - stamp.taken_ns;
  if (wait <= 0 || wait > FileStamp::kSettledAfterNs) return;
  const timespec time{.tv_sec = 0, .tv_nsec = wait};
  nanosleep(&time, nullptr);
}

}  // namespace plumb
