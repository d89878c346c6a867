// A file mapped into memory for reading: weights stay where they are until they are packed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/file_io.h"
#include "core/file_stamp.h"
#include "core/status.h"

namespace plumb {

// Immutable, shared by whoever needs the bytes to stay; safe to read from several threads. Cutting
// the file short while it is mapped kills the process, as with any mapping.
class MappedFile {
 public:
  // Errors name the path: missing, a folder, not a regular file, not readable.
  static StatusOr<std::shared_ptr<const MappedFile>> Open(const std::string& path);

  // The same of a file that this program wrote for itself. Refused: a symbolic link, a file of
  // another user or that others may write to.
  static StatusOr<std::shared_ptr<const MappedFile>> OpenOwn(const std::string& path);

  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::byte* data() const { return data_; }  // page-aligned; null for an empty file
  std::int64_t size() const { return size_; }
  std::span<const std::byte> bytes() const { return {data_, static_cast<std::size_t>(size_)}; }
  const std::string& path() const { return path_; }
  const FileStamp& stamp() const { return stamp_; }  // when it was opened

 private:
  MappedFile() = default;
  static StatusOr<std::shared_ptr<const MappedFile>> Map(const std::string& path, bool own);

  std::string path_;
  FileStamp stamp_;
  const std::byte* data_ = nullptr;
  std::int64_t size_ = 0;
};

// A file that something was made of, and the path it was found by, links and all.
struct SourceFile {
  std::string path;
  std::shared_ptr<const MappedFile> file;
};

}  // namespace plumb
