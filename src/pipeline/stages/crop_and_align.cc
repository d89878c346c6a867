// crop_and_align: a tensor [faces, 3, height, width] of the detections, turned and scaled so that
// their landmarks lie on a template. Without landmarks: the square around the box.
//
// Keys: size [width, height]; template (x, y, x, y, ... in continuous coordinates of the crop, for
// as many landmarks as the detector gives); margin (of the square, in box sizes); outside (pixel
// value beyond the picture); mean, std, order; max_faces (the best ones; the others keep no crop);
// image, detections, output (names of payloads).
#include <algorithm>
#include <cmath>

#include "pipeline/buffer_pool.h"
#include "pipeline/face_align.h"
#include "pipeline/stage.h"

namespace plumb::pipeline {
namespace {

constexpr int kMaxSide = 2048;

struct CropParams {
  int width = 0, height = 0;
  std::vector<Point> points;
  double margin = 0;
  float outside = 0;
  PixelMap map;
  int max_faces = 0;
  std::string image, detections, output;
};

class CropStage : public Stage {
 public:
  explicit CropStage(const CropParams& params) : params_(params) {}

  Status Start(const StageContext&) override { return OkStatus(); }

  // Detections that cannot be aligned are taken out, so that crop i is of detection i.
  Status Process(Message& message) override {
    PLUMB_ASSIGN_OR_RETURN(const Image* image, message.Get<Image>(params_.image));
    PLUMB_ASSIGN_OR_RETURN(const Detections* found, message.Get<Detections>(params_.detections));
    Detections kept;
    std::vector<SimilarityTransform> transforms;
    for (const Detection& detection : *found) {
      if (kept.size() >= static_cast<std::size_t>(params_.max_faces)) break;
      const StatusOr<SimilarityTransform> transform = TransformFor(detection);
      if (!transform.ok()) {
        if (transform.status().code() != StatusCode::kInvalidArgument) return transform.status();
        continue;
      }
      kept.push_back(detection);
      transforms.push_back(*transform);
    }
    const std::int64_t elements = std::int64_t{3} * params_.width * params_.height;
    const auto count = static_cast<std::int64_t>(kept.size());
    PLUMB_ASSIGN_OR_RETURN(
        Tensor crops,
        Tensor::TryAllocate(DType::kFloat32, Shape{count, 3, params_.height, params_.width}));
    for (std::size_t i = 0; i < kept.size(); ++i) {
      CropAligned(
          *image, transforms[i], params_.width, params_.height, params_.outside, params_.map,
          static_cast<float*>(crops.mutable_raw()) + static_cast<std::int64_t>(i) * elements);
    }
    message.work = {count, image->bytes(), crops.bytes()};
    message.Set(params_.output, std::move(crops));
    message.Set(params_.detections, std::move(kept));
    return OkStatus();
  }

 private:
  StatusOr<SimilarityTransform> TransformFor(const Detection& d) const {
    if (!params_.points.empty()) {
      if (d.landmarks.size() != params_.points.size()) {
        return absl::FailedPreconditionError(
            absl::StrCat("'template' has ", params_.points.size(), " points, a detection has ",
                         d.landmarks.size(), " landmarks: give as many, or leave 'template' out"));
      }
      return AlignPoints(d.landmarks, params_.points);
    }
    const double side = std::max(d.x1 - d.x0, d.y1 - d.y0) * (1 + 2 * params_.margin);
    if (!(side > 1e-3)) return InvalidArgument("a box without area");
    SimilarityTransform t;
    t.a = std::min(params_.width, params_.height) / side;
    t.tx = params_.width / 2.0 - t.a * (d.x0 + d.x1) / 2;
    t.ty = params_.height / 2.0 - t.a * (d.y0 + d.y1) / 2;
    return t;
  }

  const CropParams params_;
};

}  // namespace

StatusOr<std::unique_ptr<Stage>> MakeCropAndAlign(StageParams& params) {
  CropParams p;
  if (!params.Has("size")) params.Fail("size", "'size' is missing, expected [width, height]");
  const std::vector<double> size = params.Numbers("size", {1, 1}, 2);
  for (double side : size) {
    if (side < 1 || side > kMaxSide || side != std::floor(side)) {
      params.Fail("size", absl::StrCat("'size' must be whole numbers from 1 to ", kMaxSide));
    }
  }
  p.points = ReadTemplate(params);
  p.margin = params.Number("margin", 0, 0, 10);
  p.outside = static_cast<float>(params.Number("outside", 0, 0, 255));
  p.map = ReadPixelMap(params);
  p.max_faces = static_cast<int>(params.Int("max_faces", 64, 1, 4096));
  p.image = params.Text("image", "image");
  p.detections = params.Text("detections", "detections");
  p.output = params.Text("output", "faces");
  PLUMB_RETURN_IF_ERROR(params.Finish());
  p.width = static_cast<int>(size[0]);
  p.height = static_cast<int>(size[1]);
  return std::make_unique<CropStage>(p);
}

}  // namespace plumb::pipeline
