// Status and StatusOr: the only way errors travel. The one door to abseil's status library.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace plumb {

using absl::OkStatus;
using absl::Status;
using absl::StatusCode;
using absl::StatusOr;

// One-line constructors; the parts are joined as absl::StrCat does (std::string_view arguments need
// Str() on Debian 12's abseil, which has a string_view of its own).
template <typename... Parts>
Status InvalidArgument(const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(parts...));
}
template <typename... Parts>
Status NotFound(const Parts&... parts) {
  return absl::NotFoundError(absl::StrCat(parts...));
}
template <typename... Parts>
Status Unimplemented(const Parts&... parts) {
  return absl::UnimplementedError(absl::StrCat(parts...));
}
template <typename... Parts>
Status ResourceExhausted(const Parts&... parts) {
  return absl::ResourceExhaustedError(absl::StrCat(parts...));
}
template <typename... Parts>
Status Internal(const Parts&... parts) {
  return absl::InternalError(absl::StrCat(parts...));
}
template <typename... Parts>
Status Unavailable(const Parts&... parts) {
  return absl::UnavailableError(absl::StrCat(parts...));
}

// A std::string_view as something absl::StrCat accepts.
inline std::string Str(std::string_view text) { return std::string(text); }

// The same code with "context: " put before the message; OK stays OK.
Status Annotate(const Status& status, std::string_view context);

namespace internal {
inline const Status& AsStatus(const Status& status) { return status; }
template <typename T>
const Status& AsStatus(const StatusOr<T>& status_or) {
  return status_or.status();
}
}  // namespace internal

}  // namespace plumb

#define PLUMB_CONCAT_INNER(a, b) a##b
#define PLUMB_CONCAT(a, b) PLUMB_CONCAT_INNER(a, b)

// Returns from the enclosing function when `expr` (a Status) is an error.
#define PLUMB_RETURN_IF_ERROR(expr)                \
  do {                                             \
    ::plumb::Status plumb_status_ = (expr);        \
    if (!plumb_status_.ok()) return plumb_status_; \
  } while (false)

// PLUMB_ASSIGN_OR_RETURN(auto x, F()): declares or assigns from a StatusOr, or returns its error.
#define PLUMB_ASSIGN_OR_RETURN(lhs, expr) \
  PLUMB_ASSIGN_OR_RETURN_INNER(PLUMB_CONCAT(plumb_status_or_, __LINE__), lhs, expr)
#define PLUMB_ASSIGN_OR_RETURN_INNER(tmp, lhs, expr) \
  auto tmp = (expr);                                 \
  if (!tmp.ok()) return std::move(tmp).status();     \
  lhs = std::move(tmp).value()
