// What a file rounds to bf16 is computed in bf16. A cast to bf16 and back says that a value is
// rounded, as a quantisation and dequantisation say that it is an integer: products of such values
// and of weights that are bf16 numbers multiply bf16, sum in fp32 and write bf16 where their result
// is rounded next. What moves or picks elements works on the narrow ones. Results stay those of the
// file but for the order of sums.
#include <algorithm>
#include <bit>
#include <cstdint>

#include "engine/passes/narrow_form.h"
#include "engine/passes/pass.h"
#include "graph/builder.h"
#include "kernels/eltwise/eltwise.h"
#include "ops/element_type.h"

namespace plumb::engine {
namespace {

bool IsBf16Exactly(const Tensor& weight) {
  return std::ranges::all_of(weight.data<float>(), [](float x) {
    return (std::bit_cast<std::uint32_t>(x) & 0xffff) == 0;
  });
}

class Rounding {
 public:
  Rounding(Graph& graph, const PassContext& context) : graph_(graph), context_(context) {}

  StatusOr<bool> Run() {
    PLUMB_ASSIGN_OR_RETURN(const std::vector<NodeId> order, graph_.TopologicalOrder());
    bool changed = false;
    for (const NodeId id : order) {
      if (graph_.node(id).erased) continue;
      PLUMB_ASSIGN_OR_RETURN(const bool here, Try(id));
      changed = changed || here;
    }
    return changed;
  }

 private:
  DType TypeOf(ValueId v) const {
    return v == kNoValue ? DType::kUndefined : graph_.value(v).info.dtype;
  }

  // Whether the node is a cast between these types.
  bool Casts(const Node& node, DType from, DType to) const {
    return node.op->elementwise_code == static_cast<int>(kernels::EltOp::kCast) &&
           TypeOf(node.input(0)) == from && TypeOf(node.output(0)) == to;
  }

  // The bf16 value that v is in fp32; kNoValue where it is none.
  ValueId Narrow(ValueId v) const {
    if (TypeOf(v) != DType::kFloat32 || graph_.value(v).producer == kNoNode) return kNoValue;
    const Node& node = graph_.node(graph_.value(v).producer);
    return Casts(node, DType::kBFloat16, DType::kFloat32) ? node.inputs[0] : kNoValue;
  }

  // What a product reads for a value that it rounds itself: the caller's fp32 input needs no cast.
  ValueId BeforeRounding(ValueId narrow) const {
    const NodeId producer = graph_.value(narrow).producer;
    if (producer == kNoNode) return narrow;
    const Node& node = graph_.node(producer);
    const bool rounds = Casts(node, DType::kFloat32, DType::kBFloat16);
    return rounds && graph_.value(node.inputs[0]).producer == kNoNode ? node.inputs[0] : narrow;
  }

  // The cast to bf16 that alone reads the fp32 value; kNoNode where others do.
  NodeId OnlyRounding(ValueId v) const {
    const Uses uses(graph_);
    if (TypeOf(v) != DType::kFloat32 || !uses.has_single_use(v)) return kNoNode;
    const NodeId reader = uses.of(v)[0].node;
    const bool rounds = reader != kNoNode && uses.of(v)[0].index == 0 &&
                        Casts(graph_.node(reader), DType::kFloat32, DType::kBFloat16);
    return rounds ? reader : kNoNode;
  }

  StatusOr<bool> Try(NodeId id) {
    const Node& node = graph_.node(id);
    if (Casts(node, DType::kFloat32, DType::kBFloat16)) return TryCast(id);
    const OpDef* const form = NarrowForm(context_.ops, *node.op);
    if (form != nullptr) return TryProduct(id, form);
    if (!KeepsType(*node.op)) return false;
    return TryMover(id);
  }

