// Model: a graph compiled for a target. Session (session.h) runs it.
//
// Compiling applies the passes and decides what does not depend on shapes; kernels are chosen, and
// weights packed, when the first plan is made, and are then the same for every shape. Thread-safe
// after Compile; shared by sessions.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/target.h"
#include "engine/kernel_problem.h"
#include "engine/packed_memory.h"
#include "engine/tuning_database.h"
#include "graph/graph.h"
#include "graph/op_def.h"
#include "kernels/kernel.h"

namespace plumb::engine {

// Whatever is added here and decides the result is part of KeyText (cache/compiled_cache.cc).
struct CompileOptions {
  Target target;
  const OpTable* ops = nullptr;  // ops::AllOps() when null
  bool optimize = true;          // false: only what a plan cannot do without
  // bf16: products of bf16, sums in fp32, and bf16 between them. fp32: what is quantised and
  // dequantised again is computed as real numbers. Undefined or int8: what the graph says.
  DType precision = DType::kUndefined;
  // What was measured before decides among kernels where it knows the problem; may be null.
  std::shared_ptr<const TuningDatabase> tuning = {};
};

// The kernel that search chose for a node, and its packed constants.
struct ChosenKernel {
  kernels::Algorithm algorithm;
  std::string name;
  std::string why;
  std::shared_ptr<void> packed;  // 64-byte aligned, null when nothing is packed
  std::int64_t packed_bytes = 0;
};

// By node; several where one does not fit every memory order.
using KernelTable = std::map<NodeId, std::vector<std::shared_ptr<const ChosenKernel>>>;

class Model {
 public:
  // Verifies, infers and optimises. Errors name the node.
  static StatusOr<std::shared_ptr<Model>> Compile(Graph graph, const CompileOptions& options);

  // A graph that Compile made before, with kernels that were chosen for its nodes and what was
  // consulted then.
  static StatusOr<std::shared_ptr<Model>> Restore(Graph graph, const CompileOptions& options,
                                                  KernelTable kernels, Consulted consulted);

  const Graph& graph() const { return graph_; }
  const std::vector<NodeId>& order() const { return order_; }
  const Target& target() const { return options_.target; }
  const CompileOptions& options() const { return options_; }

  // Chosen kernels, and what the tuning database said of their problems. Callers hold mutex().
  std::mutex& mutex() { return mutex_; }
  const std::vector<std::shared_ptr<const ChosenKernel>>& chosen(NodeId node) {
    return chosen_[node];
  }
  void AddChosen(NodeId node, std::shared_ptr<const ChosenKernel> kernel) {
    chosen_[node].push_back(std::move(kernel));
    has_new_kernels_ = true;
  }
  Consulted& consulted() { return consulted_; }
  void AddProblem(std::shared_ptr<const KernelProblem> problem) {
    problems_.push_back(std::move(problem));
  }
  PackedMemory& packed_memory() { return packed_memory_; }

  // The compiled body `index` of a control flow node. Its captures are read like inputs, after
  // them.
  StatusOr<std::shared_ptr<Model>> Body(NodeId node, int index);

  // What plans made so far had a choice of kernels for, bodies included. Takes the mutex itself.
  std::vector<std::shared_ptr<const KernelProblem>> problems();

  // Plans chose kernels that Restore was not given. Takes the mutex itself.
  bool has_new_kernels();

  std::int64_t constant_bytes() const;
  std::int64_t packed_bytes();  // so far: kernels are chosen when the first plan is made

 private:
  Model(Graph graph, const CompileOptions& options) : graph_(std::move(graph)), options_(options) {}

  Graph graph_;
  CompileOptions options_;
  std::vector<NodeId> order_;
  std::mutex mutex_;
  KernelTable chosen_;
  Consulted consulted_;
  bool has_new_kernels_ = false;
  std::vector<std::shared_ptr<const KernelProblem>> problems_;
  PackedMemory packed_memory_;
  std::map<std::pair<NodeId, int>, std::shared_ptr<Model>> bodies_;
};

}  // namespace plumb::engine
