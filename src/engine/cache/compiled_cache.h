// Compiled models in a folder, so that the next start maps what the last one made.
//
// A model is found by where its file is, what it is compiled for, the options, and the build of
// this program: no other build, processor or set of instructions reads it. It is used only while
// the files that it was made of are what they were, and the measurements that chose its kernels
// say the same. Bodies of branches and loops are kept as graphs, and compiled when they first run.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/mapped_file.h"
#include "core/thread_pool.h"
#include "engine/model.h"

namespace plumb::engine {

struct CompiledKey {
  std::string source;  // the path of the model's file
  std::string
      details;  // what else decides the graph or the kernels: inputs given, shapes asked for
};

// Thread-safe, and safe beside other processes that use the folder. Holds nothing open.
class CompiledCache {
 public:
  static constexpr std::int64_t kDefaultMaxBytes = std::int64_t{8} << 30;

  // The folder is made when something is saved. Its files together hold at most `max_bytes`: those
  // that were not used for longest go first.
  explicit CompiledCache(std::string folder, std::int64_t max_bytes = kDefaultMaxBytes)
      : folder_(std::move(folder)), max_bytes_(max_bytes) {}

  // The model, with the kernels that were chosen and its weights where the file is mapped. The
  // error says why there is none: never saved, changed since, damaged, not this user's own. Where
  // the source was written a moment ago it waits for some milliseconds, so that what is compiled
  // next can be saved. The pool may be null. `sources`, when given, gets the files that the model
  // was made of, for saving it again with kernels that later plans chose.
  StatusOr<std::shared_ptr<Model>> Load(const CompiledKey& key, const CompileOptions& options,
                                        ThreadPool* pool,
                                        std::vector<SourceFile>* sources = nullptr) const;

  // Keeps a model that was planned. `sources` are the files that it was made of, as they were
  // mapped. Errors say why the next start compiles it again: a source changed meanwhile, no
  // permission, no space, larger than the folder may be, a build without an id.
  Status Save(const CompiledKey& key, Model& model, std::span<const SourceFile> sources) const;

  // The file of a model; its stamp lies beside it.
  std::string PathFor(const CompiledKey& key, const CompileOptions& options) const;

 private:
  void RemoveOldest(const std::string& newest) const;

  std::string folder_;
  std::int64_t max_bytes_;
};

}  // namespace plumb::engine