  // bf16 to fp32 and back is what it was.
  bool TryCast(NodeId id) {
    const ValueId narrow = Narrow(graph_.node(id).inputs[0]);
    if (narrow == kNoValue) return false;
    ReplaceValue(graph_, graph_.node(id).outputs[0], narrow);
    graph_.EraseNode(id);
    return true;
  }

  bool TryProduct(NodeId id, const OpDef* form) {
    const Node& node = graph_.node(id);
    const ValueId image = Narrow(node.input(0));
    if (image == kNoValue || node.attrs.Has("precision") || !HasFloatWeight(graph_, node) ||
        !IsBf16Exactly(graph_.value(node.inputs[1]).constant)) {
      return false;
    }
    const ValueId residual = Narrow(node.input(kResidualInput));
    const NodeId rounding = OnlyRounding(node.outputs[0]);
    if (!GainsFromNarrow(graph_, node)) {
      // A depthwise convolution has one type for all that it reads and writes.
      const bool narrow =
          rounding != kNoNode && (node.input(kResidualInput) == kNoValue || residual != kNoValue);
      if (!IsDepthwise(graph_, node) || !narrow) return false;
    }
    Node& product = graph_.node(id);
    product.op = form;
    product.attrs.Set("precision", std::string("bf16"));
    product.inputs[0] = GainsFromNarrow(graph_, product) ? BeforeRounding(image) : image;
    if (residual != kNoValue) product.inputs[kResidualInput] = residual;
    const DType type = rounding != kNoNode ? DType::kBFloat16 : DType::kFloat32;
    product.attrs.Set("output_dtype", ops::CodeOfElementType(type));
    if (rounding != kNoNode) TakeOver(rounding, product.outputs[0]);
    return true;
  }

  // `v` is rounded by what makes it, in place of the cast that read it.
  void TakeOver(NodeId rounding, ValueId v) {
    graph_.value(v).info.dtype = DType::kBFloat16;
    ReplaceValue(graph_, graph_.node(rounding).outputs[0], v);
    graph_.EraseNode(rounding);
  }

  // Elements that are moved become fp32 after it rather than before it; averages are rounded where
  // they would be next.
  StatusOr<bool> TryMover(NodeId id) {
    const Node& node = graph_.node(id);
    bool any = false;
    for (const ValueId v : node.inputs) {
      if (TypeOf(v) != DType::kFloat32) continue;
      if (Narrow(v) == kNoValue) return false;
      any = true;
    }
    const bool exact = node.op->movement != nullptr || node.op->picks_elements;
    if (!any || (node.op->movement != nullptr && node.op->fill_input >= 0)) return false;
    const NodeId rounding = exact ? kNoNode : OnlyRounding(node.outputs[0]);
    if (!exact && (node.outputs.size() != 1 || rounding == kNoNode)) return false;
    for (ValueId& v : graph_.node(id).inputs) {
      const ValueId narrow = Narrow(v);
      if (narrow != kNoValue) v = narrow;
    }
    if (!exact) {
      TakeOver(rounding, graph_.node(id).outputs[0]);
      return true;
    }
    const std::vector<ValueId> outputs = graph_.node(id).outputs;
    for (const ValueId v : outputs) {
      if (TypeOf(v) != DType::kFloat32) continue;
      graph_.value(v).info.dtype = DType::kBFloat16;
      GraphBuilder builder(&graph_, &context_.ops);
      AttrMap attrs;
      attrs.Set("to", ops::CodeOfElementType(DType::kFloat32));
      const ValueId wide = builder.Call("Cast", {v}, attrs);
      PLUMB_RETURN_IF_ERROR(builder.status());
      ReplaceValue(graph_, v, wide);
      graph_.node(graph_.value(wide).producer).inputs[0] = v;
    }
    return true;
  }

  Graph& graph_;
  const PassContext& context_;
};

}  // namespace

StatusOr<bool> FuseRounded(Graph& graph, const PassContext& context) {
  if (context.precision == DType::kFloat32) return false;
  return Rounding(graph, context).Run();
}

}  // namespace plumb::engine
