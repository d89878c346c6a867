// The file of a compiled model: a blob that is used where it is mapped, tables, and a footer.
//
// The footer and the tables are checked with every opening. The blob is as large as the model, so
// it is checked when nobody can vouch for it: beside the file lies its stamp, which says what the
// file was (device, inode, size, times) when its content was last known to be right, and since
// when this machine runs. Whoever writes to a file changes its ctime.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/mapped_file.h"
#include "core/thread_pool.h"

namespace plumb::engine {

struct CompiledFile {
  std::shared_ptr<const MappedFile> file;
  std::span<const std::byte> tables, blob;
};

// Errors: not there; not this user's own; damaged. The pool, which may be null, checks the blob.
StatusOr<CompiledFile> OpenCompiledFile(const std::string& path, ThreadPool* pool);

// The footer and the tables of the bytes of a file; the blob is there, and not looked at.
StatusOr<CompiledFile> ReadCompiledFile(std::span<const std::byte> bytes);

// `pieces` of the blob begin at the next multiple of kBlobAlignment. Errors name the path.
Status WriteCompiledFile(const std::string& path, std::string_view tables,
                         std::span<const std::span<const std::byte>> pieces);

// The path of its stamp. The time of its last change says when the model was last used.
std::string StampPath(const std::string& path);

}  // namespace plumb::engine
