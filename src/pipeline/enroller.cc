#include "pipeline/enroller.h"

#include <algorithm>

#include "pipeline/media_library.h"

namespace plumb::pipeline {

StatusOr<std::unique_ptr<Enroller>> Enroller::Create(const PipelineSpec& spec, const Target& target,
                                                     ThreadPool* pool) {
  const auto match = std::find_if(spec.stages.begin(), spec.stages.end(),
                                  [](const StageSpec& s) { return s.type->name == "match"; });
  if (match == spec.stages.end()) {
    return InvalidArgument(spec.file,
                           ": no stage of type match: photographs are enrolled by the "
                           "stages before it");
  }
  std::unique_ptr<Enroller> enroller(new Enroller());
  enroller->no_pool_ = std::make_unique<ThreadPool>(1);
  const auto text_of = [&](const StageSpec& stage, const char* key, const char* otherwise) {
    const ParamNode* node = stage.params.Find(key);
    return node == nullptr ? std::string(otherwise) : node->text;
  };
  enroller->detections_ = text_of(*match, "detections", "detections");
  enroller->embeddings_ = text_of(*match, "embeddings", "embeddings");

  std::vector<int> way;  // backwards
  int at = static_cast<int>(match - spec.stages.begin());
  while (spec.stages[static_cast<std::size_t>(at)].type->make_source == nullptr) {
    at = spec.channels[static_cast<std::size_t>(spec.ChannelsInto(at)[0])].from;
    way.push_back(at);
  }
  enroller->image_ = text_of(spec.stages[static_cast<std::size_t>(at)], "output", "image");
  way.pop_back();  // the source
  for (auto it = way.rbegin(); it != way.rend(); ++it) {
    PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Stage> stage, MakeStage(spec, *it));
    StageContext context;
    context.id = spec.stages[static_cast<std::size_t>(*it)].id;
    context.target = target;
    context.pool = pool;
    context.no_pool = enroller->no_pool_.get();
    context.shared = &enroller->shared_;
    context.cancel = &enroller->cancel_;
    const Status started = stage->Start(context);
    if (!started.ok()) return Annotate(started, absl::StrCat("stage '", context.id, "'"));
    enroller->ids_.push_back(context.id);
    enroller->stages_.push_back(std::move(stage));
  }
  return enroller;
}

StatusOr<PhotographedFace> Enroller::Embed(const std::string& photograph) {
  Message message;
  message.origin = photograph;
  PLUMB_ASSIGN_OR_RETURN(Image image, ReadPicture(photograph));
  message.Set(image_, std::move(image));
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    const Status status = stages_[i]->Process(message);
    if (!status.ok()) {
      return Annotate(status, absl::StrCat(photograph, ": stage '", ids_[i], "'"));
    }
  }
  const StatusOr<const Detections*> found = message.Get<Detections>(detections_);
  if (!found.ok()) return Annotate(found.status(), photograph);
  const StatusOr<const Embeddings*> vectors = message.Get<Embeddings>(embeddings_);
  if (!vectors.ok()) return Annotate(vectors.status(), photograph);
  const Detections& faces = **found;
  if (faces.empty()) {
    return NotFound("no face found in '", photograph,
                    "': a face must be at least some 30 pixels wide and look at the camera");
  }
  if (faces.size() != static_cast<std::size_t>((*vectors)->count())) {
    return InvalidArgument(photograph, ": ", faces.size(), " detections and ", (*vectors)->count(),
                           " vectors, expected as many");
  }
  const auto area = [](const Detection& d) { return (d.x1 - d.x0) * (d.y1 - d.y0); };
  const auto largest =
      std::max_element(faces.begin(), faces.end(),
                       [&](const Detection& a, const Detection& b) { return area(a) < area(b); });
  const float* first = (*vectors)->unit.data() + (largest - faces.begin()) * (*vectors)->dims;
  return PhotographedFace{{first, first + (*vectors)->dims}, static_cast<int>(faces.size())};
}

}  // namespace plumb::pipeline
