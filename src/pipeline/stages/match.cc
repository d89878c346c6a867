// match: names detections by the nearest vector of a gallery; a stranger's name stays empty.
//
// Keys: gallery (file that `plumb enroll` makes); threshold (least cosine of a known person), or
// threshold_file (JSON with the member stranger_threshold); detections, embeddings (names of
// payloads).
#include "pipeline/gallery.h"
#include "pipeline/stage.h"

namespace plumb::pipeline {
namespace {

struct MatchParams {
  std::string gallery, detections, embeddings;
  double threshold = 0;
};

class MatchStage : public Stage {
 public:
  explicit MatchStage(const MatchParams& params) : params_(params) {}

  Status Start(const StageContext& context) override {
    PLUMB_ASSIGN_OR_RETURN(
        gallery_,
        context.shared->Get<Gallery>(params_.gallery, [&]() -> StatusOr<std::shared_ptr<Gallery>> {
          StatusOr<Gallery> gallery = Gallery::Load(params_.gallery);
          if (absl::IsNotFound(gallery.status())) {
            return NotFound(gallery.status().message(), ": make it with `plumb enroll`");
          }
          PLUMB_RETURN_IF_ERROR(gallery.status());
          return std::make_shared<Gallery>(*std::move(gallery));
        }));
    if (gallery_->entries().empty() && context.recorder != nullptr && context.replica == 0) {
      context.recorder->AddEvent(
          context.id, "empty",
          "the gallery '" + params_.gallery + "' is empty: everybody is a stranger");
    }
    return OkStatus();
  }

  Status Process(Message& message) override {
    PLUMB_ASSIGN_OR_RETURN(const Detections* found, message.Get<Detections>(params_.detections));
    PLUMB_ASSIGN_OR_RETURN(const Embeddings* vectors, message.Get<Embeddings>(params_.embeddings));
    if (found->size() != static_cast<std::size_t>(vectors->count())) {
      return InvalidArgument(found->size(), " detections and ", vectors->count(),
                             " vectors in one message, expected as many");
    }
    if (gallery_->dims() != 0 && vectors->dims != 0 && vectors->dims != gallery_->dims()) {
      return InvalidArgument("gallery '", params_.gallery, "' has vectors of ", gallery_->dims(),
                             " values, the model gives ", vectors->dims,
                             ": enrol again with this model");
    }
    Detections named = *found;
    for (std::size_t i = 0; i < named.size(); ++i) {
      const auto size = static_cast<std::size_t>(vectors->dims);
      const Gallery::Nearest nearest = gallery_->Find({vectors->values.data() + i * size, size});
      if (nearest.index < 0) continue;
      named[i].similarity = nearest.similarity;
      if (nearest.similarity >= params_.threshold) {
        named[i].name = gallery_->entries()[static_cast<std::size_t>(nearest.index)].name;
      }
    }
    message.work.items = static_cast<std::int64_t>(named.size());
    message.Set(params_.detections, std::move(named));
    return OkStatus();
  }

 private:
  const MatchParams params_;
  std::shared_ptr<Gallery> gallery_;
};

}  // namespace

StatusOr<std::unique_ptr<Stage>> MakeMatch(StageParams& params) {
  MatchParams p;
  p.gallery = params.Path("gallery");
  p.threshold = params.NumberOrFile("threshold", "stranger_threshold", 0, -1, 1);
  if (!params.Has("threshold") && !params.Has("threshold_file")) {
    params.Fail("threshold", "'threshold' is missing: the least cosine of a known person");
  }
  p.detections = params.Text("detections", "detections");
  p.embeddings = params.Text("embeddings", "embeddings");
  PLUMB_RETURN_IF_ERROR(params.Finish());
  return std::make_unique<MatchStage>(p);
}

}  // namespace plumb::pipeline
