// Whole files: read, written so that nobody ever sees half of one, and the cache folder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/status.h"

namespace plumb {

// The contents of a regular file. Errors name the path and the reason: missing, a folder, not
// readable, larger than max_bytes.
StatusOr<std::string> ReadFile(const std::string& path, std::int64_t max_bytes = 1 << 30);

// Replaces `path` with `contents`: a temporary file beside it is written, synced and renamed, so a
// reader sees the old contents or the new, and an error (disk full, no permission; it names the
// path) leaves the old ones. Symbolic links are followed; a device is written in place.
Status WriteFileAtomically(const std::string& path, std::string_view contents);

// Makes the folder and those above it; fine when it exists.
Status MakeDirectories(const std::string& path);

// $XDG_CACHE_HOME/plumbline, or ~/.cache/plumbline; made when it is missing. The error says which
// variable would help; callers that can do without a cache go on without.
StatusOr<std::string> CacheDirectory();

}  // namespace plumb
