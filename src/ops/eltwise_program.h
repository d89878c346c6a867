// Turns elementwise nodes into one program of kernels/eltwise: a single node, or the body of a
// FusedElementwise.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "graph/graph.h"
#include "kernels/eltwise/eltwise.h"
#include "ops/lower.h"

namespace plumb::ops {

// Writes instructions; float16 and bfloat16 are widened for arithmetic and rounded after each node,
// as the references do.
class EltwiseWriter {
 public:
  // A value of the program. Scalars known beforehand become instructions only where they are used.
  struct Value {
    bool present = false;
    DType type = DType::kUndefined;
    int number = -1;  // in the program; -1: not written yet
    std::optional<double> scalar;
  };

  explicit EltwiseWriter(std::vector<DType> input_types) : input_types_(std::move(input_types)) {}

  Value Input(int i) const {
    return {true, input_types_[static_cast<std::size_t>(i)], i, std::nullopt};
  }
  static Value Scalar(DType type, double value) { return {true, type, -1, value}; }

  // The instructions of a node; nullopt when it is not elementwise or has types that the kernel
  // does not take. `operands` are by input, not present where omitted.
  std::optional<Value> Write(const Node& node, std::span<const Value> operands);
  std::optional<Value> Write(kernels::EltOp op, std::vector<Value> operands, double alpha = 0,
                             double beta = 0);
  Value Cast(const Value& value, DType type);
  // kQuantize to `type` or kDequantize from that of `value`.
  Value Rescale(kernels::EltOp op, const Value& value, DType type, double scale, double zero);

  StatusOr<std::shared_ptr<const kernels::EltProgram>> Finish(std::span<const Value> outputs,
                                                              const Target& target);

 private:
  int Number(const Value& value);
  Value Append(kernels::EltInstruction instruction, DType type);

  std::vector<DType> input_types_;
  std::vector<kernels::EltInstruction> instructions_;
};

// Adds the kernel that runs `program` on these operands of the node (inputs by index, then every
// output) as a choice, or nothing where shapes do not fit.
void AddEltwiseChoice(LowerContext& context, std::shared_ptr<const kernels::EltProgram> program,
                      std::span<const int> inputs);

// Whether Write takes the node: what a pass that builds a FusedElementwise asks.
bool CanWriteEltwise(const Node& node, std::span<const DType> input_types);

}  // namespace plumb::ops
