#include "cli/compiled_models.h"

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_join.h"
#include "cli/model_options.h"
#include "core/file_io.h"

namespace plumb::cli {

KeptModel::KeptModel(const ModelOptions& options, const std::vector<std::string>& given)
    : folder_(CacheDirectory()), max_bytes_(options.cache_limit_mib << 20) {
  std::vector<std::string> names = given, shapes = options.shapes;
  std::ranges::sort(names);
  std::ranges::sort(shapes);
  key_.source = options.path;
  key_.details = absl::StrCat("given ", absl::StrJoin(names, ","), "\nshapes ",
                              absl::StrJoin(shapes, ","), " batch ", options.batch.value_or(0));
}

std::shared_ptr<engine::Model> KeptModel::Load(const engine::CompileOptions& options,
                                               ThreadPool* pool) {
  if (!folder_.ok()) return nullptr;
  const engine::CompiledCache cache(*folder_ + "/models", max_bytes_);
  const auto model = cache.Load(key_, options, pool, &sources_);
  found_ = model.ok();
  return found_ ? *model : nullptr;
}

void KeptModel::Save(engine::Model& model) {
  if (found_ && !model.has_new_kernels()) return;
  Status saved = folder_.status();
  if (saved.ok()) {
    const engine::CompiledCache cache(*folder_ + "/models", max_bytes_);
    saved = sources_.empty() ? Internal("what it was made of is not known")
                             : cache.Save(key_, model, sources_);
  }
  if (saved.ok()) return;
  std::fprintf(stderr, "plumb: warning: the compiled model is not kept: %s\n",
               std::string(saved.message()).c_str());
}

void KeepCompiled(const LoadedModel& loaded) {
  if (loaded.kept != nullptr) loaded.kept->Save(*loaded.model);
}

}  // namespace plumb::cli
