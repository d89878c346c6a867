// OpDef: one operator described in one place. Everything else is derived from it.
//
// A plain struct of properties and functions; `ops` fills one per operator in a file of its own and
// hands out the table. Passes ask these properties and patterns, never names.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/region.h"
#include "core/status.h"
#include "core/tensor.h"
#include "graph/graph.h"

namespace plumb {

class GraphBuilder;
namespace ops {
class LowerContext;  // ops/lower.h: how a node becomes kernel calls
}

// --- schema -----------------------------------------------------------------------------------
enum class Arity : std::uint8_t { kRequired, kOptional, kVariadic };  // variadic: last one only

struct Formal {
  std::string_view name;
  std::string_view types;  // a set name: "float", "number", "any", "int", "bool", "index",
                           // "string", or a variable "T=float|int": the same variable, the same
                           // type; the other sets, and "f32" for one type: graph/schema.h
  Arity arity = Arity::kRequired;
};

enum class AttrType : std::uint8_t { kInt, kFloat, kString, kInts, kFloats, kStrings, kTensor };

struct AttrDef {
  std::string_view name;
  AttrType type;
  bool required = false;
};

// --- shape inference --------------------------------------------------------------------------
// Types and shapes of outputs from those of inputs; symbolic when a model is loaded, all numbers
// when a plan is made (the same function serves both). Errors name what is wrong and what would be
// right; the caller adds the node.
class InferContext {
 public:
  // `infos` and `constants` are by input; a null constant is not known.
  InferContext(const Node& node, std::span<const ValueInfo* const> inputs,
               std::span<const Tensor* const> constants);

  const Node& node() const { return node_; }
  const AttrMap& attrs() const { return node_.attrs; }
  int num_inputs() const { return static_cast<int>(inputs_.size()); }
  int num_outputs() const { return static_cast<int>(outputs_.size()); }
  bool has_input(int i) const;
  const ValueInfo& input(int i) const;  // PLUMB_CHECKs has_input
  DType dtype(int i) const { return input(i).dtype; }
  bool has_dims(int i) const { return has_input(i) && input(i).dims.has_value(); }
  const DimVector& dims(int i) const { return *input(i).dims; }
  const Tensor* constant(int i) const;  // null when not constant
  // Elements of an integer input of rank <= 1, from a constant or from shape arithmetic.
  std::optional<DimVector> content(int i) const;
  // The same when all are numbers.
  std::optional<std::vector<std::int64_t>> ints(int i) const;

  void SetOutput(int i, DType dtype, std::optional<DimVector> dims);
  void SetContent(int i, DimVector content);
  Dim FreshDim();  // a size known only after the step has run

  // Infers a subgraph for these inputs and returns the types of its outputs.
  using InferSubgraph =
      std::function<StatusOr<std::vector<ValueInfo>>(int, std::span<const ValueInfo>)>;
  InferSubgraph infer_subgraph;

  std::vector<ValueInfo>& outputs() { return outputs_; }

 private:
  const Node& node_;
  std::span<const ValueInfo* const> inputs_;
  std::span<const Tensor* const> constants_;
  std::vector<ValueInfo> outputs_;
};

// Symbolic numpy broadcasting: equal dims or 1; a symbol against a number > 1 gives the number, two
// different symbols a size known only at run time.
StatusOr<DimVector> BroadcastDims(std::span<const Dim> a, std::span<const Dim> b);

// --- reference --------------------------------------------------------------------------------
// The definition of right: scalar, wide accumulation, on concrete tensors. Inputs come from
// outside, so whatever inference could not check ends in a Status.
class ReferenceContext {
 public:
  ReferenceContext(const Node& node, std::span<const Tensor> inputs);
  const Node& node() const { return node_; }
  const AttrMap& attrs() const { return node_.attrs; }
  int num_inputs() const { return static_cast<int>(inputs_.size()); }
  int num_outputs() const { return static_cast<int>(outputs.size()); }
  bool has_input(int i) const;
  const Tensor& input(int i) const;
  bool wants_output(int i) const;
  // Allocates output i (zero-filled) and returns it; an error when the memory is not to be had.
  StatusOr<Tensor*> Allocate(int i, DType dtype, const Shape& shape);
  void SetOutput(int i, Tensor tensor) { outputs[static_cast<std::size_t>(i)] = std::move(tensor); }

  using RunSubgraph = std::function<StatusOr<std::vector<Tensor>>(int, std::vector<Tensor>)>;
  RunSubgraph run_subgraph;  // captured values are bound by the interpreter
  std::vector<Tensor> outputs;

