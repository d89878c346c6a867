#include "runtime/program.h"

#include "core/check.h"
#include "core/clock.h"

namespace plumb::runtime {
namespace {

void* Resolve(const Program& program, const OperandSlot& slot, std::byte* arena,
              std::span<const void* const> inputs, std::span<void* const> outputs) {
  const auto index = static_cast<std::size_t>(slot.index);
  const std::byte* base = nullptr;
  switch (slot.place) {
    case Place::kNull: return nullptr;
    case Place::kArena: base = arena; break;
    case Place::kConstant: base = static_cast<const std::byte*>(program.constants[index]); break;
    case Place::kInput: base = static_cast<const std::byte*>(inputs[index]); break;
    case Place::kOutput: base = static_cast<const std::byte*>(outputs[index]); break;
  }
  // Kernels read inputs and constants through the same pointer type as what they write.
  return const_cast<std::byte*>(base) + slot.offset;
}

Status Stopped(const RunControl& control) {
  if (control.cancel != nullptr && control.cancel->load(std::memory_order_relaxed)) {
    return absl::CancelledError("the run was cancelled");
  }
  if (control.deadline_ns != 0 && NowNanos() > control.deadline_ns) {
    return absl::DeadlineExceededError("the deadline passed before the run was complete");
  }
  return OkStatus();
}

// What a step says of itself: a host function's status, or the errors that a kernel counted.
Status RunStep(const Step& step, const kernels::Call& call, const std::int64_t* errors) {
  if (step.host != nullptr) return step.host(step.state.get(), call);
  step.kernel.run(step.kernel.params.data(), call);
  if (step.counts_errors && *errors != 0) {
    return InvalidArgument(*errors, " indices lie outside of their axis");
  }
  return OkStatus();
}

}  // namespace

std::int64_t PointerTableBytes(std::uint32_t max_operands) {
  const std::int64_t bytes = static_cast<std::int64_t>(max_operands) * 8;
  return (bytes + 63) / 64 * 64;
}

Status Run(const Program& program, void* arena, std::span<const void* const> inputs,
           std::span<void* const> outputs, ThreadPool* pool, const RunControl& control) {
  PLUMB_CHECK(static_cast<int>(inputs.size()) == program.num_inputs, inputs.size());
  PLUMB_CHECK(static_cast<int>(outputs.size()) == program.num_outputs, outputs.size());
  const bool timed = !control.step_times.empty();
  PLUMB_CHECK(!timed || control.step_times.size() == program.steps.size() + 1);
  auto* const bytes = static_cast<std::byte*>(arena);
  auto** const pointers = static_cast<void**>(arena);
  auto* const errors = program.errors_offset < 0
                           ? nullptr
                           : reinterpret_cast<std::int64_t*>(bytes + program.errors_offset);
  if (errors != nullptr) *errors = 0;
  const bool stoppable = control.cancel != nullptr || control.deadline_ns != 0;

  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    const Step& step = program.steps[i];
    if (stoppable) PLUMB_RETURN_IF_ERROR(Stopped(control));
    for (std::uint32_t k = 0; k < step.num_operands; ++k) {
      pointers[k] =
          Resolve(program, program.operands[step.first_operand + k], bytes, inputs, outputs);
    }
    const kernels::Call call{pointers, bytes + step.workspace_offset, pool};
    if (timed) control.step_times[i] = NowNanos();
    Status status = RunStep(step, call, errors);
    if (!status.ok()) {
      if (control.failed_step != nullptr) *control.failed_step = static_cast<int>(i);
      return status;
    }
  }
  if (timed) control.step_times[program.steps.size()] = NowNanos();
  return OkStatus();
}

}  // namespace plumb::runtime
