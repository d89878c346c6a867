// What a model is and how it is planned, in numbers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/outline.h"
#include "engine/session.h"

namespace plumb::lab {

// Totals over a graph as the file has it, before any pass; subgraphs count.
struct GraphFacts {
  std::int64_t params = 0;  // constants: floating-point ones, and matrices and kernels of 8 bits
  std::int64_t nodes = 0;
  std::map<std::string, std::int64_t> operators;  // nodes by operator
};

GraphFacts FactsOf(const Graph& graph);

// What most products of a compiled model multiply: "f32", "bf16", or "int8" for a quantised file.
std::string PrecisionOf(const engine::Model& model);

// Totals over what is planned ahead. Bodies count once, however often they run.
struct PlanFacts {
  std::int64_t macs = 0;
  double ops = 0;
  std::int64_t steps = 0;
  std::int64_t segments = 0;
  std::int64_t arena_bytes = 0, peak_live_bytes = 0;  // of the segment that needs most
  // What runs keep in memory beside the program itself: arenas, constants that steps read, packed
  // or as the file has them, and the model's own inputs and outputs.
  std::int64_t run_bytes = 0;
  std::int64_t movement_bytes_before = 0, movement_bytes = 0, reorder_bytes = 0;
};

// Of the plan for inputs of these shapes.
PlanFacts FactsOf(const engine::Outline& outline, std::span<const Shape> input_shapes);

// A step of the plan, or a node that the engine runs itself (algorithm "host").
struct PlannedStep {
  std::string body;  // "loop/body" for a step of one, empty for the model's own
  engine::StepInfo info;
};

// In the order of a run; the bodies of a node follow it.
std::vector<PlannedStep> StepsOf(const engine::Outline& outline);

// Nodes that are planned when the run reaches them.
struct PlannedAtRun {
  std::string body;
  std::string after;  // the node whose results they wait for; empty: for the body to be entered
  std::int64_t nodes = 0;
};

std::vector<PlannedAtRun> PlannedAtRunOf(const engine::Outline& outline);

// Milliseconds that planning takes for shapes the session was not asked for yet (the batch one
// larger), when kernels are chosen and weights packed. Nothing when no input has an open batch.
std::optional<double> ReplanMs(engine::Session& session, std::vector<Shape> shapes);

}  // namespace plumb::lab
