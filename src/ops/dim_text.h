// Dims in error messages: "[2,3,?]", a size that is not a known number as "?".
#pragma once

#include <string>

#include "core/status.h"
#include "graph/dim.h"

namespace plumb::ops {

inline std::string DimText(const Dim& dim) {
  return dim.is_constant() ? absl::StrCat(dim.value()) : "?";
}

inline std::string DimsText(const DimVector& dims) {
  std::string text;
  for (const Dim& dim : dims) absl::StrAppend(&text, text.empty() ? "" : ",", DimText(dim));
  return absl::StrCat("[", text, "]");
}

}  // namespace plumb::ops
