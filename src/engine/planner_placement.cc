// Placing values before their producers are planned: straight into an output of the program, or
// into the part of a concatenation that they become.
#include <algorithm>

#include "engine/planner.h"
#include "engine/region_algebra.h"

namespace plumb::engine {
namespace {

// Kernels write rows of contiguous elements: the innermost dimension of the natural order.
bool WritesRows(const Shape& shape, const Strides& strides, Layout layout) {
  const int innermost = layout == Layout::kChannelsLast ? 1 : shape.rank() - 1;
  if (shape.rank() == 0) return true;
  if (shape[innermost] != 1) return strides[innermost] == 1;
  return true;
}

}  // namespace

bool Planner::CanReserve(ValueId value, const Strides& strides) const {
  const Value& v = graph_.value(value);
  if (!InSegment(v.producer) || !needed(v.producer) || v.constant.defined()) return false;
  if (places_.values[static_cast<std::size_t>(value)].reserved || HasKnownElements(value)) {
    return false;
  }
  if (IsMovement(v.producer)) return LeadsToKernel(value, 0);
  return WritesRows(shape(value), strides, layout(value));
}

// Whether a kernel could write the value, or a part of it, through movement: otherwise placing it
// early only cuts one copy into several.
bool Planner::LeadsToKernel(ValueId value, int depth) const {
  constexpr int kMaxDepth = 16;
  const NodeId producer = graph_.value(value).producer;
  if (depth > kMaxDepth || !InSegment(producer) || HasKnownElements(value)) return false;
  if (places_.values[static_cast<std::size_t>(value)].reserved) return false;
  if (!IsMovement(producer)) return true;
  const std::vector<ValueId>& sources = node(producer).inputs;
  return std::any_of(sources.begin(), sources.end(), [&](ValueId source) {
    return source != kNoValue && !graph_.IsConstant(source) && LeadsToKernel(source, depth + 1);
  });
}

void Planner::ReserveOutputs() {
  for (std::size_t k = 0; k < segment_.outputs.size(); ++k) {
    const ValueId value = segment_.outputs[k];
    const Strides strides = RowMajorStrides(shape(value));
    if (!CanReserve(value, strides)) continue;
    const int memory = places_.AddMemory(runtime::Place::kOutput, static_cast<int>(k));
    places_.PutInMemory(value, {memory, 0, strides});
    places_.of(value).reserved = true;
  }
}

// The last movement first, so that a concatenation inside a concatenation is placed inside it.
void Planner::WalkBackwards() {
  for (std::size_t p = end_; p > begin_; --p) {
    const NodeId id = model_->order()[p - 1];
    if (!needed(id) || !IsMovement(id)) continue;
    for (int o = 0; o < static_cast<int>(node(id).outputs.size()); ++o) {
      if (node(id).output(o) != kNoValue) ReserveSources(id, o);
    }
  }
}

void Planner::ReserveSources(NodeId id, int output) {
  const ValueId value = node(id).output(output);
  const Movement& movement = movements_.at(id)[static_cast<std::size_t>(output)];
  ValuePlace& place = places_.of(value);
  const bool joins = movement.regions.size() > 1 && movement.covers_all;
  if (!place.reserved && !joins) return;  // stays a view of its source until somebody needs more

  const Strides strides =
      place.reserved ? place.at.strides : LayoutStrides(layout(value), shape(value));
  std::vector<std::pair<ValueId, StridedView>> fitting;
  for (const Region& region : movement.regions) {
    const ValueId source = node(id).input(region.source);
    const auto view = PlaceInside(region, shape(source), shape(value), strides);
    const bool twice = std::any_of(fitting.begin(), fitting.end(),
                                   [&](const auto& other) { return other.first == source; });
    if (view && !twice && dtype(source) == dtype(value) && CanReserve(source, view->strides)) {
      fitting.emplace_back(source, *view);
    }
  }
  if (fitting.empty()) return;
  if (!place.reserved) {
    places_.PutInMemory(value, NewBuffer(layout(value), shape(value), dtype(value)));
    place.reserved = true;
  }
  for (const auto& [source, view] : fitting) {
    places_.PutInMemory(source, {place.at.memory, place.at.offset + view.offset, view.strides});
    places_.of(source).reserved = true;
  }
}

}  // namespace plumb::engine
