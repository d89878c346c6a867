#include "ops/cost.h"

namespace plumb::ops {

Cost StreamingCost(const ConcreteNode& node, double ops) {
  Cost cost;
  cost.ops = ops;
  for (std::size_t i = 0; i < node.input_shapes.size(); ++i) {
    if (node.input_types[i] == DType::kUndefined) continue;
    cost.bytes_read +=
        static_cast<double>(StorageBytes(node.input_types[i], NumElements(node.input_shapes[i])));
  }
  for (std::size_t i = 0; i < node.output_shapes.size(); ++i) {
    if (node.output_types[i] == DType::kUndefined) continue;
    cost.bytes_written +=
        static_cast<double>(StorageBytes(node.output_types[i], NumElements(node.output_shapes[i])));
  }
  return cost;
}

Cost CostPerOutput(const ConcreteNode& node, double ops) {
  return StreamingCost(node, ops * static_cast<double>(NumElements(node.output_shapes[0])));
}

Cost CostPerInput(const ConcreteNode& node, double ops) {
  return StreamingCost(node, ops * static_cast<double>(NumElements(node.input_shapes[0])));
}

Cost CostOfMacs(const ConcreteNode& node, double macs) {
  Cost cost = StreamingCost(node, 2 * macs);
  cost.macs = macs;
  return cost;
}

}  // namespace plumb::ops
