// A compiled element-wise program: steps on numbered places, of which each run makes pointers.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "kernels/eltwise/elt_kernels.h"
#include "kernels/eltwise/eltwise.h"

namespace plumb::kernels {

// Places: 0 ... inputs-1 are the inputs' tiles, then the outputs' tiles, then registers. A tile of
// an operand is its own memory where that is contiguous, else a buffer that is loaded or stored.
struct EltProgram::Compiled {
  static constexpr int kMaxPlaces = kMaxEltOperands + kMaxEltInstructions;
  static constexpr std::int64_t kTileBytes = 24 << 10;  // of all places together

  struct Step {
    EltFn fn = nullptr;
    std::uint8_t dst = 0, a = 0, b = 0, c = 0;  // places
    std::uint32_t unused = 0;  // no padding: steps are written to files, where it would be chance
    double alpha = 0, beta = 0;
  };
  struct Constant {
    int place = 0;
    DType type = DType::kUndefined;
    std::array<std::uint8_t, 3> unused{};
    std::uint64_t bits = 0;  // of one element
  };
  struct StoreStep {  // copies a register to an output's tile after the steps
    std::uint8_t place = 0, output = 0;
  };

  int inputs = 0, outputs = 0, places = 0;
  std::array<DType, kMaxEltOperands> operand_types{};
  std::array<std::int8_t, kMaxEltOperands> operand_bytes{};
  std::vector<Step> steps;
  std::vector<Constant> constants;
  std::vector<StoreStep> stores;
  std::int64_t tile = 0;         // elements; a multiple of 64
  std::int64_t place_bytes = 0;  // of each place's buffer
  double ops_per_element = 0;
};

}  // namespace plumb::kernels
