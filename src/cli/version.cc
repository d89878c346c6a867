#include "cli/version.h"

#include "cli/commit.h"  // written by the build

namespace plumb::cli {

std::string CommitText() { return PLUMB_COMMIT; }

std::string VersionText() {
  return std::string("plumb ") + PLUMB_VERSION + " (" + PLUMB_COMMIT + ", " + PLUMB_COMPILER + ")";
}

}  // namespace plumb::cli
