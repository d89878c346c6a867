// How a node becomes kernel calls: an operator's `lower` lists the candidates, search picks one.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/target.h"
#include "graph/op_def.h"
#include "kernels/kernel.h"

namespace plumb::ops {

// One operand of a node on concrete shapes, in the memory order that the plan gave it. Strides
// count elements and are listed in the order of the logical dimensions (N, C, H, W), whatever the
// memory order: channels-last activations have strides {H*W*P, 1, W*P, P} with pixel stride P >= C.
struct Operand {
  bool present = false;
  DType dtype = DType::kUndefined;
  Shape shape;
  Strides strides;
  const Tensor* constant = nullptr;  // packed row-major when not null
};

// Where a kernel's pointer comes from. kErrors is an int64 counter of the run, zero at its start:
// a kernel that meets an index outside of its axis adds one, and the run ends in an error then.
struct OperandRef {
  enum Kind : std::uint8_t { kInput, kOutput, kPacked, kNull, kErrors };
  Kind kind = kNull;
  int index = 0;  // of the node's input or output; kPacked: offset in bytes into what `pack` filled
};

// One way to compute the node.
struct KernelChoice {
  kernels::Algorithm algorithm;  // what a plan for another shape asks for again
  std::string name;              // "implicit_gemm avx512 14x32"
  kernels::Estimate estimate;
  std::int64_t packed_bytes = 0;           // of constants in the algorithm's own order
  std::function<void(void* packed)> pack;  // fills packed_bytes, 64-byte aligned; empty: nothing
  kernels::BoundKernel kernel;
  std::vector<OperandRef> operands;  // in the order that the kernel states
  // Set when a kernel needs plan-owned memory (region lists): kept alive as long as the plan.
  std::shared_ptr<const void> keep_alive;
};

class LowerContext {
 public:
  LowerContext(const Node& node, std::span<const Operand> inputs, std::span<const Operand> outputs,
               std::span<const std::optional<DimVector>> contents, const Target& target,
               const kernels::Algorithm* chosen)
      : node_(node),
        inputs_(inputs),
        outputs_(outputs),
        contents_(contents),
        target_(target),
        chosen_(chosen) {}

  const Node& node() const { return node_; }
  const AttrMap& attrs() const { return node_.attrs; }
  const Target& target() const { return target_; }
  int num_inputs() const { return static_cast<int>(inputs_.size()); }
  int num_outputs() const { return static_cast<int>(outputs_.size()); }
  bool has_input(int i) const {
    return i < num_inputs() && inputs_[static_cast<std::size_t>(i)].present;
  }
  const Operand& input(int i) const { return inputs_[static_cast<std::size_t>(i)]; }
  const Operand& output(int i) const { return outputs_[static_cast<std::size_t>(i)]; }
  // Known elements of a small integer input (as InferContext::ints), nullopt when not known.
  std::optional<std::vector<std::int64_t>> ints(int i) const;

  // Null: list every candidate, best guess first. Otherwise bind only this one (a new shape of a
  // model whose weights are packed already); `pack` may be left empty then.
  const kernels::Algorithm* chosen() const { return chosen_; }
  bool Wants(const kernels::Algorithm& algorithm) const {
    return chosen_ == nullptr || *chosen_ == algorithm;
  }
  void Add(KernelChoice choice) { choices.push_back(std::move(choice)); }

  // Set by callers that give kErrors a counter and look at it after a run; kernels that need one
  // are not offered to others.
  bool counts_errors = false;

  // Left empty: no kernel fits these operands; the reference runs.
  std::vector<KernelChoice> choices;

 private:
  const Node& node_;
  std::span<const Operand> inputs_;
  std::span<const Operand> outputs_;
  std::span<const std::optional<DimVector>> contents_;
  const Target& target_;
  const kernels::Algorithm* chosen_;
};

}  // namespace plumb::ops
