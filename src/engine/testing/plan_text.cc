#include "engine/testing/plan_text.h"

#include "absl/strings/str_cat.h"

namespace plumb::engine::testing {
namespace {

std::string SlotText(const runtime::OperandSlot& slot) {
  const std::string offset = slot.offset == 0 ? "" : absl::StrCat("+", slot.offset);
  switch (slot.place) {
    case runtime::Place::kNull: return "_";
    case runtime::Place::kArena: return absl::StrCat("arena+", slot.offset);
    case runtime::Place::kConstant: return "c" + offset;
    case runtime::Place::kInput: return absl::StrCat("input", slot.index, offset);
    case runtime::Place::kOutput: return absl::StrCat("output", slot.index, offset);
  }
  return "?";
}

}  // namespace

std::string PlanText(const Segment& segment) {
  const runtime::Program& program = segment.program;
  std::string text =
      absl::StrCat("arena ", program.arena_bytes, ", live at most ", segment.peak_live_bytes,
                   ", movement ", static_cast<std::int64_t>(segment.movement_bytes), " of ",
                   static_cast<std::int64_t>(segment.movement_bytes_before), "\n");
  for (std::size_t i = 0; i < segment.steps.size(); ++i) {
    const StepInfo& info = segment.steps[i];
    const runtime::Step& step = program.steps[i];
    const std::string family = info.algorithm.substr(0, info.algorithm.find(' '));
    absl::StrAppend(&text, info.op, " ", family, " ", info.shape, " \"", info.name, "\":");
    for (std::uint32_t k = 0; k < step.num_operands; ++k) {
      absl::StrAppend(&text, " ", SlotText(program.operands[step.first_operand + k]));
    }
    absl::StrAppend(&text, "\n");
  }
  return text;
}

}  // namespace plumb::engine::testing
