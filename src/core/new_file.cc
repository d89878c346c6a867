#include "core/new_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "core/system_error.h"
#include "core/temporary_file.h"

namespace plumb {

StatusOr<NewFile> NewFile::Create(const std::string& path) {
  std::string temporary;
  const int fd = CreateTemporary(path, 0600, &temporary);
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
  PLUMB_RETURN_IF_ERROR(WriteAll(fd_, bytes, path_));
  size_ += static_cast<std::int64_t>(bytes.size());
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
