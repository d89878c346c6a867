#include "core/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/system_error.h"

namespace plumb {
namespace {

Status CheckOwn(const std::string& path, const struct stat& info) {
  const bool writable = (info.st_mode & (S_IWGRP | S_IWOTH)) != 0;
  if (info.st_uid == geteuid() && !writable) return OkStatus();
  return absl::PermissionDeniedError(
      absl::StrCat("cannot use '", path,
                   "': ", writable ? "others may write to it" : "it belongs to another user"));
}

Status CheckRegular(const std::string& path, const struct stat& info) {
  if (S_ISREG(info.st_mode)) return OkStatus();
  return InvalidArgument("cannot open '", path, "': ",
                         S_ISDIR(info.st_mode) ? "it is a folder" : "it is not a regular file");
}

}  // namespace

StatusOr<std::shared_ptr<const MappedFile>> MappedFile::Open(const std::string& path) {
  return Map(path, false);
}

StatusOr<std::shared_ptr<const MappedFile>> MappedFile::OpenOwn(const std::string& path) {
  return Map(path, true);
}

StatusOr<std::shared_ptr<const MappedFile>> MappedFile::Map(const std::string& path, bool own) {
  // Without O_NONBLOCK opening a FIFO would wait for a writer.
  const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (own ? O_NOFOLLOW : 0);
  const int fd = open(path.c_str(), flags);
  if (fd < 0) return SystemError("open", path, errno);
  struct stat info {};
  Status status = fstat(fd, &info) == 0 ? OkStatus() : SystemError("open", path, errno);
  if (status.ok()) status = CheckRegular(path, info);
  if (status.ok() && own) status = CheckOwn(path, info);
  std::shared_ptr<MappedFile> file(new MappedFile);
  if (status.ok() && info.st_size > 0) {
    void* data =
        mmap(nullptr, static_cast<std::size_t>(info.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
      status = SystemError("open", path, errno);
    } else {
      file->data_ = static_cast<const std::byte*>(data);
      file->size_ = info.st_size;
    }
  }
  close(fd);
  if (!status.ok()) return status;
  file->path_ = path;
  file->stamp_ = StampOf(info);
  return std::shared_ptr<const MappedFile>(std::move(file));
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<std::byte*>(data_), static_cast<std::size_t>(size_));
}

}  // namespace plumb