 private:
  const Node& node_;
  std::span<const Tensor> inputs_;
};

// --- gradient ---------------------------------------------------------------------------------
// Builds the nodes that turn gradients of outputs into gradients of inputs.
class GradientContext {
 public:
  GradientContext(GraphBuilder* builder, NodeId node, std::span<const ValueId> output_gradients);
  GraphBuilder& builder() { return *builder_; }
  const Node& node() const;
  ValueId input(int i) const { return node().input(i); }
  ValueId output(int i) const { return node().output(i); }
  ValueId output_gradient(int i) const;  // kNoValue: zero
  void SetInputGradient(int i, ValueId gradient);
  std::vector<ValueId> input_gradients;

 private:
  GraphBuilder* builder_;
  NodeId node_;
  std::span<const ValueId> output_gradients_;
};
enum class Differentiability : std::uint8_t { kYes, kNotYet, kNot };

// --- movement, cost, upgrades, samples --------------------------------------------------------
// Concrete shapes (and known contents) of a node: for movement, cost and lowering.
struct ConcreteNode {
  const Node* node = nullptr;
  std::span<const Shape> input_shapes;  // rank 0 for omitted ones
  std::span<const DType> input_types;   // kUndefined for omitted ones
  std::span<const Shape> output_shapes;
  std::span<const DType> output_types;
  std::span<const Tensor* const> constants;            // null: not known
  std::span<const std::optional<DimVector>> contents;  // of inputs
  int output = 0;  // which output `movement` is asked for (Split has several)
};

struct Cost {
  double ops = 0;  // arithmetic operations; a multiply-add counts two
  double bytes_read = 0;
  double bytes_written = 0;
  double macs = 0;  // multiply-adds of convolution, matmul and linear layers
};

// Rewrites a node of an older operator set into the current form before it enters the graph
// (an attribute that became an input, a changed default). May add nodes through the builder.
class UpgradeContext {
 public:
  UpgradeContext(GraphBuilder* builder, int opset, std::vector<ValueId> inputs, AttrMap attrs,
                 int num_outputs);
  GraphBuilder& builder() { return *builder_; }
  int opset() const { return opset_; }
  std::vector<ValueId> inputs;
  AttrMap attrs;
  int num_outputs;
  // Set instead of inputs/attrs when other nodes replace this one: the values of its outputs.
  std::optional<std::vector<ValueId>> replacement;
  // An int64 vector as a new constant input.
  ValueId IntsConstant(const std::vector<std::int64_t>& values);

 private:
  GraphBuilder* builder_;
  int opset_;
};

// One test case of an operator; drives kernels, gradients, inference, round trips, benchmarks.
struct SampleInput {
  DType dtype = DType::kFloat32;
  std::vector<std::int64_t> shape = {};
  double low = -1, high = 1;        // uniform numbers (integers: inclusive)
  std::vector<double> values = {};  // given values instead
  bool constant = false;            // an initializer rather than an input
  bool omitted = false;
};
struct Sample {
  std::string name = {};
  std::vector<SampleInput> inputs = {};
  AttrMap attrs = {};
  int outputs = 1;
  double tolerance = 1e-5;  // relative to the largest magnitude of the output
  bool gradient = true;     // checked by finite differences where differentiable
};

// A small text graph (graph/text.h) that this operator replaces: its inputs are the operator's, or
// scalar constants that become float attributes of that name. Outputs behind the first are float
// attributes computed from such constants. Commutative operands match either way.
struct Pattern {
  std::string_view name;
  std::string_view text;
};

// --- the operator -----------------------------------------------------------------------------
// How the memory order of inputs and outputs is chosen.
enum class LayoutRule : std::uint8_t {
  kRowMajor,      // wants packed row-major operands
  kFollow,        // any order, the same for all operands (elementwise)
  kChannelsLast,  // input 0 and output 0 best with channels innermost
  kMovement,      // a list of regions: whatever its neighbours want
};

// y = scale[c] * x[n,c,...] + shift[c]; one element each means the same for every channel.
struct ChannelAffine {
  std::vector<float> scale, shift;
};

// An activation as the epilogue of a fused operator knows it: the value of its attribute
// `activation` ("relu", "clip", "sigmoid", "tanh", "silu", "hard_sigmoid", "hard_swish",
// "leaky_relu", "gelu") with attributes `activation_alpha` and `activation_beta`.
struct EpilogueActivation {
  std::string_view name;
  float alpha = 0, beta = 0;
};

// How an operator joins real numbers and the integers that stand for them.
enum class Quantizing : std::uint8_t { kNo, kQuantizes, kDequantizes };

struct OpDef {
  std::string_view name = {};
  std::string_view domain = {};  // "" is ONNX; "plumb" are this project's own
  std::string_view doc = {};     // one line and the formula
  int since_opset = 1;           // first ONNX opset that has it
  std::vector<Formal> inputs = {};
  std::vector<Formal> outputs = {};
  std::vector<AttrDef> attrs = {};
  std::vector<std::string_view> subgraphs = {};  // required subgraph names

