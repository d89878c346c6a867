// Where the elements of tensors lie in a file of a compiled model: in its blob, in a file that the
// model was made of, or, strings, between the other tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/mapped_file.h"
#include "core/tensor.h"
#include "engine/cache/bytes.h"

namespace plumb::engine {

// Offsets into the blob are multiples of this, and so is where the blob begins.
inline constexpr std::int64_t kBlobAlignment = 64;

// Collects the pieces of a blob; they are read when it is written. What they point to outlives it.
class BlobWriter {
 public:
  // `sources` outlive it: tensors that lie in one of them are not copied.
  explicit BlobWriter(std::span<const SourceFile> sources) : sources_(sources) {}

  // Elements that are read where they lie need an address that suits their type: in a source that
  // gives them none, a copy of them goes into the blob.
  void PutTensor(ByteWriter& out, const Tensor& tensor, bool read_in_place);
  // Returns the offset.
  std::int64_t Add(const void* data, std::int64_t bytes);

  std::int64_t bytes() const { return size_; }
  const std::vector<std::span<const std::byte>>& pieces() const { return pieces_; }

 private:
  std::span<const SourceFile> sources_;
  std::vector<std::span<const std::byte>> pieces_;  // each begins at the next aligned offset
  std::int64_t size_ = 0;
};

// The memory that offsets refer to. `owner` keeps the blob.
class BlobReader {
 public:
  BlobReader(std::span<const std::byte> blob, std::shared_ptr<const void> owner,
             std::vector<std::shared_ptr<const MappedFile>> sources)
      : blob_(blob), owner_(std::move(owner)), sources_(std::move(sources)) {}

  // Fails the reader for what is not there.
  Tensor TakeTensor(ByteReader& in) const;
  // Null, and a failed reader, where the blob does not hold these bytes.
  std::shared_ptr<void> At(ByteReader& in, std::int64_t offset, std::int64_t bytes) const;

 private:
  std::span<const std::byte> blob_;
  std::shared_ptr<const void> owner_;
  std::vector<std::shared_ptr<const MappedFile>> sources_;
};

}  // namespace plumb::engine
