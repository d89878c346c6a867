// What a compiled library is written from: one plan with everything that it needs at run time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/target.h"
#include "engine/library/memory_image.h"
#include "engine/model.h"
#include "engine/segment.h"

namespace plumb::engine {

struct LibraryTensor {
  std::string name;
  DType dtype = DType::kUndefined;
  Shape shape;
  std::int64_t bytes = 0;
};

// Bytes of the weights' file: a copy of [from, from + bytes) at `offset`, a multiple of 64.
struct LibraryConstant {
  const void* from = nullptr;
  std::int64_t bytes = 0;
  std::int64_t offset = 0;
};

struct LibraryStep {
  std::string comment;                         // node, operator, shape and algorithm, one line
  int kernel = 0;                              // a symbol of the image
  int params = 0;                              // a piece of the image
  std::vector<runtime::OperandSlot> operands;  // constants: offset in the weights
  std::int64_t workspace_offset = 0;
  bool counts_errors = false;
};

// A bit of the processor: register 'a' to 'd' of a leaf of CPUID.
struct CpuBit {
  std::string name;  // "avx512f"
  unsigned leaf = 0, subleaf = 0;
  char reg = 'b';
  int bit = 0;
};

struct CpuNeeds {
  std::vector<CpuBit> bits;
  std::uint64_t saved_states = 0;  // bits of XCR0
  bool amx = false;                // asks Linux for the tile registers

  std::string Names() const;  // "avx2 fma f16c bmi2"; "no extension" where there is none
};

struct LibraryParts {
  std::string name;   // of files and functions: an identifier of C
  std::string model;  // of the graph
  std::vector<LibraryTensor> inputs, outputs;
  std::int64_t workspace_bytes = 0;
  std::int64_t errors_offset = -1;  // of a counter in the workspace; -1: none
  std::vector<LibraryStep> steps;
  MemoryImage image;
  std::vector<LibraryConstant> constants;
  std::vector<std::int64_t> piece_offset;  // by piece, in the weights; -1: written as source
  std::int64_t weights_bytes = 0;
  CpuNeeds needs;
  std::shared_ptr<const Segment> segment;  // owns what constants point to
};

// Errors name the node that no library can hold, and say why: one that runs its reference, a branch
// or a loop, one whose sizes are known only by running; also a state, and weights beyond 2 GB.
StatusOr<LibraryParts> PartsOf(const Model& model, std::shared_ptr<const Segment> segment,
                               std::string name);

}  // namespace plumb::engine
