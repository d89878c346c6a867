// A Program: a straight list of kernel calls on memory that was planned before. Knows no graph.
//
// What a run needs is decided when the program is made: every operand is a place (arena offset,
// constant, caller's input or output), so running resolves pointers and calls functions. Programs
// are immutable after they are made and may be run by several threads at once, each with an arena
// of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/status.h"
#include "core/thread_pool.h"
#include "kernels/kernel.h"

namespace plumb::runtime {

enum class Place : std::uint8_t { kNull, kArena, kConstant, kInput, kOutput };

// Where an operand lies: `index` counts constants, inputs or outputs; `offset` is in bytes from
// there (or from the arena's start).
struct OperandSlot {
  Place place = Place::kNull;
  std::int32_t index = 0;
  std::int64_t offset = 0;
};

// Work that is no kernel: the reference of an operator, a check. May allocate. `state` is what the
// maker gave; operands are resolved as for kernels.
using HostFn = Status (*)(const void* state, const kernels::Call& call);

struct Step {
  kernels::BoundKernel kernel;  // kernel.run is null when `host` is set
  HostFn host = nullptr;
  std::shared_ptr<const void> state;  // of `host`, or memory that the kernel's parameters point to
  std::uint32_t first_operand = 0;
  std::uint32_t num_operands = 0;
  std::int64_t workspace_offset = 0;  // in the arena
  bool counts_errors = false;         // the run ends when the error counter is not zero after it
};

struct Program {
  std::vector<Step> steps;
  std::vector<OperandSlot> operands;
  std::vector<const void*> constants;
  std::vector<std::int64_t> constant_bytes;  // of each constant
  std::int64_t arena_bytes = 0;              // includes the pointer table at its start
  std::uint32_t max_operands = 0;            // of any step: size of the pointer table
  std::int64_t errors_offset = -1;  // an int64 in the arena, zero when a run begins; -1: none
  int num_inputs = 0;
  int num_outputs = 0;
  std::vector<std::shared_ptr<const void>> keep_alive;  // owners of the constants
};

// Bytes at the start of the arena that Run uses for itself: planned values come after.
std::int64_t PointerTableBytes(std::uint32_t max_operands);

struct RunControl {
  std::int64_t deadline_ns = 0;               // of NowNanos(); 0: none
  const std::atomic<bool>* cancel = nullptr;  // set: stops before the next step
  // When not empty, has one entry per step plus one: [i] is when step i began, [i + 1] when it
  // ended (NowNanos()).
  std::span<std::int64_t> step_times;
  int* failed_step = nullptr;  // when not null: the step that ended in an error
};

// Runs every step in order. `arena` has arena_bytes of 64-byte aligned memory. Allocates nothing
// unless a host step does. Errors: deadline exceeded, cancelled, a host step's, or elements that a
// kernel counted as errors (an index outside of its axis).
Status Run(const Program& program, void* arena, std::span<const void* const> inputs,
           std::span<void* const> outputs, ThreadPool* pool, const RunControl& control = {});

}  // namespace plumb::runtime
