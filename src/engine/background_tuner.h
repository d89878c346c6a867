// Measures kernels while models are in use, for the next time that they are compiled.
#pragma once

#include <memory>

#include "engine/model.h"
#include "engine/tuning_database.h"

namespace plumb::engine {

// A thread of the lowest priority. It looks at the plans of the models now and then, measures what
// the database does not know, and saves it. Models that are in use were compiled with a database of
// their own: what is found counts for the next. Thread-safe, but for Stop.
class BackgroundTuner {
 public:
  explicit BackgroundTuner(std::shared_ptr<TuningDatabase> database);
  ~BackgroundTuner();  // Stop
  BackgroundTuner(const BackgroundTuner&) = delete;
  BackgroundTuner& operator=(const BackgroundTuner&) = delete;

  void Add(std::shared_ptr<Model> model);

  // Ends after the call at hand and saves what was found. The last error of measuring or saving, OK
  // where there was none.
  Status Stop();

  int measured() const;   // problems so far
  Status status() const;  // the last error so far

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace plumb::engine
