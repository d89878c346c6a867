#include "engine/cache/compiled_file.h"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <vector>

#include "core/content_hash.h"
#include "core/file_io.h"
#include "core/new_file.h"
#include "engine/cache/bytes.h"
#include "engine/cache/tensor_store.h"

namespace plumb::engine {
namespace {

constexpr std::array<char, 8> kMagic = {'p', 'l', 'u', 'm', 'b', 'c', 'm', '1'};

// Together with the blob and the tables before it, it covers every byte of the file by a hash.
struct Footer {
  std::uint64_t blob_bytes = 0, tables_bytes = 0;
  std::uint64_t blob_hash = 0, tables_hash = 0;
  std::array<char, 8> magic = kMagic;
  std::uint64_t footer_hash = 0;  // of what is before it
};

std::uint64_t HashOf(const Footer& footer) {
  return ContentHash(std::as_bytes(std::span(&footer, 1)).first(offsetof(Footer, footer_hash)));
}

Footer FooterOf(std::span<const std::byte> file) {
  Footer footer;
  std::memcpy(&footer, file.last(sizeof(footer)).data(), sizeof(footer));
  return footer;
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

// By way of a buffer that is hashed when it goes to the file: mapping the file to hash it would
// make this process as large again. The buffer is a huge page: written whole and at a multiple of
// its size, it lies in one where the file system can do that, and whoever maps the file profits.
// Returns ContentHashInPieces of the blob.
StatusOr<std::uint64_t> WriteBlob(NewFile& file,
                                  std::span<const std::span<const std::byte>> pieces) {
  static constexpr std::array<std::byte, kBlobAlignment> kZeros{};
  std::vector<std::uint64_t> hashes;
  std::vector<std::byte> buffer;
  buffer.reserve(kHashPiece);
  const auto flush = [&]() -> Status {
    if (buffer.empty()) return OkStatus();
    hashes.push_back(ContentHash(buffer));
    PLUMB_RETURN_IF_ERROR(file.Append(buffer));
    buffer.clear();
    return OkStatus();
  };
  const auto append = [&](std::span<const std::byte> bytes) -> Status {
    while (!bytes.empty()) {
      const std::size_t some = std::min(bytes.size(), kHashPiece - buffer.size());
      buffer.insert(buffer.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(some));
      bytes = bytes.subspan(some);
      if (buffer.size() == kHashPiece) PLUMB_RETURN_IF_ERROR(flush());
    }
    return OkStatus();
  };
  for (const std::span<const std::byte> piece : pieces) {
    const std::size_t over = buffer.size() % kZeros.size();  // full buffers are multiples of it
    if (over != 0) PLUMB_RETURN_IF_ERROR(append(std::span(kZeros).subspan(over)));
    PLUMB_RETURN_IF_ERROR(append(piece));
  }
  PLUMB_RETURN_IF_ERROR(flush());
  return ContentHash(std::as_bytes(std::span(hashes)));
}

}  // namespace

std::string StampPath(const std::string& path) { return path + ".stamp"; }

StatusOr<CompiledFile> ReadCompiledFile(std::span<const std::byte> bytes) {
  const Status damaged = absl::DataLossError("damaged");
  if (bytes.size() < sizeof(Footer)) return damaged;
  const Footer footer = FooterOf(bytes);
  if (footer.magic != kMagic || footer.footer_hash != HashOf(footer)) return damaged;
  const std::size_t left = bytes.size() - sizeof(footer);
  if (footer.blob_bytes > left || footer.tables_bytes != left - footer.blob_bytes) return damaged;
  CompiledFile result;
  result.blob = bytes.first(footer.blob_bytes);
  result.tables = bytes.subspan(footer.blob_bytes, footer.tables_bytes);
  if (ContentHash(result.tables) != footer.tables_hash) return damaged;
  return result;
}

StatusOr<CompiledFile> OpenCompiledFile(const std::string& path, ThreadPool* pool) {
  PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<const MappedFile> file, MappedFile::OpenOwn(path));
  StatusOr<CompiledFile> result = ReadCompiledFile(file->bytes());
  if (!result.ok()) return Damaged(path);
  // Advice: what has to be read from the disk again comes in huge pages where there are such.
  madvise(const_cast<std::byte*>(file->data()), static_cast<std::size_t>(file->size()),
          MADV_HUGEPAGE);
  if (!IsVouchedFor(path, file->stamp())) {
    const Footer footer = FooterOf(file->bytes());
    if (ContentHashInPieces(result->blob, pool) != footer.blob_hash) return Damaged(path);
    WriteStamp(path, file->stamp());
  }
  result->file = std::move(file);
  return result;
}

Status WriteCompiledFile(const std::string& path, std::string_view tables,
                         std::span<const std::span<const std::byte>> pieces) {
  PLUMB_ASSIGN_OR_RETURN(NewFile file, NewFile::Create(path));
  Footer footer;
  PLUMB_ASSIGN_OR_RETURN(footer.blob_hash, WriteBlob(file, pieces));
  footer.blob_bytes = static_cast<std::uint64_t>(file.size());
  footer.tables_bytes = tables.size();
  footer.tables_hash = ContentHash(AsBytes(tables));
  footer.footer_hash = HashOf(footer);
  PLUMB_RETURN_IF_ERROR(file.Append(AsBytes(tables)));
  PLUMB_RETURN_IF_ERROR(file.Append(std::as_bytes(std::span(&footer, 1))));
  PLUMB_ASSIGN_OR_RETURN(const FileStamp kept, file.Keep());
  WaitUntilSettled(kept);
  const StatusOr<FileStamp> stamp = StampOf(path);
  if (stamp.ok() && stamp->SameAs(kept)) WriteStamp(path, *stamp);
  return OkStatus();
}

}  // namespace plumb::engine
