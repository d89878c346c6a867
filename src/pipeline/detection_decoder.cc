#include "pipeline/detection_decoder.h"

#include <algorithm>
#include <cmath>

namespace plumb::pipeline {
namespace {

// One output of one head: element (cell, anchor, value).
struct HeadOutput {
  const float* data = nullptr;
  std::int64_t cell_step = 0, anchor_step = 0, value_step = 0;
  float At(std::int64_t cell, std::int64_t anchor, std::int64_t value) const {
    return data[cell * cell_step + anchor * anchor_step + value * value_step];
  }
};

struct Grid {
  std::int64_t rows = 0, columns = 0;
  std::int64_t cells() const { return rows * columns; }
};

class Decoder {
 public:
  Decoder(const DetectorConventions& conventions,
          const std::map<std::string, const Tensor*>& outputs, int width, int height)
      : c_(conventions), outputs_(outputs), width_(width), height_(height) {}

  StatusOr<Detections> Decode() {
    for (const DetectorHead& head : c_.heads) PLUMB_RETURN_IF_ERROR(DecodeHead(head));
    const auto better = [](const Detection& a, const Detection& b) { return a.score > b.score; };
    std::stable_sort(found_.begin(), found_.end(), better);
    if (found_.size() > static_cast<std::size_t>(c_.max_candidates)) {
      found_.resize(static_cast<std::size_t>(c_.max_candidates));
    }
    return std::move(found_);
  }

 private:
  Status DecodeHead(const DetectorHead& head) {
    Grid grid;
    grid.rows = static_cast<std::int64_t>(std::ceil(height_ / head.stride));
    grid.columns = static_cast<std::int64_t>(std::ceil(width_ / head.stride));
    const int points = head.landmarks.empty() ? 0 : c_.landmark_points;
    PLUMB_ASSIGN_OR_RETURN(const HeadOutput score, Find(head.score, grid, c_.classes));
    PLUMB_ASSIGN_OR_RETURN(const HeadOutput box, Find(head.box, grid, 4));
    HeadOutput landmarks;
    if (points > 0) {
      PLUMB_ASSIGN_OR_RETURN(landmarks, Find(head.landmarks, grid, 2 * points));
    }
    for (std::int64_t cell = 0; cell < grid.cells(); ++cell) {
      for (int anchor = 0; anchor < c_.anchors; ++anchor) {
        int label = 0;
        const float value = BestScore(score, cell, anchor, &label);
        if (!(value >= c_.score_threshold)) continue;  // NaN is no detection
        Detection found;
        found.score = value;
        found.label = label;
        const Frame frame = FrameOf(head, grid, cell, anchor);
        if (!DecodeBox(box, frame, cell, anchor, &found)) continue;
        for (int k = 0; k < points; ++k) {
          found.landmarks.push_back(
              {static_cast<float>(frame.x + landmarks.At(cell, anchor, 2 * k) * frame.unit),
               static_cast<float>(frame.y + landmarks.At(cell, anchor, 2 * k + 1) * frame.unit)});
        }
        found_.push_back(std::move(found));
      }
    }
    return OkStatus();
  }

  // What offsets are measured from, and in: the cell's point and the stride, or for anchors with a
  // size its variance.
  struct Frame {
    double x = 0, y = 0, unit = 1, size = 0;
  };

  Frame FrameOf(const DetectorHead& head, const Grid& grid, std::int64_t cell, int anchor) const {
    Frame frame;
    frame.x = (static_cast<double>(cell % grid.columns) + c_.cell_point) * head.stride;
    frame.y = (static_cast<double>(cell / grid.columns) + c_.cell_point) * head.stride;
    frame.unit = head.stride;
    if (c_.box == BoxCode::kCenterSize) {
      frame.size = head.anchor_sizes[static_cast<std::size_t>(anchor)];
      frame.unit = frame.size * c_.center_variance;
    }
    return frame;
  }

  bool DecodeBox(const HeadOutput& box, const Frame& frame, std::int64_t cell, int anchor,
                 Detection* found) const {
    double v[4];
    for (int k = 0; k < 4; ++k) v[k] = box.At(cell, anchor, k);
    double corners[4] = {v[0], v[1], v[2], v[3]};
    if (c_.box == BoxCode::kDistances) {
      corners[0] = frame.x - v[0] * frame.unit;
      corners[1] = frame.y - v[1] * frame.unit;
      corners[2] = frame.x + v[2] * frame.unit;
      corners[3] = frame.y + v[3] * frame.unit;
    } else if (c_.box == BoxCode::kCenterSize) {
      const double x = frame.x + v[0] * frame.unit, y = frame.y + v[1] * frame.unit;
      const double width = frame.size * std::exp(v[2] * c_.size_variance);
      const double height = frame.size * std::exp(v[3] * c_.size_variance);
      corners[0] = x - width / 2;
      corners[1] = y - height / 2;
      corners[2] = x + width / 2;
      corners[3] = y + height / 2;
    }
    for (double corner : corners) {
      if (!std::isfinite(corner) || std::abs(corner) > 1e7) return false;
    }
    found->x0 = static_cast<float>(corners[0]);
    found->y0 = static_cast<float>(corners[1]);
    found->x1 = static_cast<float>(corners[2]);
    found->y1 = static_cast<float>(corners[3]);
    return found->x1 > found->x0 && found->y1 > found->y0;
  }

