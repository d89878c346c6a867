// A file that takes its name only when it is complete.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/file_stamp.h"
#include "core/status.h"

namespace plumb {

// Written beside its place under a name of its own, readable by this user alone, and renamed at the
// end: whoever opens the path finds the old file or the new. A symbolic link at the path is
// replaced, not followed. Not synced to the disk: for files that can be made again. What is not
// kept is deleted. Errors name the path.
class NewFile {
 public:
  static StatusOr<NewFile> Create(const std::string& path);
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  Status Append(std::span<const std::byte> bytes);
  std::int64_t size() const { return size_; }

  // Gives the file its name; its stamp says what it is from then on.
  StatusOr<FileStamp> Keep();

 private:
  NewFile(std::string path, std::string temporary, int fd)
      : path_(std::move(path)), temporary_(std::move(temporary)), fd_(fd) {}

  std::string path_, temporary_;
  int fd_;
  std::int64_t size_ = 0;
};

}  // namespace plumb
