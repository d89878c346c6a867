#include "pipeline/stage.h"

namespace plumb::pipeline {

#define PLUMB_STAGE(name, kind, Make, file) \
  StatusOr<std::unique_ptr<Stage>> Make(StageParams& params);
#define PLUMB_WRITER PLUMB_STAGE
#define PLUMB_SOURCE(name, kind, Make, file) \
  StatusOr<std::unique_ptr<Source>> Make(StageParams& params);
#include "pipeline/stages.def"
#undef PLUMB_STAGE
#undef PLUMB_WRITER
#undef PLUMB_SOURCE

namespace {

constexpr StageType kTypes[] = {
#define PLUMB_STAGE(name, kind, Make, file) {#name, measure::Kind::kind, &Make, nullptr},
#define PLUMB_WRITER(name, kind, Make, file) {#name, measure::Kind::kind, &Make, nullptr, true},
#define PLUMB_SOURCE(name, kind, Make, file) {#name, measure::Kind::kind, nullptr, &Make},
#include "pipeline/stages.def"
#undef PLUMB_STAGE
#undef PLUMB_WRITER
#undef PLUMB_SOURCE
};

}  // namespace

Status Stage::ProcessBatch(std::span<Message*> messages, std::span<Status> results) {
  for (std::size_t i = 0; i < messages.size(); ++i) results[i] = Process(*messages[i]);
  return OkStatus();
}

std::span<const StageType> StageTypes() { return kTypes; }

const StageType* FindStageType(std::string_view name) {
  for (const StageType& type : kTypes) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

}  // namespace plumb::pipeline
