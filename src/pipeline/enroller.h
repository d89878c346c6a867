// Enrolment: photographs through the stages of a pipeline, from its source to where names are
// looked up, in the calling thread. What is known of a face is so by the same models and
// conventions.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/status.h"
#include "core/target.h"
#include "core/thread_pool.h"
#include "pipeline/gallery.h"
#include "pipeline/pipeline_file.h"

namespace plumb::pipeline {

// A face that is to be known.
struct PhotographedFace {
  std::vector<float> unit;  // its vector, of unit length
  int faces = 0;            // found in the photograph
};

class Enroller {
 public:
  // The stages before the first one of type match. Errors say what the pipeline lacks.
  static StatusOr<std::unique_ptr<Enroller>> Create(const PipelineSpec& spec, const Target& target,
                                                    ThreadPool* pool);

  // The largest face: who is photographed stands in front. An error, naming the file, when none is
  // found or it is a video.
  StatusOr<PhotographedFace> Embed(const std::string& photograph);

 private:
  Enroller() = default;

  SharedThings shared_;
  std::unique_ptr<ThreadPool> no_pool_;
  std::atomic<bool> cancel_{false};
  std::vector<std::unique_ptr<Stage>> stages_;
  std::vector<std::string> ids_;
  std::string image_, detections_, embeddings_;  // names of payloads
};

}  // namespace plumb::pipeline
