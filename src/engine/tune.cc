#include "engine/tune.h"

#include <algorithm>
#include <map>

#include "engine/search.h"

namespace plumb::engine {
namespace {

Status TuneProblem(const KernelProblem& problem, const Target& target, const TuneOptions& options,
                   TunedNode* tuned) {
  PLUMB_ASSIGN_OR_RETURN(std::vector<ops::KernelChoice> choices, ListKernels(problem, target));
  const std::size_t predicted = ChooseKernel(choices, target).chosen;
  MeasureOptions measure = options.measure;
  measure.cancel = options.cancel;
  PLUMB_ASSIGN_OR_RETURN(const KernelSeconds seconds,
                         MeasureKernels(problem, choices, target, measure));
  const std::size_t fastest = FastestOf(seconds, predicted);
  tuned->before = choices[predicted].name;
  tuned->before_seconds = seconds[predicted];
  tuned->kernel.name = choices[fastest].name;
  tuned->kernel.seconds = seconds[fastest];
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (i == fastest || seconds[i] < 0) continue;
    if (!tuned->kernel.next.empty() && seconds[i] >= tuned->kernel.next_seconds) continue;
    tuned->kernel.next = choices[i].name;
    tuned->kernel.next_seconds = seconds[i];
  }
  return OkStatus();
}

}  // namespace

StatusOr<std::vector<TunedNode>> TuneModel(Model& model, TuningDatabase* database,
                                           const TuneOptions& options) {
  std::map<std::string, std::shared_ptr<const KernelProblem>> different;
  std::vector<std::string> keys;  // in the order of the plan
  for (std::shared_ptr<const KernelProblem>& problem : model.problems()) {
    std::string key = KeyOf(*problem);
    if (different.emplace(key, std::move(problem)).second) keys.push_back(std::move(key));
  }
  std::vector<TunedNode> all;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (options.cancel != nullptr && options.cancel->load()) break;
    const KernelProblem& problem = *different.at(keys[i]);
    TunedNode tuned;
    tuned.node = problem.node->name;
    tuned.op = Str(problem.node->op->name);
    tuned.number = i + 1;
    tuned.of = keys.size();
    const std::optional<TunedKernel> known = database->Find(keys[i]);
    if (known && !options.again) {
      tuned.known = true;
      tuned.kernel = *known;
    } else {
      const Status status = TuneProblem(problem, model.target(), options, &tuned);
      if (status.code() == StatusCode::kCancelled) break;
      if (status.code() == StatusCode::kUnimplemented) continue;
      PLUMB_RETURN_IF_ERROR(Annotate(status, absl::StrCat("node '", tuned.node, "'")));
      database->Insert(keys[i], tuned.kernel);
    }
    if (options.progress) options.progress(tuned);
    all.push_back(std::move(tuned));
  }
  return all;
}

}  // namespace plumb::engine
