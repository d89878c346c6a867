// GraphBuilder: adds nodes by operator name and infers their types at once.
#pragma once

#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "graph/infer.h"
#include "graph/op_def.h"

namespace plumb {

// Works on a graph it does not own. The first error sticks: later calls do nothing and return
// kNoValue, and status() tells it, so that a chain of calls needs one check at its end.
class GraphBuilder {
 public:
  GraphBuilder(Graph* graph, const OpTable* ops) : graph_(graph), ops_(ops) {}
  Graph& graph() { return *graph_; }
  const OpTable& ops() const { return *ops_; }
  const Status& status() const { return status_; }
  void Fail(const Status& status);

  // One output; `op` is "Add" or "plumb.FusedConv".
  ValueId Call(std::string_view op, std::vector<ValueId> inputs, AttrMap attrs = {});
  std::vector<ValueId> CallN(std::string_view op, std::vector<ValueId> inputs, int outputs,
                             AttrMap attrs = {}, std::vector<Subgraph> subgraphs = {},
                             std::string_view name = {});
  ValueId Constant(Tensor tensor, std::string_view stem = "c");
  ValueId Scalar(DType dtype, double value);
  ValueId Ints(const std::vector<std::int64_t>& values);  // i64 vector

  const ValueInfo& info(ValueId value) const { return graph_->value(value).info; }

 private:
  Graph* graph_;
  const OpTable* ops_;
  Status status_;
};

}  // namespace plumb
