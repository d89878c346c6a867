#include "core/system_error.h"

#include <cerrno>
#include <system_error>

namespace plumb {

Status SystemError(const char* what, const std::string& path, int error) {
  const std::string message =
      absl::StrCat("cannot ", what, " '", path, "': ", std::generic_category().message(error));
  switch (error) {
    case ENOENT:
    case ENOTDIR: return absl::NotFoundError(message);
    case EACCES:
    case EPERM:
    case EROFS: return absl::PermissionDeniedError(message);
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return absl::ResourceExhaustedError(message);
    default: return absl::UnavailableError(message);
  }
}

}  // namespace plumb
