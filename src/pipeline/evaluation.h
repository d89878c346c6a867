// Compares what a pipeline wrote (write_jsonl) with ground truth: detection at IoU 0.5,
// identification of known people, acceptance of strangers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/status.h"
#include "measure/record.h"
#include "pipeline/message.h"

namespace plumb::pipeline {

struct TrueFace {
  Detection box;
  std::string name;
  bool known = false;
  bool ignore = false;  // neither demanded nor held against a detection that covers it
};

struct FaceCounts {
  std::int64_t wanted = 0;       // faces that should be found
  std::int64_t found = 0;        // of these
  std::int64_t wrong = 0;        // detections of nothing
  std::int64_t known = 0;        // found faces of people in the gallery
  std::int64_t named_right = 0;  // of these
  std::int64_t strangers = 0;    // found faces of others
  std::int64_t accepted = 0;     // of these, given a name
};

// Adds one frame: detections are paired with faces best score first; one that lies with half its
// area on an ignored face counts neither way.
void CountFrame(const Detections& detections, const std::vector<TrueFace>& faces,
                FaceCounts* counts);

// Both files are JSON Lines with the key frame; frames of the truth without a line in the results
// count as empty. Where the run was not complete (stopped, or limited to some frames), those after
// the last line of the results are not counted: nobody looked at them. Errors name file and line.
StatusOr<FaceCounts> CompareWithTruth(const std::string& results, const std::string& truth,
                                      bool complete);

// recall, precision, rank1, stranger_acceptance with their targets; those that nothing was counted
// for are left out.
std::vector<measure::Quality> QualityOf(const FaceCounts& counts);

}  // namespace plumb::pipeline
