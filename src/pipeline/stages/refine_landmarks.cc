// refine_landmarks: landmarks of detections found anew in their crops, which see a face larger and
// straighter than the detector does. The detections are then cropped again. Where the network gives
// points that no crop could be aligned by, a detection keeps the landmarks that it has.
//
// Keys: model (ONNX file with one input [n, 3, height, width] and one output of x, y, x, y, ... in
// pixels of the crop, continuous coordinates); template (that of the crop_and_align before); input
// (payload with the crops; it is taken away); detections; max_batch (crops of one run); use_pool;
// profile (records the steps of the network).
#include "pipeline/face_align.h"
#include "pipeline/network.h"
#include "pipeline/stage.h"

namespace plumb::pipeline {
namespace {

struct RefineParams {
  std::string model, input, detections;
  std::vector<Point> points;
  std::int64_t max_batch = 16;
  bool use_pool = false, profile = false;
};

class RefineStage : public Stage {
 public:
  explicit RefineStage(const RefineParams& params) : params_(params) {}

  Status Start(const StageContext& context) override {
    PLUMB_RETURN_IF_ERROR(runner_.Start(context, params_.model, params_.use_pool, params_.profile));
    return runner_.network().ExpectOneToOne();
  }

  Status Process(Message& message) override {
    PLUMB_ASSIGN_OR_RETURN(const Tensor* crops, message.Get<Tensor>(params_.input));
    PLUMB_ASSIGN_OR_RETURN(const Detections* found, message.Get<Detections>(params_.detections));
    PLUMB_RETURN_IF_ERROR(ExpectCropOfEach(*crops, *found));
    PLUMB_ASSIGN_OR_RETURN(const Rows rows,
                           runner_.RunCrops(*crops, params_.input, params_.max_batch));
    Detections refined = *found;
    for (std::size_t i = 0; i < refined.size(); ++i) {
      const std::size_t width = static_cast<std::size_t>(rows.width);
      PLUMB_RETURN_IF_ERROR(Refine({rows.values.data() + i * width, width}, &refined[i]));
    }
    message.work.items = static_cast<std::int64_t>(refined.size());
    message.work.bytes_in = crops->bytes();
    message.Erase(params_.input);
    message.Set(params_.detections, std::move(refined));
    return OkStatus();
  }

  void TakeSpans(std::vector<measure::Span>* spans) override { runner_.TakeSpans(spans); }

 private:
  // Tensors of another rank are refused by RunCrops.
  Status ExpectCropOfEach(const Tensor& crops, const Detections& found) const {
    if (crops.rank() != 4 || static_cast<std::size_t>(crops.shape()[0]) == found.size()) {
      return OkStatus();
    }
    return absl::FailedPreconditionError(
        absl::StrCat("'", params_.input, "' has ", crops.shape()[0], " crops of ", found.size(),
                     " detections: stage crop_and_align must stand before"));
  }

  // found: x, y, x, y, ... in the crop.
  Status Refine(std::span<const float> found, Detection* detection) const {
    const std::size_t points = params_.points.size();
    if (found.size() != 2 * points || detection->landmarks.size() != points) {
      return absl::FailedPreconditionError(absl::StrCat(
          "'template' has ", points, " points, a detection has ", detection->landmarks.size(),
          " landmarks, model '", params_.model, "' gives ", found.size(), " numbers"));
    }
    PLUMB_ASSIGN_OR_RETURN(const SimilarityTransform transform,
                           AlignPoints(detection->landmarks, params_.points));
    std::vector<Point> refined;
    for (std::size_t k = 0; k < points; ++k) {
      refined.push_back(Undo(transform, {found[2 * k], found[2 * k + 1]}));
    }
    // Fails for points that are not finite, too.
    if (AlignPoints(refined, params_.points).ok()) detection->landmarks = std::move(refined);
    return OkStatus();
  }

  const RefineParams params_;
  NetworkRunner runner_;
};

}  // namespace

StatusOr<std::unique_ptr<Stage>> MakeRefineLandmarks(StageParams& params) {
  RefineParams p;
  p.model = params.Path("model");
  p.points = ReadTemplate(params);
  if (p.points.empty()) params.Fail("template", "'template' is missing, expected x, y, x, y, ...");
  p.input = params.Text("input", "faces");
  p.detections = params.Text("detections", "detections");
  p.max_batch = params.Int("max_batch", 16, 1, 1024);
  p.use_pool = params.Flag("use_pool", false);
  p.profile = params.Flag("profile", false);
  PLUMB_RETURN_IF_ERROR(params.Finish());
  return std::make_unique<RefineStage>(p);
}

}  // namespace plumb::pipeline
