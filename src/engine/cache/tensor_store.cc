#include "engine/cache/tensor_store.h"

#include <algorithm>

namespace plumb::engine {
namespace {

enum class Place : std::uint8_t { kBlob, kSource, kStrings };

bool Contains(std::span<const std::byte> memory, const void* data, std::int64_t bytes) {
  const auto begin = reinterpret_cast<std::uintptr_t>(memory.data());
  const auto at = reinterpret_cast<std::uintptr_t>(data);
  return at >= begin && at - begin <= memory.size() &&
         static_cast<std::uint64_t>(bytes) <= memory.size() - (at - begin);
}

}  // namespace

std::int64_t BlobWriter::Add(const void* data, std::int64_t bytes) {
  const std::int64_t offset = (size_ + kBlobAlignment - 1) / kBlobAlignment * kBlobAlignment;
  size_ = offset + bytes;
  pieces_.emplace_back(static_cast<const std::byte*>(data), static_cast<std::size_t>(bytes));
  return offset;
}

void BlobWriter::PutTensor(ByteWriter& out, const Tensor& tensor, bool read_in_place) {
  out.Put(tensor.dtype());
  out.PutCount(static_cast<std::size_t>(tensor.rank()));
  for (const std::int64_t size : tensor.shape()) out.Put(size);
  if (tensor.dtype() == DType::kString) {
    out.Put(Place::kStrings);
    for (const std::string& text : tensor.data<std::string>()) out.PutText(text);
    return;
  }
  const void* data = tensor.unaligned();
  const bool suits =
      reinterpret_cast<std::uintptr_t>(data) %
          static_cast<std::uintptr_t>(std::max<std::int64_t>(1, StorageBytes(tensor.dtype(), 1))) ==
      0;
  const bool may_stay = tensor.bytes() > 0 && (suits || !read_in_place);
  for (std::size_t i = 0; may_stay && i < sources_.size(); ++i) {
    const std::span<const std::byte> file = sources_[i].file->bytes();
    if (!Contains(file, data, tensor.bytes())) continue;
    out.Put(Place::kSource);
    out.PutCount(i);
    out.Put<std::int64_t>(static_cast<const std::byte*>(data) - file.data());
    return;
  }
  out.Put(Place::kBlob);
  out.Put(Add(data, tensor.bytes()));
}

std::shared_ptr<void> BlobReader::At(ByteReader& in, std::int64_t offset,
                                     std::int64_t bytes) const {
  const auto size = static_cast<std::int64_t>(blob_.size());
  if (offset < 0 || bytes < 0 || offset > size || bytes > size - offset ||
      offset % kBlobAlignment != 0) {
    in.Fail();
    return nullptr;
  }
  return {std::const_pointer_cast<void>(owner_), const_cast<std::byte*>(blob_.data()) + offset};
}

Tensor BlobReader::TakeTensor(ByteReader& in) const {
  const DType dtype = in.TakeEnum(DType::kUInt4);
  std::vector<std::int64_t> sizes(in.TakeCount(sizeof(std::int64_t)));
  for (std::int64_t& size : sizes) size = in.Take<std::int64_t>();
  const StatusOr<Shape> shape = MakeShape(sizes);
  if (dtype == DType::kUndefined || !shape.ok()) in.Fail();
  const Place place = in.TakeEnum(Place::kStrings);
  if (in.failed() || (place == Place::kStrings) != (dtype == DType::kString)) {
    in.Fail();
    return {};
  }
  if (place == Place::kStrings) {
    // Each takes the bytes of its length at least, so the number of them is no size to believe.
    std::vector<std::string> strings;
    for (std::int64_t i = 0; i < NumElements(*shape) && !in.failed(); ++i) {
      strings.push_back(in.TakeText());
    }
    return in.failed() ? Tensor() : Tensor::FromVector(*shape, strings);
  }
  const std::int64_t bytes = StorageBytes(dtype, NumElements(*shape));
  if (place == Place::kBlob) {
    std::shared_ptr<void> data = At(in, in.Take<std::int64_t>(), bytes);
    if (in.failed()) return {};
    return Tensor::Wrap(dtype, *shape, data.get(), data);
  }
  const std::size_t index = in.Take<std::uint32_t>();
  const auto offset = in.Take<std::int64_t>();
  if (in.failed() || index >= sources_.size() || offset < 0 || offset > sources_[index]->size() ||
      bytes > sources_[index]->size() - offset) {
    in.Fail();
    return {};
  }
  return Tensor::Map(dtype, *shape, sources_[index]->data() + offset, sources_[index]);
}

}  // namespace plumb::engine
