#include "ops/lower.h"

#include "core/tensor.h"

namespace plumb::ops {

std::optional<std::vector<std::int64_t>> LowerContext::ints(int i) const {
  if (!has_input(i)) return std::nullopt;
  const Tensor* constant = input(i).constant;
  if (constant != nullptr && IsInteger(constant->dtype())) return ToInt64s(*constant);
  const auto index = static_cast<std::size_t>(i);
  if (index >= contents_.size() || !contents_[index].has_value()) return std::nullopt;
  std::vector<std::int64_t> values;
  for (const Dim& dim : *contents_[index]) {
    if (!dim.is_constant()) return std::nullopt;
    values.push_back(dim.value());
  }
  return values;
}

}  // namespace plumb::ops
