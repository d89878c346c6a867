// Movement while planning: regions are composed, and copied only where somebody needs memory.
#include <algorithm>

#include "core/check.h"
#include "engine/planner.h"
#include "engine/region_algebra.h"
#include "kernels/copy/copy.h"

namespace plumb::engine {
namespace {

bool SameStrides(const Shape& shape, const Strides& a, const Strides& b) {
  for (int k = 0; k < shape.rank(); ++k) {
    if (shape[k] != 1 && a[k] != b[k]) return false;
  }
  return true;
}

}  // namespace

void Planner::FindMovements() {
  for (std::size_t p = begin_; p < end_; ++p) {
    const NodeId id = model_->order()[p];
    if (!needed(id) || op(id).movement == nullptr) continue;
    std::vector<Movement> movements;
    for (int o = 0; o < static_cast<int>(node(id).outputs.size()); ++o) {
      if (node(id).output(o) == kNoValue) {
        movements.emplace_back();
        continue;
      }
      StatusOr<Movement> movement = op(id).movement(Concrete(id, o)->node);
      if (!movement.ok()) break;  // not a movement of this form: a kernel or the reference runs it
      movements.push_back(*std::move(movement));
      if (!op(id).aliases_input) {
        const ValueId out = node(id).output(o);
        segment_.movement_bytes_before +=
            2.0 * static_cast<double>(StorageBytes(dtype(out), NumElements(shape(out))));
      }
    }
    if (movements.size() == node(id).outputs.size()) movements_[id] = std::move(movements);
  }
}

std::vector<Region> Planner::RegionsOf(ValueId value) const {
  const ValuePlace& place = places_.values[static_cast<std::size_t>(value)];
  if (place.kind == ValuePlace::Kind::kRegions) return place.regions;
  PLUMB_CHECK(place.kind == ValuePlace::Kind::kMemory, "value '", graph_.value(value).name, "'");
  Region region = WholeTensor(shape(value), place.at.strides, RowMajorStrides(shape(value)));
  region.source = place.at.memory;
  region.src_offset = place.at.offset;
  return {region};
}

// What `region` (over the packed source) reads, as regions of memories.
StatusOr<std::vector<Region>> Planner::ComposeSource(const Region& region, ValueId source) {
  if (places_.of(source).kind == ValuePlace::Kind::kNone) {
    PLUMB_CHECK(KnownTensor(source) != nullptr, "value '", graph_.value(source).name, "'");
    places_.PutInMemory(source, {ConstantMemory(source), 0, RowMajorStrides(shape(source))});
  }
  const auto direct = [&](const Located& at) {
    Region moved = region;
    moved.source = at.memory;
    moved.src_offset += at.offset;
    return std::vector<Region>{moved};
  };
  const ValuePlace& place = places_.of(source);
  const Strides packed = RowMajorStrides(shape(source));
  if (place.kind == ValuePlace::Kind::kMemory &&
      SameStrides(shape(source), place.at.strides, packed)) {
    return direct(place.at);
  }
  if (auto composed = ComposeThrough(region, RegionsOf(source))) return *std::move(composed);
  PLUMB_ASSIGN_OR_RETURN(const Located copy, Materialise(source, Layout::kRowMajor));
  return direct(copy);
}

Status Planner::PlanMovement(NodeId id) {
  for (int o = 0; o < static_cast<int>(node(id).outputs.size()); ++o) {
    const ValueId value = node(id).output(o);
    if (value == kNoValue || uses_left_[static_cast<std::size_t>(value)] == 0) continue;
    if (places_.of(value).reserved) {
      PLUMB_RETURN_IF_ERROR(FillReserved(id, o, value));
      continue;
    }
    std::vector<Region> regions;
    for (const Region& region : movements_.at(id)[static_cast<std::size_t>(o)].regions) {
      if (NumElements(region.sizes) == 0) continue;
      PLUMB_ASSIGN_OR_RETURN(std::vector<Region> composed,
                             ComposeSource(region, node(id).input(region.source)));
      regions.insert(regions.end(), composed.begin(), composed.end());
    }
    places_.PutInRegions(value, std::move(regions));
  }
  return OkStatus();
}

// Copies into a place reserved before what was not written straight to it.
Status Planner::FillReserved(NodeId id, int output, ValueId value) {
  const Movement& movement = movements_.at(id)[static_cast<std::size_t>(output)];
  const Located at = places_.of(value).at;
  std::vector<Region> missing;
  bool all_missing = true;
  for (const Region& region : movement.regions) {
    const ValueId source = node(id).input(region.source);
    if (NumElements(region.sizes) == 0) continue;  // an empty part of a concatenation
    const ValuePlace& place = places_.of(source);
    if (place.reserved && place.at.memory == at.memory) {
      const auto view = PlaceInside(region, shape(source), shape(value), at.strides);
      if (view && place.at.offset == at.offset + view->offset &&
          SameStrides(shape(source), place.at.strides, view->strides)) {
        all_missing = false;
        continue;
      }
    }
    PLUMB_ASSIGN_OR_RETURN(std::vector<Region> composed, ComposeSource(region, source));
    missing.insert(missing.end(), composed.begin(), composed.end());
  }
  if (missing.empty() && (!all_missing || NumElements(shape(value)) == 0)) return OkStatus();
  if (!all_missing && movement.covers_all) {
    // Only the missing part is copied: nothing must be filled around it.
    const Region order = WholeTensor(shape(value), RowMajorStrides(shape(value)), at.strides);
    std::vector<Region> laid_out;
    for (const Region& region : missing) {
      Region composed;
      if (ComposeRegions(order, region, &composed) != ComposeResult::kRegion) {
        return Internal("a part of '", graph_.value(value).name, "' cannot be placed");
      }
      composed.dst_offset += at.offset;
      laid_out.push_back(composed);
    }
    Located flat = at;
    flat.strides = Strides{};  // regions are in the memory order already, nothing is filled
    return EmitCopy(value, laid_out, flat, id);
  }
  return EmitCopy(value, missing, at, id);
}

// Whether a copy of the value to `dst` changes its memory order alone: no operator that moves data
// made it, and it does not become a part of another value.
bool Planner::OnlyReorders(ValueId value, const Located& dst) const {
  const bool part =
      places_.values[static_cast<std::size_t>(value)].reserved &&
      places_.memories[static_cast<std::size_t>(dst.memory)].place == runtime::Place::kArena;
  NodeId producer = graph_.value(value).producer;
  while (InSegment(producer) && IsMovement(producer) && op(producer).aliases_input) {
    producer = graph_.value(node(producer).input(0)).producer;
  }
  return !part && !(InSegment(producer) && IsMovement(producer));
}

// One copy step. `regions` write the packed value; dst.strides of rank 0 for a value of higher rank
// say that they write dst's memory directly.
Status Planner::EmitCopy(ValueId value, std::span<const Region> regions, const Located& dst,
                         NodeId reason) {
  const Shape& sizes = shape(value);
  const bool placed = dst.strides.rank() != sizes.rank();
  struct CopyState {
    kernels::CopyPlan plan;
  };
  std::vector<Region> moved(regions.begin(), regions.end());
  const bool covers = placed || ElementsWritten(regions) == NumElements(sizes);
  const Strides packed = RowMajorStrides(sizes);
  if (!placed && !SameStrides(sizes, dst.strides, packed)) {
    const auto composed = ComposeThrough(WholeTensor(sizes, packed, dst.strides), regions);
    if (!composed) {  // through a packed copy
      const Located between = NewBuffer(Layout::kRowMajor, sizes, dtype(value));
      PLUMB_RETURN_IF_ERROR(EmitCopy(value, regions, between, reason));
      Region again = WholeTensor(sizes, packed, packed);
      again.source = between.memory;
      return EmitCopy(value, std::vector<Region>{again}, dst, reason);
    }
    moved = *composed;
  }
  std::vector<int> memories;
  for (Region& region : moved) {
    const auto found = std::find(memories.begin(), memories.end(), region.source);
    const auto index = found - memories.begin();
    if (found == memories.end()) memories.push_back(region.source);
    region.source = static_cast<int>(index);
  }
  const std::int64_t shift = placed ? 0 : dst.offset;
  auto state = std::make_shared<CopyState>();
  kernels::CopyProblem problem;
  problem.element_bytes = static_cast<int>(StorageBytes(dtype(value), 1));
  problem.sources = static_cast<int>(memories.size());
  problem.regions = moved;
  problem.fill = !covers;
  if (problem.fill) {
    problem.dst_sizes = sizes;
    problem.dst_strides = dst.strides;
  }
  kernels::PlanCopy(problem, &state->plan);

  std::vector<PendingOperand> operands;
  for (int memory : memories) operands.push_back({memory, 0});
  operands.push_back({dst.memory, shift * problem.element_bytes});
  StepInfo info;
  info.node = reason;
  info.name = reason == kNoNode ? graph_.value(value).name : node(reason).name;
  info.op = reason == kNoNode ? "copy" : Str(op(reason).name);
  info.algorithm = "copy";
  info.shape = sizes.ToString();
  info.moved_bytes = static_cast<double>(state->plan.bytes_moved);
  info.cost.bytes_read = info.cost.bytes_written = info.moved_bytes / 2;
  (OnlyReorders(value, dst) ? segment_.reorder_bytes : segment_.movement_bytes) += info.moved_bytes;
  runtime::Step step;
  step.kernel = kernels::BindCopy(&state->plan, model_->target());
  step.state = state;
  AddStep(std::move(step), operands, std::move(info));
  return OkStatus();
}

std::optional<Located> Planner::InPlace(ValueId value) const {
  const ValuePlace& place = places_.values[static_cast<std::size_t>(value)];
  if (place.kind == ValuePlace::Kind::kMemory) return place.at;
  if (place.kind != ValuePlace::Kind::kRegions || place.regions.size() != 1) return std::nullopt;
  const auto view = ViewOf(place.regions[0], shape(value));
  if (!view) return std::nullopt;
  return Located{place.regions[0].source, view->offset, view->strides};
}

StatusOr<Located> Planner::Materialise(ValueId value, Layout layout) {
  const Strides strides = LayoutStrides(layout, shape(value));
  const ValuePlace& place = places_.of(value);
  if (place.kind == ValuePlace::Kind::kMemory &&
      SameStrides(shape(value), place.at.strides, strides)) {
    return place.at;
  }
  for (const Located& copy : place.copies) {
    if (SameStrides(shape(value), copy.strides, strides)) return copy;
  }
  if (const std::optional<Located> view = InPlace(value)) {
    if (SameStrides(shape(value), view->strides, strides)) return *view;
  }
  const Located buffer = NewBuffer(layout, shape(value), dtype(value));
  PLUMB_RETURN_IF_ERROR(EmitCopy(value, RegionsOf(value), buffer, kNoNode));
  if (places_.of(value).kind == ValuePlace::Kind::kRegions) {
    places_.PutInMemory(value, buffer);
  } else {
    places_.AddCopy(value, buffer);
  }
  return buffer;
}

}  // namespace plumb::engine
