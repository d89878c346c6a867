#include "graph/tiny_ops_test.h"

namespace plumb::testing {
namespace {

Status InferAdd(InferContext& context) {
  std::optional<DimVector> dims;
  if (context.has_dims(0) && context.has_dims(1)) {
    PLUMB_ASSIGN_OR_RETURN(dims, BroadcastDims(context.dims(0), context.dims(1)));
  }
  context.SetOutput(0, context.dtype(0), std::move(dims));
  return OkStatus();
}

Status InferShape(InferContext& context) {
  if (!context.has_dims(0)) {
    context.SetOutput(0, DType::kInt64, DimVector{context.FreshDim()});
    return OkStatus();
  }
  const auto rank = static_cast<std::int64_t>(context.dims(0).size());
  context.SetOutput(0, DType::kInt64, DimVector{Dim(rank)});
  context.SetContent(0, context.dims(0));
  return OkStatus();
}

Status InferReshape(InferContext& context) {
  context.SetOutput(0, context.dtype(0), context.content(1));
  return OkStatus();
}

Status InferConcat(InferContext& context) {
  DimVector content;
  bool known = true;
  Dim total(0);
  for (int i = 0; i < context.num_inputs(); ++i) {
    if (!context.has_dims(i) || context.dims(i).empty()) {
      return InvalidArgument("input ", i, " has no known rank, or is a scalar");
    }
    total = Dim::Add(total, context.dims(i)[0]).value_or(context.FreshDim());
    const std::optional<DimVector> part = context.content(i);
    known = known && part.has_value();
    if (part) content.insert(content.end(), part->begin(), part->end());
  }
  DimVector dims = context.dims(0);
  dims[0] = total;
  context.SetOutput(0, context.dtype(0), std::move(dims));
  if (known) context.SetContent(0, std::move(content));
  return OkStatus();
}

Status InferNonZero(InferContext& context) {
  if (!context.has_dims(0)) {
    context.SetOutput(0, DType::kInt64, std::nullopt);
    return OkStatus();
  }
  const auto rank = static_cast<std::int64_t>(context.dims(0).size());
  context.SetOutput(0, DType::kInt64, DimVector{Dim(rank), context.FreshDim()});
  return OkStatus();
}

Status InferIf(InferContext& context) {
  PLUMB_ASSIGN_OR_RETURN(const auto yes, context.infer_subgraph(0, {}));
  PLUMB_ASSIGN_OR_RETURN(const auto no, context.infer_subgraph(1, {}));
  if (yes.size() != no.size() || static_cast<int>(yes.size()) < context.num_outputs()) {
    return InvalidArgument("branches have ", yes.size(), " and ", no.size(), " outputs");
  }
  for (int i = 0; i < context.num_outputs(); ++i) {
    const ValueInfo& info = yes[static_cast<std::size_t>(i)];
    const bool same = info.dims == no[static_cast<std::size_t>(i)].dims;
    context.SetOutput(i, info.dtype, same ? info.dims : std::nullopt);
  }
  return OkStatus();
}

Status InferLoop(InferContext& context) {
  const std::vector<ValueInfo> inputs = {{DType::kInt64, DimVector{}, std::nullopt},
                                         {context.dtype(1), std::nullopt, std::nullopt}};
  PLUMB_ASSIGN_OR_RETURN(const auto outputs, context.infer_subgraph(0, inputs));
  if (outputs.empty()) return InvalidArgument("body has no outputs");
  context.SetOutput(0, outputs[0].dtype, outputs[0].dims);
  return OkStatus();
}

Status InferTag(InferContext& context) {
  context.SetOutput(0, context.dtype(0), context.input(0).dims);
  return OkStatus();
}

Status NoReference(ReferenceContext&) { return OkStatus(); }

OpDef Make(std::string_view name, std::vector<Formal> inputs, std::vector<Formal> outputs,
           Status (*infer)(InferContext&)) {
  OpDef op;
  op.name = name;
  op.inputs = std::move(inputs);
  op.outputs = std::move(outputs);
  op.infer = infer;
  op.reference = NoReference;
  return op;
}

std::vector<OpDef> MakeOps() {
  std::vector<OpDef> ops;
  ops.push_back(Make("Add", {{"a", "T=number"}, {"b", "T"}}, {{"y", "T"}}, InferAdd));
  ops.push_back(Make("Shape", {{"x", "any"}}, {{"shape", "i64"}}, InferShape));
  ops.push_back(Make("Reshape", {{"x", "T=any"}, {"shape", "index"}}, {{"y", "T"}}, InferReshape));
  ops.push_back(Make("NonZero", {{"x", "any"}}, {{"indices", "i64"}}, InferNonZero));
  ops.push_back(Make("Concat", {{"x", "T=any", Arity::kVariadic}}, {{"y", "T"}}, InferConcat));
  ops.back().attrs = {{"axis", AttrType::kInt, true}};
  ops.push_back(Make("If", {{"cond", "bool"}}, {{"y", "any", Arity::kVariadic}}, InferIf));
  ops.back().subgraphs = {"then_branch", "else_branch"};
  ops.push_back(Make("Loop", {{"count", "i64"}, {"x", "any"}}, {{"y", "any"}}, InferLoop));
  ops.back().subgraphs = {"body"};
  ops.push_back(
      Make("Tag", {{"x", "any"}, {"extra", "any", Arity::kOptional}}, {{"y", "any"}}, InferTag));
  ops.back().domain = "plumb";
  ops.back().attrs = {{"i", AttrType::kInt},     {"f", AttrType::kFloat},
                      {"s", AttrType::kString},  {"is", AttrType::kInts},
                      {"fs", AttrType::kFloats}, {"ss", AttrType::kStrings},
                      {"t", AttrType::kTensor}};
  return ops;
}

}  // namespace

const OpTable& TinyOps() {
  static const std::vector<OpDef> ops = MakeOps();
  static const OpTable table = [] {
    std::vector<const OpDef*> pointers;
    for (const OpDef& op : ops) pointers.push_back(&op);
    return OpTable(pointers);
  }();
  return table;
}

}  // namespace plumb::testing
