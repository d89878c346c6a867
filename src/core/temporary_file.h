// What writers of files that replace others share.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include <sys/types.h>

#include "core/status.h"

namespace plumb {

// What files that are not complete end with.
inline constexpr char kTemporarySuffix[] = ".tmp";

// Opens a file beside `target` that nobody else has, with this mode; its name goes to `temporary`.
// The descriptor, or -1 with the reason in errno.
int CreateTemporary(const std::string& target, mode_t mode, std::string* temporary);

// All of it, however often the system takes a part. Errors name the path.
Status WriteAll(int fd, std::span<const std::byte> bytes, const std::string& path);

}  // namespace plumb
