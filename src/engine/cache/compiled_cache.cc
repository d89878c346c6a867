#include "engine/cache/compiled_cache.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/build_id.h"
#include "core/content_hash.h"
#include "core/file_io.h"
#include "core/format.h"
#include "core/temporary_file.h"
#include "engine/cache/compiled_file.h"
#include "engine/cache/compiled_tables.h"
#include "ops/ops.h"

namespace plumb::engine {
namespace {

namespace fs = std::filesystem;

constexpr char kSuffix[] = ".model";

// Everything that decides what a model becomes, but for the contents of files.
std::string KeyText(const CompiledKey& key, const CompileOptions& options) {
  const Target& target = options.target;
  std::error_code error;
  return absl::StrCat(
      "build ", BuildId(), "\nprocessor ", target.processor, " ", Str(IsaName(target.isa)), " ",
      target.avx_vnni, target.avx512_vnni, target.avx512_bf16, target.amx_bf16, target.amx_int8,
      " ", target.l1_bytes, " ", target.l2_bytes, " ", target.l3_bytes, "\noptimise ",
      options.optimize, " precision ", Str(DTypeName(options.precision)), " tuned ",
      options.tuning != nullptr, "\n", key.details, "\n", fs::absolute(key.source, error).string());
}

// The operators that the reader finds by name are those that the model was compiled with.
Status CheckUsable(const CompileOptions& options) {
  if (BuildId().empty()) return Unimplemented("this program was linked without a build id");
  if (options.ops == nullptr || options.ops == &ops::AllOps()) return OkStatus();
  return Unimplemented("the model is compiled with operators of its own");
}

StatusOr<std::vector<std::shared_ptr<const MappedFile>>> OpenSources(
    const std::vector<StoredSource>& sources) {
  std::vector<std::shared_ptr<const MappedFile>> files;
  for (const StoredSource& source : sources) {
    PLUMB_ASSIGN_OR_RETURN(const auto file, MappedFile::Open(source.path));
    if (!source.stamp.SameAs(file->stamp()) || source.sample != SampleHash(*file)) {
      return NotFound("'", source.path, "' has changed");
    }
    files.push_back(file);
  }
  return files;
}

Status CheckTuning(const Consulted& consulted, const TuningDatabase* tuning) {
  for (const auto& [problem, answer] : consulted) {
    if (tuning == nullptr || AnswerText(tuning->Find(problem)) != answer) {
      return NotFound("other kernels were measured since");
    }
  }
  return OkStatus();
}

// A folder that somebody else planted could be changed under our hands.
Status MakeOwnFolder(const std::string& path) {
  PLUMB_RETURN_IF_ERROR(MakeDirectories(path));
  struct stat info {};
  if (lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return OkStatus();
  return absl::PermissionDeniedError(absl::StrCat("cannot use '", path, "': it is no folder"));
}

// Spares writing what nobody could use: a source that is written after it was mapped has another
// stamp than the file will say. One that was written right before may have the same.
Status CheckUnchanged(const SourceFile& source) {
  const FileStamp& mapped = source.file->stamp();
  const StatusOr<FileStamp> is = StampOf(source.path);
  if (is.ok() && is->SameAs(mapped) && mapped.settled()) return OkStatus();
  return Unavailable("'", source.path, "' was changed meanwhile");
}

StatusOr<std::shared_ptr<Model>> Read(const std::string& path, const std::string& key,
                                      const CompileOptions& options, ThreadPool* pool,
                                      std::vector<SourceFile>* sources) {
  PLUMB_ASSIGN_OR_RETURN(const CompiledFile file, OpenCompiledFile(path, pool));
  ByteReader in(file.tables);
  PLUMB_ASSIGN_OR_RETURN(CompiledHead head, ReadHead(in));
  if (head.key != key) return NotFound("'", path, "' is of another model");
  PLUMB_RETURN_IF_ERROR(CheckTuning(head.consulted, options.tuning.get()));
  PLUMB_ASSIGN_OR_RETURN(auto files, OpenSources(head.sources));
  for (std::size_t i = 0; sources != nullptr && i < files.size(); ++i) {
    sources->push_back({head.sources[i].path, files[i]});
  }
  const BlobReader blob(file.blob, file.file, std::move(files));
  const OpTable& ops = options.ops != nullptr ? *options.ops : ops::AllOps();
  PLUMB_ASSIGN_OR_RETURN(CompiledParts parts, ReadModel(in, blob, ops));
  return Model::Restore(std::move(parts.graph), options, std::move(parts.kernels),
                        std::move(head.consulted));
}

}  // namespace

std::string CompiledCache::PathFor(const CompiledKey& key, const CompileOptions& options) const {
  const std::string text = KeyText(key, options);
  return absl::StrFormat("%s/%016x%s", folder_, ContentHash(AsBytes(text)), kSuffix);
}

StatusOr<std::shared_ptr<Model>> CompiledCache::Load(const CompiledKey& key,
                                                     const CompileOptions& options,
                                                     ThreadPool* pool,
                                                     std::vector<SourceFile>* sources) const {
  PLUMB_RETURN_IF_ERROR(CheckUsable(options));
  const std::string path = PathFor(key, options);
  StatusOr<std::shared_ptr<Model>> model =
      Read(path, KeyText(key, options), options, pool, sources);
  if (!model.ok() && sources != nullptr) sources->clear();
  if (model.ok()) {
    utimensat(AT_FDCWD, StampPath(path).c_str(), nullptr, AT_SYMLINK_NOFOLLOW);
  } else if (const StatusOr<FileStamp> source = StampOf(key.source); source.ok()) {
    WaitUntilSettled(*source);
  }
  return model;
}

Status CompiledCache::Save(const CompiledKey& key, Model& model,
                           std::span<const SourceFile> sources) const {
  const CompileOptions& options = model.options();
  PLUMB_RETURN_IF_ERROR(CheckUsable(options));
  PLUMB_RETURN_IF_ERROR(MakeOwnFolder(folder_));
  CompiledHead head;
  head.key = KeyText(key, options);
  for (const SourceFile& source : sources) {
    PLUMB_RETURN_IF_ERROR(CheckUnchanged(source));
    head.sources.push_back({source.path, source.file->stamp(), SampleHash(*source.file)});
  }
  ByteWriter tables;
  BlobWriter blob(sources);
  {
    const std::lock_guard<std::mutex> lock(model.mutex());
    head.consulted = model.consulted();
    WriteHead(head, tables);
    PLUMB_RETURN_IF_ERROR(WriteModel(model, tables, blob));
  }
  if (blob.bytes() > max_bytes_) {
    return ResourceExhausted("the compiled model takes ", FormatBytes(blob.bytes()),
                             ", compiled models may take ", FormatBytes(max_bytes_), " together");
  }
  const std::string path = PathFor(key, options);
  PLUMB_RETURN_IF_ERROR(WriteCompiledFile(path, tables.bytes(), blob.pieces()));
  RemoveOldest(path);
  return OkStatus();
}

// Files that go while others have them mapped stay there for these.
void CompiledCache::RemoveOldest(const std::string& newest) const {
  struct Entry {
    fs::file_time_type used;
    std::string path;
    std::int64_t bytes;
  };
  std::vector<Entry> entries;
  std::int64_t total = 0;
  std::error_code error;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    const std::string path = it->path().string();
    std::error_code missing;
    const auto bytes = static_cast<std::int64_t>(it->file_size(missing));
    fs::file_time_type used = it->last_write_time(missing);
    if (missing) continue;
    if (path.ends_with(kTemporarySuffix)) {  // of a process that died, unless it is young
      if (fs::file_time_type::clock::now() - used > std::chrono::hours(1)) {
        fs::remove(path, missing);
      }
    } else if (path.ends_with(kSuffix)) {
      const auto stamped = fs::last_write_time(StampPath(path), missing);
      if (!missing) used = std::max(used, stamped);
      total += bytes;
      if (path != newest) entries.push_back({used, path, bytes});
    }
  }
  std::ranges::sort(entries, {}, &Entry::used);
  for (const Entry& entry : entries) {
    if (total <= max_bytes_) break;
    fs::remove(entry.path, error);
    fs::remove(StampPath(entry.path), error);
    total -= entry.bytes;
  }
}

}  // namespace plumb::engine
