// Measures kernels while models are in use, for the next time that they are compiled.
#pragma once

#include <memory>

#include "engine/model.h"
#include "engine/tuning_database.h"

namespace plumb::engine {

// A thread that runs only while a core is idle (where the system has such a class of threads). It
// looks at the plans of the models now and then, measures what the database does not know, and
// saves it. Thread-safe.
class BackgroundTuner {
 public:
  explicit BackgroundTuner(std::shared_ptr<TuningDatabase> database);
  // Ends after the kernel at hand and saves what was found.
  ~BackgroundTuner();
  BackgroundTuner(const BackgroundTuner&) = delete;
  BackgroundTuner& operator=(const BackgroundTuner&) = delete;

  void Add(std::shared_ptr<Model> model);

  int measured() const;  // problems so far
  // The last error of measuring or saving, OK where there was none.
  Status status() const;

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace plumb::engine
