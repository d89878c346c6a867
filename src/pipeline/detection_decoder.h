// From the outputs of a detector to boxes: the conventions of single-shot detectors as parameters.
//
// Heads look at the input in cells of `stride` pixels, each cell has one or more anchors. Outputs
// are planes [1, anchors * values, rows, columns] or lists [1, cells * anchors, values] (the
// leading 1 may be missing) in the order rows, columns, anchors; heads whose lists have the same
// name follow each other in it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/tensor.h"
#include "pipeline/message.h"

namespace plumb::pipeline {

struct DetectorHead {
  double stride = 0;
  std::vector<double> anchor_sizes;  // side of each square anchor; empty where anchors have no size
  std::string score, box, landmarks;  // names of outputs; landmarks may be empty
};

enum class BoxCode {
  kDistances,   // left, top, right, bottom from the cell's point, times stride
  kCenterSize,  // offset of the centre and logarithm of the size, by anchor and variances (SSD)
  kCorners,     // x0, y0, x1, y1 in pixels of the input
};
enum class ScoreCode { kProbability, kSigmoid, kSoftmax };

struct DetectorConventions {
  std::vector<DetectorHead> heads;
  bool lists = false;     // layout
  int anchors = 1;        // of a cell; as many as anchor_sizes where these are given
  double cell_point = 0;  // the cell's point: (column + this) * stride; 0.5 is its centre
  BoxCode box = BoxCode::kDistances;
  double center_variance = 0.1, size_variance = 0.2;
  ScoreCode score = ScoreCode::kProbability;
  int classes = 1;      // values of a score
  int first_class = 0;  // those before it are background
  int landmark_points = 5;
  double score_threshold = 0.5;
  double nms_iou = 0.45;
  int max_candidates = 2000;  // best ones, before suppression
  int max_detections = 200;
};

// Outputs by name to detections in pixels of the input, best first, without suppression. Errors
// name the output and the shape that was expected. `width`, `height`: of the detector's input.
StatusOr<Detections> DecodeDetections(const DetectorConventions& conventions,
                                      const std::map<std::string, const Tensor*>& outputs,
                                      int width, int height);

// Greedy non-maximum suppression among detections of one label; `detections` best first. Keeps at
// most `limit`.
void SuppressOverlaps(double iou, int limit, Detections* detections);

// Intersection over union; 0 for boxes without area.
double BoxOverlap(const Detection& a, const Detection& b);

// From pixels of the input to pixels of the picture; boxes are clipped to it, and those that lie
// beside it are taken out.
void MapToPicture(const Placement& placement, Detections* detections);

}  // namespace plumb::pipeline
