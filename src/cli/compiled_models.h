// --cache: compiled models in the folder of caches.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/cache/compiled_cache.h"

namespace plumb::cli {

struct LoadedModel;
struct ModelOptions;

// Where a model that was loaded with --cache is kept.
class KeptModel {
 public:
  // `given` are inputs with a default in the file that the run gives all the same.
  KeptModel(const ModelOptions& options, const std::vector<std::string>& given);

  // Null where there is none that is still right.
  std::shared_ptr<engine::Model> Load(const engine::CompileOptions& options, ThreadPool* pool);
  bool found() const { return found_; }  // by Load

  std::vector<SourceFile>* sources() { return &sources_; }  // of a model that is compiled instead

  // Keeps what the next start would have to do again. A warning on standard error says why it
  // cannot: the command was asked for it, and goes on.
  void Save(engine::Model& model);

 private:
  StatusOr<std::string> folder_;
  std::int64_t max_bytes_;
  engine::CompiledKey key_;
  std::vector<SourceFile> sources_;
  bool found_ = false;
};

// KeptModel::Save, where the model was loaded with --cache.
void KeepCompiled(const LoadedModel& loaded);

}  // namespace plumb::cli
