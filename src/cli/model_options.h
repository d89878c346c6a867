// Options that every command with a model shares, and what they load.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/compiled_models.h"
#include "core/thread_pool.h"
#include "engine/session.h"
#include "lab/model_inputs.h"

namespace CLI {
class App;
}

namespace plumb::cli {

struct ModelOptions {
  std::string path;
  std::vector<std::string> shapes;    // NAME=1x3x224x224
  std::optional<std::int64_t> batch;  // where DeclareBatch was called
  int threads = 0;                    // 0: all cores that the process may use
  std::string precision;              // empty: what the file says
  bool tune = false;                  // where DeclareTune was called
  // What --precision auto found (cli/auto_precision.h): loaded in place of the file.
  std::shared_ptr<const Graph> mixed = {};
  bool cache = false;  // where DeclareCache was called
  std::int64_t cache_limit_mib = engine::CompiledCache::kDefaultMaxBytes >> 20;

  // Declares MODEL, --shape, --threads and --precision; or the first three.
  void Declare(CLI::App* command);
  void DeclareModel(CLI::App* command);
  void DeclareBatch(CLI::App* command);
  // --tune: TuneKernels (cli/tuning.h) comes first.
  void DeclareTune(CLI::App* command);
  // --cache and --cache-limit: LoadModel looks there, KeepCompiled comes after the first plan.
  void DeclareCache(CLI::App* command);

  // --shape by name. Errors are of usage: no NAME=SIZES, a name given twice.
  StatusOr<lab::NamedShapes> NamedShapes() const;
  // A shape for each input, from --shape and --batch. Errors are of usage.
  StatusOr<std::vector<Shape>> InputShapes(const Graph& graph) const;
};

// A model ready to run. The session uses the pool: keep them together.
struct LoadedModel {
  std::unique_ptr<ThreadPool> pool;
  std::shared_ptr<engine::Model> model;
  std::unique_ptr<engine::Session> session;
  std::shared_ptr<engine::TuningDatabase> tuning;  // that kernels were chosen by
  std::unique_ptr<KeptModel> kept;                 // with --cache

  const Graph& graph() const { return model->graph(); }
};

// The graph of the file, before any pass. `files`, where not null, is given what was mapped.
StatusOr<Graph> LoadGraph(const ModelOptions& options, const std::vector<std::string>& given,
                          std::vector<SourceFile>* files = nullptr);

// Inputs that have a default in the file are constants, but for those that --shape or `given`
// names. Kernels are chosen by `tuning`, null: what the folder of caches holds for this processor.
// Errors: an unreadable or wrong file; a precision that is not built; PLUMB_ISA that is not
// there.
StatusOr<LoadedModel> LoadModel(const ModelOptions& options,
                                const std::vector<std::string>& given = {},
                                std::shared_ptr<engine::TuningDatabase> tuning = nullptr);

// lab::BindInputShapes, whose errors become errors of usage that name --shape.
StatusOr<std::vector<Shape>> BindShapes(const Graph& graph, const lab::NamedShapes& given,
                                        std::int64_t batch);

}  // namespace plumb::cli
