#include "core/status.h"

namespace plumb {

Status Annotate(const Status& status, std::string_view context) {
  if (status.ok()) return status;
  return Status(status.code(), absl::StrCat(Str(context), ": ", status.message()));
}

}  // namespace plumb
