// What `plumb --version` prints: version, commit, compiler.
#pragma once

#include <string>

namespace plumb::cli {

std::string CommitText();   // "1a2b3c4"
std::string VersionText();  // "plumb 0.1.0 (1a2b3c4, GNU 12.2.0)"

}  // namespace plumb::cli
