// What the system says of a file, as a Status.
#pragma once

#include <string>

#include "core/status.h"

namespace plumb {

// "cannot open 'x': No such file or directory"; the code says what kind of error (an errno) it is.
Status SystemError(const char* what, const std::string& path, int error);

}  // namespace plumb
