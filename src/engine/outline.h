// What a run goes through as far as shapes tell before it: segments, and between them the nodes
// that the engine runs itself. For reports; a session plans as it runs.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/model.h"
#include "engine/segment.h"

namespace plumb::engine {

struct OutlinedBody;

struct Outline {
  std::shared_ptr<Model> model;
  // Each ends at a node that the engine runs itself, or at the end of the model's order. None where
  // the sizes of a body's inputs are not known ahead.
  std::vector<std::shared_ptr<const Segment>> segments;
  std::vector<OutlinedBody> bodies;  // of the nodes that end segments

  // How many nodes of the order come after the last one that is planned or that ends a segment:
  // they are planned when the run reaches them.
  std::size_t unplanned_nodes() const;
};

// A branch or a loop's body: subgraph `index` of a node.
struct OutlinedBody {
  NodeId node = kNoNode;
  int index = 0;
  Outline outline;
};

// For a model without captures and the shapes of its inputs, in order. Errors name the input or
// node whose shapes do not fit.
StatusOr<Outline> OutlineOf(const std::shared_ptr<Model>& model,
                            std::span<const Shape> input_shapes);

// Why the engine runs a node itself, for reports.
std::string WhyHost(const Graph& graph, NodeId node);

}  // namespace plumb::engine
