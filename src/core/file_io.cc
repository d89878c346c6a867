#include "core/file_io.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <system_error>

#include "core/system_error.h"
#include "core/temporary_file.h"

namespace plumb {
namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() { Close(); }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }
  // Some file systems report a full disk only here.
  int Close() {
    const int result = fd_ >= 0 ? close(fd_) : 0;
    fd_ = -1;
    return result;
  }

 private:
  int fd_;
};

Status WriteInPlace(const std::string& path, std::string_view contents) {
  FileDescriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (file.get() < 0) return SystemError("open", path, errno);
  PLUMB_RETURN_IF_ERROR(WriteAll(file.get(), std::as_bytes(std::span(contents)), path));
  if (file.Close() != 0) return SystemError("write", path, errno);
  return OkStatus();
}

Status FillTemporary(FileDescriptor& file, std::string_view contents, const std::string& path) {
  PLUMB_RETURN_IF_ERROR(WriteAll(file.get(), std::as_bytes(std::span(contents)), path));
  if (fsync(file.get()) != 0 || file.Close() != 0) return SystemError("write", path, errno);
  return OkStatus();
}

}  // namespace

StatusOr<std::string> ReadFile(const std::string& path, std::int64_t max_bytes) {
  // Without O_NONBLOCK opening a FIFO would wait for a writer.
  FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return SystemError("open", path, errno);
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return SystemError("read", path, errno);
  if (!S_ISREG(info.st_mode)) {
    return InvalidArgument("cannot read '", path, "': ",
                           S_ISDIR(info.st_mode) ? "it is a folder" : "it is not a regular file");
  }
  if (info.st_size > max_bytes) {
    return ResourceExhausted("cannot read '", path, "': it has ", info.st_size, " bytes, at most ",
                             max_bytes, " are accepted");
  }
  // Files of /proc and /sys say that they have no bytes, or a page: what is read tells.
  constexpr std::size_t kStep = 64 << 10;
  std::string contents;
  std::size_t filled = 0;
  for (;;) {
    const std::size_t known = static_cast<std::size_t>(info.st_size) + 1;
    contents.resize(std::max(known, filled + (filled < known ? 0 : kStep)));
    const ssize_t count = read(file.get(), contents.data() + filled, contents.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SystemError("read", path, errno);
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
    if (static_cast<std::int64_t>(filled) > max_bytes) {
      return ResourceExhausted("cannot read '", path, "': at most ", max_bytes,
                               " bytes are accepted");
    }
  }
  contents.resize(filled);
  return contents;
}

Status WriteFileAtomically(const std::string& path, std::string_view contents) {
  std::string target = path;
  if (char* resolved = realpath(path.c_str(), nullptr)) {
    target = resolved;
    std::free(resolved);
  }
  struct stat info {};
  const bool replaces = stat(target.c_str(), &info) == 0;
  if (replaces && S_ISDIR(info.st_mode)) return SystemError("write", path, EISDIR);
  if (replaces && !S_ISREG(info.st_mode)) return WriteInPlace(path, contents);
  std::string temporary;
  FileDescriptor file(CreateTemporary(target, 0666, &temporary));
  if (file.get() < 0) return SystemError("write", path, errno);
  Status status = OkStatus();
  if (replaces && fchmod(file.get(), info.st_mode & 0777) != 0) {
    status = SystemError("write", path, errno);
  }
  if (status.ok()) status = FillTemporary(file, contents, path);
  if (status.ok() && rename(temporary.c_str(), target.c_str()) != 0) {
    status = SystemError("write", path, errno);
  }
  if (!status.ok()) {
    unlink(temporary.c_str());
    return status;
  }
  // The rename itself survives a power cut only when the folder is synced; a file system that
  // cannot do that has still replaced the file.
  const std::size_t slash = target.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : target.substr(0, slash + 1);
  FileDescriptor folder_file(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder_file.get() >= 0) fsync(folder_file.get());
  return OkStatus();
}

Status MakeDirectories(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return SystemError("make the folder", path, error.value());
  if (!std::filesystem::is_directory(path, error)) {
    return SystemError("make the folder", path, ENOTDIR);
  }
  return OkStatus();
}

StatusOr<std::string> CacheDirectory() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  std::string path;
  // The XDG specification says to ignore relative paths.
  if (cache != nullptr && cache[0] == '/') {
    path = cache;
  } else if (home != nullptr && home[0] == '/') {
    path = std::string(home) + "/.cache";
  } else {
    return NotFound("no cache folder: set XDG_CACHE_HOME or HOME to an absolute path");
  }
  path += "/plumbline";
  PLUMB_RETURN_IF_ERROR(MakeDirectories(path));
  return path;
}

}  // namespace plumb
