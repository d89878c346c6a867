// Makes records of profiled runs: a span for each step of a model.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "engine/session.h"
#include "measure/recorder.h"

namespace plumb::engine {

// Remembers the names that it has asked the recorder for. Used by one thread at a time.
class StepRecords {
 public:
  explicit StepRecords(measure::Recorder* recorder) : recorder_(recorder) {}

  // Appends the steps of a run in the order they ran, on the recorder's clock: `where` is the node
  // (or the value that is copied), `note` the algorithm. Trace and parent are the caller's to set.
  void Append(const StepProfile& profile, std::vector<measure::Span>* spans);

 private:
  measure::NameId NameOf(const std::string& text);

  measure::Recorder* recorder_;
  std::unordered_map<std::string, measure::NameId> names_;
};

}  // namespace plumb::engine
