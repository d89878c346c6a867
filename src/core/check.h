// PLUMB_CHECK: a mistake of the caller inside the program prints its values and aborts.
// Never reachable from outside input, which ends in a Status instead.
#pragma once

#include <string>

#include "absl/strings/str_cat.h"

namespace plumb::internal {
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              const std::string& values);
}  // namespace plumb::internal

#define PLUMB_CHECK(condition, ...)                                                \
  do {                                                                             \
    if (!(condition)) [[unlikely]] {                                               \
      ::plumb::internal::CheckFailed(__FILE__, __LINE__, #condition,               \
                                     absl::StrCat("" __VA_OPT__(, ) __VA_ARGS__)); \
    }                                                                              \
  } while (false)
