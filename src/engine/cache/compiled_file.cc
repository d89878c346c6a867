#include "engine/cache/compiled_file.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/content_hash.h"
#include "core/file_io.h"
#include "core/new_file.h"
#include "engine/cache/bytes.h"
#include "engine/cache/tensor_store.h"

namespace plumb::engine {
namespace {

constexpr std::array<char, 8> kMagic = {'p', 'l', 'u', 'm', 'b', 'c', 'm', '1'};
constexpr std::size_t kBlobOffset = 4096;  // a page
static_assert(kBlobOffset % kBlobAlignment == 0);

struct Header {
  std::array<char, 8> magic = kMagic;
  std::uint64_t blob_bytes = 0, tables_bytes = 0;  // the tables follow the blob and end the file
  std::uint64_t blob_hash = 0, tables_hash = 0;
  std::uint64_t header_hash = 0;  // of what is before it
};

std::uint64_t HashOf(const Header& header) {
  return ContentHash(std::as_bytes(std::span(&header, 1)).first(offsetof(Header, header_hash)));
}

Status Damaged(const std::string& path) {
  return absl::DataLossError(absl::StrCat("'", path, "' is damaged"));
}

// Which start of the machine this is; empty where the system does not say.
std::string BootId() { return ReadFile("/proc/sys/kernel/random/boot_id", 64).value_or(""); }

std::string StampText(const FileStamp& stamp) {
  ByteWriter out;
  out.Put(stamp.device);
  out.Put(stamp.inode);
  out.Put(stamp.bytes);
  out.Put(stamp.modified_ns);
  out.Put(stamp.changed_ns);
  out.PutText(BootId());
  return out.bytes();
}

void WriteStamp(const std::string& path, const FileStamp& stamp) {
  if (!stamp.settled()) return;
  StatusOr<NewFile> file = NewFile::Create(StampPath(path));
  if (!file.ok()) return;
  if (file->Append(AsBytes(StampText(stamp))).ok()) (void)file->Keep();
}

// The content of the file was known to be right, and nobody wrote to it since.
bool IsVouchedFor(const std::string& path, const FileStamp& stamp) {
  const auto file = MappedFile::OpenOwn(StampPath(path));
  if (!file.ok() || BootId().empty()) return false;
  return std::ranges::equal((*file)->bytes(), AsBytes(StampText(stamp)));
}

}  // namespace

std::string StampPath(const std::string& path) { return path + ".stamp"; }

StatusOr<CompiledFile> ReadCompiledFile(std::span<const std::byte> bytes) {
  Header header;
  const Status damaged = absl::DataLossError("damaged");
  if (bytes.size() < kBlobOffset) return damaged;
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (header.magic != kMagic || header.header_hash != HashOf(header)) return damaged;
  const std::size_t left = bytes.size() - kBlobOffset;
  if (header.blob_bytes > left || header.tables_bytes != left - header.blob_bytes) return damaged;
  CompiledFile result;
  result.blob = bytes.subspan(kBlobOffset, header.blob_bytes);
  result.tables = bytes.subspan(kBlobOffset + header.blob_bytes);
  if (ContentHash(result.tables) != header.tables_hash) return damaged;
  return result;
}

StatusOr<CompiledFile> OpenCompiledFile(const std::string& path, ThreadPool* pool) {
  PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file, MappedFile::OpenOwn(path));
  StatusOr<CompiledFile> result = ReadCompiledFile(file->bytes());
  if (!result.ok()) return Damaged(path);
  if (!IsVouchedFor(path, file->stamp())) {
    Header header;
    std::memcpy(&header, file->data(), sizeof(header));
    if (ContentHashInPieces(result->blob, pool) != header.blob_hash) return Damaged(path);
    WriteStamp(path, file->stamp());
  }
  result->file = std::move(file);
  return result;
}

Status WriteCompiledFile(const std::string& path, std::string_view tables,
                         std::span<const std::span<const std::byte>> pieces, ThreadPool* pool) {
  static constexpr std::array<std::byte, kBlobOffset> kZeros{};
  PLUMB_ASSIGN_OR_RETURN(NewFile file, NewFile::Create(path));
  PLUMB_RETURN_IF_ERROR(file.Append(kZeros));
  for (const std::span<const std::byte> piece : pieces) {
    const std::int64_t over = file.size() % kBlobAlignment;
    if (over != 0) {
      const auto gap = static_cast<std::size_t>(kBlobAlignment - over);
      PLUMB_RETURN_IF_ERROR(file.Append(std::span(kZeros).first(gap)));
    }
    PLUMB_RETURN_IF_ERROR(file.Append(piece));
  }
  Header header;
  header.blob_bytes = static_cast<std::uint64_t>(file.size()) - kBlobOffset;
  header.tables_bytes = tables.size();
  PLUMB_RETURN_IF_ERROR(file.Append(AsBytes(tables)));
  {
    PLUMB_ASSIGN_OR_RETURN(const auto written, MappedFile::OpenOwn(file.temporary_path()));
    const auto blob = written->bytes().subspan(kBlobOffset, header.blob_bytes);
    header.blob_hash = ContentHashInPieces(blob, pool);
  }
  header.tables_hash = ContentHash(AsBytes(tables));
  header.header_hash = HashOf(header);
  PLUMB_RETURN_IF_ERROR(file.WriteAt(0, std::as_bytes(std::span(&header, 1))));
  PLUMB_ASSIGN_OR_RETURN(const FileStamp kept, file.Keep());
  WaitUntilSettled(kept);
  const StatusOr<FileStamp> stamp = StampOf(path);
  if (stamp.ok() && stamp->SameAs(kept)) WriteStamp(path, *stamp);
  return OkStatus();
}

}  // namespace plumb::engine
