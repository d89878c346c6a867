#include "cli/version.h"

namespace plumb::cli {

std::string VersionText() {
  return std::string("plumb ") + PLUMB_VERSION + " (" + PLUMB_COMMIT + ", " + PLUMB_COMPILER + ")";
}

}  // namespace plumb::cli
