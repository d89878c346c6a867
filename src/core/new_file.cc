#include "core/new_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "core/system_error.h"

namespace plumb {

StatusOr<NewFile> NewFile::Create(const std::string& path) {
  static std::atomic<std::uint32_t> counter = 0;
  int fd = -1;
  std::string temporary;
  // Names are taken only where a process with this number died while writing.
  for (int attempt = 0; attempt < 1000; ++attempt) {
    temporary = absl::StrCat(path, ".", getpid(), ".", counter.fetch_add(1), kTemporarySuffix);
    fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 || errno != EEXIST) break;
  }
  if (fd < 0) return SystemError("write", path, errno);
  return NewFile(path, std::move(temporary), fd);
}

NewFile::NewFile(NewFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, "")),
      fd_(std::exchange(other.fd_, -1)),
      size_(other.size_) {}

NewFile::~NewFile() {
  if (fd_ >= 0) close(fd_);
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

Status NewFile::Append(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd_, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return SystemError("write", path_, errno);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    size_ += written;
  }
  return OkStatus();
}

StatusOr<FileStamp> NewFile::Keep() {
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    return SystemError("write", path_, errno);
  }
  temporary_.clear();
  struct stat info {};
  if (fstat(fd_, &info) != 0) return SystemError("read", path_, errno);
  return StampOf(info);
}

}  // namespace plumb
