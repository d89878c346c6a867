#include "core/temporary_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "core/system_error.h"

namespace plumb {

int CreateTemporary(const std::string& target, mode_t mode, std::string* temporary) {
  static std::atomic<std::uint32_t> counter = 0;
  // Names are taken only where a process with this number died while writing.
  for (int attempt = 0; attempt < 1000; ++attempt) {
    *temporary = absl::StrCat(target, ".", getpid(), ".", counter.fetch_add(1), kTemporarySuffix);
    const int fd =
        open(temporary->c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

Status WriteAll(int fd, std::span<const std::byte> bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return SystemError("write", path, errno);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return OkStatus();
}

}  // namespace plumb
