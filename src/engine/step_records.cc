#include "engine/step_records.h"

#include <cmath>

namespace plumb::engine {

measure::NameId StepRecords::NameOf(const std::string& text) {
  const auto found = names_.find(text);
  if (found != names_.end()) return found->second;
  return names_[text] = recorder_->Name(text);
}

void StepRecords::Append(const StepProfile& profile, std::vector<measure::Span>* spans) {
  const std::int64_t origin = recorder_->origin_ns();
  for (const StepTime& time : profile.steps) {
    const StepInfo& step = *time.step;
    measure::Span& span = spans->emplace_back();
    // Data movement belongs to the network, as its kernels do.
    span.kind = measure::Kind::kAi;
    span.where = NameOf(step.name.empty() ? step.op : step.name);
    span.note = NameOf(step.algorithm);
    span.begin = time.begin_ns - origin;
    span.end = time.end_ns - origin;
    // Nothing is known of what a branch or a loop computes.
    const Cost& cost = step.cost;
    if (cost.ops <= 0 && cost.bytes_read <= 0 && cost.bytes_written <= 0) continue;
    span.ops = std::llround(cost.ops);
    span.bytes_in = std::llround(cost.bytes_read);
    span.bytes_out = std::llround(cost.bytes_written);
  }
}

}  // namespace plumb::engine