  float BestScore(const HeadOutput& score, std::int64_t cell, int anchor, int* label) const {
    float best = score.At(cell, anchor, c_.first_class);
    *label = 0;
    for (int k = c_.first_class + 1; k < c_.classes; ++k) {
      const float value = score.At(cell, anchor, k);
      if (value > best) {
        best = value;
        *label = k - c_.first_class;
      }
    }
    if (c_.score == ScoreCode::kSigmoid) return 1 / (1 + std::exp(-best));
    if (c_.score == ScoreCode::kProbability) return best;
    float sum = 0;
    for (int k = 0; k < c_.classes; ++k) sum += std::exp(score.At(cell, anchor, k) - best);
    return 1 / sum;
  }

  StatusOr<HeadOutput> Find(const std::string& name, const Grid& grid, int values) {
    const auto found = outputs_.find(name);
    if (found == outputs_.end()) return InvalidArgument("the model has no output '", name, "'");
    const Tensor& tensor = *found->second;
    if (tensor.dtype() != DType::kFloat32) {
      return InvalidArgument("output '", name, "' holds ", Str(DTypeName(tensor.dtype())),
                             ", expected f32");
    }
    return c_.lists ? FindList(name, tensor, grid, values) : FindPlanes(name, tensor, grid, values);
  }

  StatusOr<HeadOutput> FindPlanes(const std::string& name, const Tensor& tensor, const Grid& grid,
                                  int values) const {
    const Shape expected{1, c_.anchors * values, grid.rows, grid.columns};
    if (!(tensor.shape() == expected)) {
      return InvalidArgument("output '", name, "' is ", tensor.shape().ToString(), ", expected ",
                             expected.ToString(), " for an input of ", width_, "x", height_);
    }
    return HeadOutput{tensor.data<float>().data(), 1, values * grid.cells(), grid.cells()};
  }

  // Takes this head's part of the list and remembers where the next one begins.
  StatusOr<HeadOutput> FindList(const std::string& name, const Tensor& tensor, const Grid& grid,
                                int values) {
    const int rank = tensor.rank();
    const std::int64_t rows = rank < 2 ? 0 : tensor.shape()[rank - 2];
    const bool fits =
        (rank == 2 || (rank == 3 && tensor.shape()[0] == 1)) && tensor.shape()[rank - 1] == values;
    const std::int64_t first = list_rows_used_[name], wanted = grid.cells() * c_.anchors;
    if (!fits || first + wanted > rows) {
      return InvalidArgument("output '", name, "' is ", tensor.shape().ToString(),
                             ", expected at least ", first + wanted, "x", values,
                             " for an input of ", width_, "x", height_);
    }
    list_rows_used_[name] = first + wanted;
    return HeadOutput{tensor.data<float>().data() + first * values,
                      c_.anchors * std::int64_t{values}, values, 1};
  }

  const DetectorConventions& c_;
  const std::map<std::string, const Tensor*>& outputs_;
  const int width_, height_;
  std::map<std::string, std::int64_t> list_rows_used_;
  Detections found_;
};

}  // namespace

StatusOr<Detections> DecodeDetections(const DetectorConventions& conventions,
                                      const std::map<std::string, const Tensor*>& outputs,
                                      int width, int height) {
  return Decoder(conventions, outputs, width, height).Decode();
}

double BoxOverlap(const Detection& a, const Detection& b) {
  const double width = std::min<double>(a.x1, b.x1) - std::max<double>(a.x0, b.x0);
  const double height = std::min<double>(a.y1, b.y1) - std::max<double>(a.y0, b.y0);
  if (width <= 0 || height <= 0) return 0;
  const double both = width * height;
  const double area_a = (double{a.x1} - a.x0) * (double{a.y1} - a.y0);
  const double area_b = (double{b.x1} - b.x0) * (double{b.y1} - b.y0);
  return both / (area_a + area_b - both);
}

void SuppressOverlaps(double iou, int limit, Detections* detections) {
  Detections kept;
  for (Detection& candidate : *detections) {
    if (kept.size() >= static_cast<std::size_t>(limit)) break;
    const bool covered = std::any_of(kept.begin(), kept.end(), [&](const Detection& other) {
      return other.label == candidate.label && BoxOverlap(other, candidate) > iou;
    });
    if (!covered) kept.push_back(std::move(candidate));
  }
  *detections = std::move(kept);
}

void MapToPicture(const Placement& placement, Detections* detections) {
  const auto x = [&](float v) {
    return static_cast<float>((v - placement.offset_x) / placement.scale_x);
  };
  const auto y = [&](float v) {
    return static_cast<float>((v - placement.offset_y) / placement.scale_y);
  };
  const auto width = static_cast<float>(placement.width);
  const auto height = static_cast<float>(placement.height);
  for (Detection& d : *detections) {
    d.x0 = std::clamp(x(d.x0), 0.0f, width);
    d.x1 = std::clamp(x(d.x1), 0.0f, width);
    d.y0 = std::clamp(y(d.y0), 0.0f, height);
    d.y1 = std::clamp(y(d.y1), 0.0f, height);
    for (Point& point : d.landmarks) point = {x(point.x), y(point.y)};
  }
  std::erase_if(*detections, [](const Detection& d) { return d.x1 <= d.x0 || d.y1 <= d.y0; });
}

}  // namespace plumb::pipeline
