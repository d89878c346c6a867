#include "cli/tuning.h"

#include <cstdio>

#include <unistd.h>

#include "core/clock.h"

namespace plumb::cli {
namespace {

// Saves now and then, so that an interrupted run has not been in vain.
class Progress {
 public:
  explicit Progress(engine::TuningDatabase* database)
      : database_(database), shown_(isatty(STDERR_FILENO) == 1), saved_(NowNanos()) {}
  ~Progress() {
    if (shown_ && any_) std::fprintf(stderr, "\r\033[K");
  }

  void operator()(const engine::TunedNode& node) {
    any_ = true;
    if (shown_) {
      std::fprintf(stderr, "\r\033[Kmeasuring kernels, %zu of %zu: '%s'", node.number, node.of,
                   node.node.c_str());
      std::fflush(stderr);
    }
    constexpr std::int64_t kBetweenSaves = 5'000'000'000;
    if (NowNanos() - saved_ < kBetweenSaves) return;
    saved_ = NowNanos();
    (void)database_->Save();  // the last one's error is told
  }

 private:
  engine::TuningDatabase* database_;
  bool shown_, any_ = false;
  std::int64_t saved_;
};

}  // namespace

StatusOr<Tuned> TuneKernels(
    const ModelOptions& options, const std::vector<std::string>& given,
    const std::function<StatusOr<std::vector<Shape>>(const LoadedModel&)>& shapes_of, bool again) {
  ModelOptions compiled = options;
  compiled.cache = false;  // a kept model has no choice of kernels any more
  PLUMB_ASSIGN_OR_RETURN(const LoadedModel loaded, LoadModel(compiled, given));
  PLUMB_ASSIGN_OR_RETURN(const std::vector<Shape> shapes, shapes_of(loaded));
  PLUMB_RETURN_IF_ERROR(loaded.session->Prepare(shapes));
  Tuned tuned;
  tuned.database = loaded.tuning;
  engine::TuneOptions tune;
  tune.again = again;
  {
    Progress progress(loaded.tuning.get());
    tune.progress = std::ref(progress);
    PLUMB_ASSIGN_OR_RETURN(tuned.nodes,
                           engine::TuneModel(*loaded.model, loaded.tuning.get(), tune));
  }
  tuned.saved = loaded.tuning->Save();
  return tuned;
}

void WarnUnsaved(const Tuned& tuned) {
  if (tuned.saved.ok()) return;
  std::fprintf(stderr, "plumb: warning: what was measured is lost after this run: %s\n",
               std::string(tuned.saved.message()).c_str());
}

}  // namespace plumb::cli