  // Properties that passes ask for.
  bool elementwise = false;  // output element depends on the broadcast input elements only
  bool commutative = false;
  bool random = false;                // result depends on a seed and counter; never folded
  bool shape_only = false;            // reads shapes, not data (Shape, Size)
  bool data_dependent_shape = false;  // output sizes known only after it ran (NonZero)
  bool aliases_input = false;         // output 0 may be input 0's memory under another shape
  LayoutRule layout = LayoutRule::kRowMajor;
  int elementwise_code = -1;  // kernels/eltwise instruction, -1: none
  Differentiability differentiability = Differentiability::kNotYet;

  Status (*infer)(InferContext&) = nullptr;          // required
  Status (*reference)(ReferenceContext&) = nullptr;  // required
  Status (*gradient)(GradientContext&) = nullptr;
  Cost (*cost)(const ConcreteNode&) = nullptr;  // null: one operation per output element
  // Data movement operators. Unimplemented: not for this node (an index is not known before it
  // runs, or there would be too many regions); the reference runs then.
  StatusOr<Movement> (*movement)(const ConcreteNode&) = nullptr;
  Status (*lower)(ops::LowerContext&) = nullptr;  // null: reference or movement
  Status (*upgrade)(UpgradeContext&) = nullptr;   // null: the same in every opset
  std::vector<Pattern> patterns = {};
  std::vector<Sample> (*samples)() = nullptr;  // required

  // Inputs whose memory output 0 may take over when nobody reads them afterwards, given equal
  // shape, strides and type (elementwise operators: every input).
  std::vector<int> inplace_inputs = {};

  // What fusion passes ask for.
  // The operator of domain "plumb" that is this one followed by bias, residual and activation; its
  // first inputs and all attributes are those of this one ("FusedConv" for Conv).
  std::string_view fused_form = {};
  // The operator of domain "plumb" that computes this one on quantised tensors: its inputs are x,
  // x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point, bias (i32), residual,
  // residual_scale, residual_zero_point, inner_scale, inner_zero_point ("QuantizedConv" for Conv).
  std::string_view quantized_form = {};
  bool integer_product = false;  // is such a form
  // The same for an operator of one input: x, x_scale, x_zero_point, y_scale, y_zero_point; its
  // attributes are those of this one ("QuantizedGlobalAveragePool").
  std::string_view quantized_unary = {};
  Quantizing quantizing = Quantizing::kNo;
  // Output elements are elements of input 0 and their order alone decides which, so that it may be
  // taken before or after a quantisation (MaxPool).
  bool picks_elements = false;
  // The input whose element a movement writes where it has no source (Pad's constant); where the
  // node omits that input, it writes zero. -1: writes elements of its inputs only.
  int fill_input = -1;
  // Static quantisation may put the inputs and the output on integers, each with a scale of its own
  // (Add, AveragePool).
  bool quantizable = false;
  // Where the output channels of the weight (input 1, constant, of this rank) lie; nullopt where
  // this node has no form on integers. Null: the operator has no weight.
  std::optional<int> (*weight_axis)(const Node&, int rank) = nullptr;
  bool takes_bf16 = false;  // kernels take bf16 as they take fp32, the same type in and out
  // This node as an activation of its input 0, where its parameters are known.
  std::optional<EpilogueActivation> (*as_activation)(const Graph&, const Node&) = nullptr;
  // This node as y = scale * x + shift per element of axis 1 of its input 0, where both are
  // constant.
  std::optional<ChannelAffine> (*as_affine)(const Graph&, const Node&) = nullptr;
  // Folds y = scale * op(x) + shift into the constants of the node (new constants are added; shared
  // ones are not changed). False: this node cannot.
  bool (*absorb_affine)(Graph&, NodeId, const ChannelAffine&) = nullptr;
};

// Every operator by domain and name.
class OpTable {
 public:
  explicit OpTable(std::vector<const OpDef*> ops);
  const OpDef* Find(std::string_view domain, std::string_view name) const;  // null: unknown
  std::span<const OpDef* const> all() const { return ops_; }  // ordered by domain, name

 private:
  std::vector<const OpDef*> ops_;
};

}  // namespace plumb
