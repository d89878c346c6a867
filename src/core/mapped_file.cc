#include "core/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace plumb {

StatusOr<std::shared_ptr<const MappedFile>> MappedFile::Open(const std::string& path) {
  auto failed = [&path](int error) {
    const std::string message =
        absl::StrCat("cannot open '", path, "': ", std::generic_category().message(error));
    if (error == ENOENT || error == ENOTDIR) return absl::NotFoundError(message);
    if (error == EACCES || error == EPERM) return absl::PermissionDeniedError(message);
    return absl::UnavailableError(message);
  };
  // Without O_NONBLOCK opening a FIFO would wait for a writer.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return failed(errno);
  struct stat info {};
  if (fstat(fd, &info) != 0) {
    const int error = errno;
    close(fd);
    return failed(error);
  }
  if (!S_ISREG(info.st_mode)) {
    close(fd);
    return InvalidArgument("cannot open '", path, "': ",
                           S_ISDIR(info.st_mode) ? "it is a folder" : "it is not a regular file");
  }
  std::shared_ptr<MappedFile> file(new MappedFile);
  file->path_ = path;
  if (info.st_size > 0) {
    void* data =
        mmap(nullptr, static_cast<std::size_t>(info.st_size), PROT_READ, MAP_PRIVATE, fd, 0);
    const int error = errno;
    close(fd);
    if (data == MAP_FAILED) return failed(error);
    file->data_ = static_cast<const std::byte*>(data);
    file->size_ = info.st_size;
  } else {
    close(fd);
  }
  return std::shared_ptr<const MappedFile>(std::move(file));
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) munmap(const_cast<std::byte*>(data_), static_cast<std::size_t>(size_));
}

}  // namespace plumb
