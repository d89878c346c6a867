#include "runtime/program.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "core/clock.h"

namespace {
std::atomic<std::int64_t> allocations{0};
}  // namespace

// Counts every allocation of this binary, so that "a run allocates nothing" is a measured fact.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace plumb::runtime {
namespace {

struct AddParams {
  int count;
  float amount;
};

// operands: {src, dst}
void AddAmount(const void* params, const kernels::Call& call) noexcept {
  const auto& p = *static_cast<const AddParams*>(params);
  const auto* src = static_cast<const float*>(call.operands[0]);
  auto* dst = static_cast<float*>(call.operands[1]);
  for (int i = 0; i < p.count; ++i) dst[i] = src[i] + p.amount;
}

Step AddStep(std::uint32_t first_operand, float amount) {
  Step step;
  step.kernel.run = &AddAmount;
  step.kernel.params.Set(AddParams{4, amount});
  step.first_operand = first_operand;
  step.num_operands = 2;
  return step;
}

// input -> arena -> output, with the arena value after the pointer table.
Program TwoSteps() {
  Program program;
  program.max_operands = 2;
  const std::int64_t table = PointerTableBytes(2);
  program.operands = {{Place::kInput, 0, 0},
                      {Place::kArena, 0, table},
                      {Place::kArena, 0, table},
                      {Place::kOutput, 0, 0}};
  program.steps = {AddStep(0, 1.0f), AddStep(2, 10.0f)};
  program.arena_bytes = table + 64;
  program.num_inputs = 1;
  program.num_outputs = 1;
  return program;
}

struct Memory {
  alignas(64) std::byte arena[256];
  float src[4] = {1, 2, 3, 4};
  float dst[4] = {};
  const void* inputs[1] = {src};
  void* outputs[1] = {dst};
};

TEST(ProgramTest, RunsStepsInOrderOnPlannedMemory) {
  const Program program = TwoSteps();
  ThreadPool pool(1);
  Memory memory;
  ASSERT_TRUE(runtime::Run(program, memory.arena, memory.inputs, memory.outputs, &pool).ok());
  EXPECT_EQ(memory.dst[0], 12.0f);
  EXPECT_EQ(memory.dst[3], 15.0f);
}

TEST(ProgramTest, RunAllocatesNothing) {
  const Program program = TwoSteps();
  ThreadPool pool(1);
  Memory memory;
  const std::int64_t before = allocations;
  const Status status = runtime::Run(program, memory.arena, memory.inputs, memory.outputs, &pool);
  const std::int64_t after = allocations;
  ASSERT_TRUE(status.ok());
  EXPECT_EQ(before, after);
}

TEST(ProgramTest, StepTimesAreMonotonic) {
  const Program program = TwoSteps();
  ThreadPool pool(1);
  Memory memory;
  std::vector<std::int64_t> times(3);
  RunControl control;
  control.step_times = times;
  ASSERT_TRUE(
      runtime::Run(program, memory.arena, memory.inputs, memory.outputs, &pool, control).ok());
  EXPECT_GT(times[0], 0);
  EXPECT_LE(times[0], times[1]);
  EXPECT_LE(times[1], times[2]);
}

TEST(ProgramTest, CancelStopsBeforeTheNextStep) {
  const Program program = TwoSteps();
  ThreadPool pool(1);
  Memory memory;
  const std::atomic<bool> cancel{true};
  RunControl control;
  control.cancel = &cancel;
  const Status status =
      runtime::Run(program, memory.arena, memory.inputs, memory.outputs, &pool, control);
  EXPECT_EQ(status.code(), StatusCode::kCancelled);
  EXPECT_EQ(memory.dst[0], 0.0f);
}

TEST(ProgramTest, PassedDeadlineIsAnError) {
  const Program program = TwoSteps();
  ThreadPool pool(1);
  Memory memory;
  RunControl control;
  control.deadline_ns = NowNanos() - 1;
  const Status status =
      runtime::Run(program, memory.arena, memory.inputs, memory.outputs, &pool, control);
  EXPECT_EQ(status.code(), StatusCode::kDeadlineExceeded);
}

TEST(ProgramTest, CountedErrorsEndTheRunAndNameTheStep) {
  Program program = TwoSteps();
  program.errors_offset = program.arena_bytes;
  program.arena_bytes += 64;
  program.operands.push_back({Place::kArena, 0, program.errors_offset});
  Step& step = program.steps[1];
  step.kernel.run = [](const void*, const kernels::Call& call) noexcept {
    *static_cast<std::int64_t*>(call.operands[0]) += 3;
  };
  step.first_operand = 4;
  step.num_operands = 1;
  step.counts_errors = true;
  ThreadPool pool(1);
  Memory memory;
  int failed = -1;
  RunControl control;
  control.failed_step = &failed;
  for (int run = 0; run < 2; ++run) {  // the counter begins at zero in every run
    const Status status =
        runtime::Run(program, memory.arena, memory.inputs, memory.outputs, &pool, control);
    EXPECT_EQ(status.message(), "3 indices lie outside of their axis");
    EXPECT_EQ(failed, 1);
  }
}

TEST(ProgramTest, HostStepErrorEndsTheRun) {
  Program program = TwoSteps();
  program.steps[0].kernel.run = nullptr;
  program.steps[0].host = [](const void*, const kernels::Call&) {
    return InvalidArgument("indices out of range");
  };
  ThreadPool pool(1);
  Memory memory;
  const Status status = runtime::Run(program, memory.arena, memory.inputs, memory.outputs, &pool);
  EXPECT_EQ(status.message(), "indices out of range");
}

}  // namespace
}  // namespace plumb::runtime
