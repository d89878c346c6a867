// decode_detections: outputs of a detector to detections in pixels of the picture, without
// overlaps.
//
// Keys: heads, a list of {stride, score, box, landmarks, anchor_sizes}; layout planes or lists;
// anchors (of a cell); cell_point (0: corner, 0.5: centre); box_code distances, center_size or
// corners; variances [centre, size]; score_code probability, sigmoid or softmax; classes,
// first_class; landmark_points; score_threshold; nms_iou; max_candidates; max_detections; input,
// placement, output (names of payloads); prefix (of the model's outputs).
#include "pipeline/detection_decoder.h"
#include "pipeline/stage.h"

namespace plumb::pipeline {
namespace {

struct DecodeParams {
  DetectorConventions conventions;
  std::string prefix, input, placement, output;
};

class DecodeStage : public Stage {
 public:
  explicit DecodeStage(const DecodeParams& params) : params_(params) {}

  Status Start(const StageContext&) override { return OkStatus(); }

  Status Process(Message& message) override {
    PLUMB_ASSIGN_OR_RETURN(const Tensor* input, message.Get<Tensor>(params_.input));
    PLUMB_ASSIGN_OR_RETURN(const Placement* placement, message.Get<Placement>(params_.placement));
    if (input->rank() != 4) {
      return InvalidArgument("'", params_.input, "' is ", input->shape().ToString(),
                             ", expected 1x3xHEIGHTxWIDTH");
    }
    std::map<std::string, const Tensor*> outputs;
    for (const DetectorHead& head : params_.conventions.heads) {
      for (const std::string& name : {head.score, head.box, head.landmarks}) {
        if (name.empty()) continue;
        PLUMB_ASSIGN_OR_RETURN(outputs[name], message.Get<Tensor>(params_.prefix + name));
      }
    }
    PLUMB_ASSIGN_OR_RETURN(
        Detections detections,
        DecodeDetections(params_.conventions, outputs, static_cast<int>(input->shape()[3]),
                         static_cast<int>(input->shape()[2])));
    SuppressOverlaps(params_.conventions.nms_iou, params_.conventions.max_detections, &detections);
    MapToPicture(*placement, &detections);
    // The tensors are not needed further on; their memory is free for the next frame.
    for (const auto& [name, tensor] : outputs) message.Erase(params_.prefix + name);
    message.Erase(params_.input);
    message.Set(params_.output, std::move(detections));
    return OkStatus();
  }

 private:
  const DecodeParams params_;
};

void ReadHeads(StageParams& params, DetectorConventions* c) {
  std::vector<StageParams> heads = params.List("heads", "head");
  if (heads.empty()) params.Fail("heads", "'heads' is missing or empty, expected a list of heads");
  for (StageParams& head : heads) {
    DetectorHead& added = c->heads.emplace_back();
    added.stride = head.Number("stride", 0, 1, 4096);
    if (!head.Has("stride")) head.Fail("stride", "'stride' is missing");
    added.score = head.RequiredText("score");
    added.box = head.RequiredText("box");
    added.landmarks = head.Text("landmarks", "");
    added.anchor_sizes = head.Numbers("anchor_sizes", {}, 0);
    const bool sized = c->box == BoxCode::kCenterSize;
    if (sized && added.anchor_sizes.size() != static_cast<std::size_t>(c->anchors)) {
      head.Fail("anchor_sizes",
                absl::StrCat("'anchor_sizes' has ", added.anchor_sizes.size(),
                             " values, expected one for each of ", c->anchors, " anchors"));
    }
    const Status status = head.Finish();
    if (!status.ok()) params.FailWith(status);
  }
}

}  // namespace

StatusOr<std::unique_ptr<Stage>> MakeDecodeDetections(StageParams& params) {
  DecodeParams p;
  DetectorConventions& c = p.conventions;
  c.lists = params.Choice("layout", "planes", {"planes", "lists"}) == "lists";
  c.anchors = static_cast<int>(params.Int("anchors", 1, 1, 64));
  c.cell_point = params.Number("cell_point", 0, 0, 1);
  const std::string box =
      params.Choice("box_code", "distances", {"distances", "center_size", "corners"});
  c.box = box == "corners"       ? BoxCode::kCorners
          : box == "center_size" ? BoxCode::kCenterSize
                                 : BoxCode::kDistances;
  const std::vector<double> variances = params.Numbers("variances", {0.1, 0.2}, 2);
  c.center_variance = variances[0];
  c.size_variance = variances[1];
  const std::string score =
      params.Choice("score_code", "probability", {"probability", "sigmoid", "softmax"});
  c.score = score == "sigmoid"   ? ScoreCode::kSigmoid
            : score == "softmax" ? ScoreCode::kSoftmax
                                 : ScoreCode::kProbability;
  c.classes = static_cast<int>(params.Int("classes", 1, 1, 4096));
  c.first_class = static_cast<int>(params.Int("first_class", 0, 0, c.classes - 1));
  c.landmark_points = static_cast<int>(params.Int("landmark_points", 5, 1, 1024));
  c.score_threshold = params.NumberOrFile("score_threshold", "score_threshold", 0.5, 0, 1);
  c.nms_iou = params.Number("nms_iou", 0.45, 0, 1);
  c.max_candidates = static_cast<int>(params.Int("max_candidates", 2000, 1, 100'000));
  c.max_detections = static_cast<int>(params.Int("max_detections", 200, 1, 10'000));
  ReadHeads(params, &c);
  p.prefix = params.Text("prefix", "");
  p.input = params.Text("input", "input");
  p.placement = params.Text("placement", "placement");
  p.output = params.Text("output", "detections");
  PLUMB_RETURN_IF_ERROR(params.Finish());
  return std::make_unique<DecodeStage>(p);
}

}  // namespace plumb::pipeline
