// A Segment: the part of a model that can be planned before it runs, as a Program, with what is
// known about its steps. Most models are one segment. A node whose result shape is known only after
// it ran, a branch or a loop ends one; the engine runs that node and plans the next.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/target.h"
#include "graph/graph.h"
#include "graph/op_def.h"
#include "runtime/program.h"

namespace plumb::engine {

// What the products of a node multiply: fp32, bf16, or int8 for any 8-bit integers.
DType ProductTypeOf(const Graph& graph, const Node& node);

// What a step is, for reports and profiles; the Program itself only knows functions and places.
struct StepInfo {
  NodeId node = kNoNode;            // kNoNode for a copy that the layout or an output asked for
  std::string name;                 // of the node, or of the value that is copied
  std::string op;                   // "Conv", "copy"
  std::string algorithm;            // "implicit_gemm avx512 14x32", "reference"
  std::string why;                  // how the algorithm was chosen
  std::string shape;                // of the first output
  Cost cost;                        // what the operator needs
  DType product = DType::kFloat32;  // ProductTypeOf the node
  double moved_bytes = 0;           // of data movement: bytes read and written
};

struct Segment {
  runtime::Program program;
  std::vector<StepInfo> steps;   // one per program step
  std::vector<ValueId> inputs;   // read from outside, in program order
  std::vector<ValueId> outputs;  // written for the outside, in program order
  std::vector<Shape> output_shapes;
  std::vector<DType> output_types;
  std::size_t end = 0;               // position in the model's order of the node that ended it
  std::vector<ValueInfo> infos;      // by value: what is known when the segment has run
  std::int64_t peak_live_bytes = 0;  // lower bound of the arena
  double movement_bytes_before = 0;  // were every data movement operator a copy of its own
  double movement_bytes = 0;         // that copies move for operators of data movement
  double reorder_bytes = 0;          // that copies move to change the memory order alone
};

}  // namespace plumb::engine
