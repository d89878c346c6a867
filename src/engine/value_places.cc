#include "engine/value_places.h"

#include <algorithm>

#include "core/check.h"

namespace plumb::engine {

Strides LayoutStrides(Layout layout, const Shape& shape) {
  if (layout == Layout::kRowMajor || shape.rank() < 3) return RowMajorStrides(shape);
  Strides strides(shape.rank(), 0);
  strides[1] = 1;
  std::int64_t stride = shape[1];
  for (int axis = shape.rank() - 1; axis >= 2; --axis) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  strides[0] = stride;
  return strides;
}

int Places::AddMemory(runtime::Place place, int index, std::int64_t bytes) {
  Memory memory;
  memory.place = place;
  memory.index = index;
  memory.bytes = bytes;
  memories.push_back(memory);
  return static_cast<int>(memories.size()) - 1;
}

void Places::Hold(const ValuePlace& place, int change) {
  const auto hold = [&](int memory) {
    memories[static_cast<std::size_t>(memory)].holders += change;
  };
  if (place.kind == ValuePlace::Kind::kMemory) hold(place.at.memory);
  if (place.kind == ValuePlace::Kind::kRegions) {
    for (const Region& region : place.regions) hold(region.source);
  }
  for (const Located& copy : place.copies) hold(copy.memory);
}

void Places::PutInMemory(ValueId value, const Located& at) {
  ValuePlace& place = of(value);
  Hold(place, -1);
  place.kind = ValuePlace::Kind::kMemory;
  place.at = at;
  place.regions.clear();
  Hold(place, +1);
}

void Places::PutInRegions(ValueId value, std::vector<Region> regions) {
  ValuePlace& place = of(value);
  Hold(place, -1);
  place.kind = ValuePlace::Kind::kRegions;
  place.regions = std::move(regions);
  Hold(place, +1);
}

void Places::AddCopy(ValueId value, const Located& at) {
  of(value).copies.push_back(at);
  memories[static_cast<std::size_t>(at.memory)].holders += 1;
}

void Places::Release(ValueId value) {
  ValuePlace& place = of(value);
  Hold(place, -1);
  place = ValuePlace{};
}

void Places::Touch(int memory, int step) {
  Memory& entry = memories[static_cast<std::size_t>(memory)];
  if (entry.first < 0) entry.first = step;
  entry.first = std::min(entry.first, step);
  entry.last = std::max(entry.last, step);
}

}  // namespace plumb::engine
