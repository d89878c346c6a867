// Which build of a program this is.
#pragma once

#include <string>

namespace plumb {

// The linker's build id of the program or library that holds this code, a digest of all that was
// linked, in hexadecimal digits. Empty where the linker wrote none.
const std::string& BuildId();

}  // namespace plumb
