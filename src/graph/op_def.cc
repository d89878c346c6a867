#include "graph/op_def.h"

#include <algorithm>

#include "core/check.h"
#include "graph/builder.h"

namespace plumb {
namespace {

// Elements of a constant that inference reads: indices, pads and sizes are short.
constexpr std::int64_t kMaxReadElements = 1 << 16;

std::string DimsText(std::span<const Dim> dims) {
  std::string text = "[";
  for (std::size_t i = 0; i < dims.size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ",",
                    dims[i].is_constant() ? absl::StrCat(dims[i].value()) : std::string("?"));
  }
  return text + "]";
}

}  // namespace

// --- shape inference --------------------------------------------------------------------------
InferContext::InferContext(const Node& node, std::span<const ValueInfo* const> inputs,
                           std::span<const Tensor* const> constants)
    : node_(node), inputs_(inputs), constants_(constants), outputs_(node.outputs.size()) {}

bool InferContext::has_input(int i) const {
  return i >= 0 && i < num_inputs() && inputs_[static_cast<std::size_t>(i)] != nullptr;
}

const ValueInfo& InferContext::input(int i) const {
  PLUMB_CHECK(has_input(i), "input ", i, " of ", node_.name);
  return *inputs_[static_cast<std::size_t>(i)];
}

const Tensor* InferContext::constant(int i) const {
  return has_input(i) ? constants_[static_cast<std::size_t>(i)] : nullptr;
}

std::optional<DimVector> InferContext::content(int i) const {
  if (!has_input(i)) return std::nullopt;
  if (input(i).content) return input(i).content;
  const Tensor* tensor = constant(i);
  if (tensor == nullptr || tensor->rank() > 1 || tensor->num_elements() > kMaxReadElements) {
    return std::nullopt;
  }
  const DType dtype = tensor->dtype();
  const bool readable = (IsInteger(dtype) || dtype == DType::kBool) && dtype != DType::kInt4 &&
                        dtype != DType::kUInt4;
  if (!readable) return std::nullopt;
  const std::vector<std::int64_t> elements = ToInt64s(*tensor);
  return DimVector(elements.begin(), elements.end());
}

std::optional<std::vector<std::int64_t>> InferContext::ints(int i) const {
  const std::optional<DimVector> elements = content(i);
  if (!elements) return std::nullopt;
  std::vector<std::int64_t> values;
  values.reserve(elements->size());
  for (const Dim& element : *elements) {
    if (!element.is_constant()) return std::nullopt;
    values.push_back(element.value());
  }
  return values;
}

void InferContext::SetOutput(int i, DType dtype, std::optional<DimVector> dims) {
  if (i >= num_outputs()) return;  // a trailing optional output that the node does not want
  ValueInfo& output = outputs_[static_cast<std::size_t>(i)];
  output.dtype = dtype;
  output.dims = std::move(dims);
}

void InferContext::SetContent(int i, DimVector content) {
  if (i < num_outputs()) outputs_[static_cast<std::size_t>(i)].content = std::move(content);
}

Dim InferContext::FreshDim() { return Dim::Anonymous(); }

StatusOr<DimVector> BroadcastDims(std::span<const Dim> a, std::span<const Dim> b) {
  const std::size_t rank = std::max(a.size(), b.size());
  DimVector result(rank, Dim(1));
  for (std::size_t i = 1; i <= rank; ++i) {
    const Dim left = i <= a.size() ? a[a.size() - i] : Dim(1);
    const Dim right = i <= b.size() ? b[b.size() - i] : Dim(1);
    Dim& out = result[rank - i];
    if (left == right || right == Dim(1)) {
      out = left;
    } else if (left == Dim(1)) {
      out = right;
    } else if (left.is_constant() && right.is_constant()) {
      return InvalidArgument("shapes ", DimsText(a), " and ", DimsText(b),
                             " do not broadcast: ", left.value(), " against ", right.value());
    } else if (left.is_constant() || right.is_constant()) {
      out = left.is_constant() ? left : right;
    } else {
      out = Dim::Anonymous();  // equal, or one of them is 1: told at run time
    }
  }
  return result;
}

// --- reference --------------------------------------------------------------------------------
ReferenceContext::ReferenceContext(const Node& node, std::span<const Tensor> inputs)
    : outputs(node.outputs.size()), node_(node), inputs_(inputs) {}

bool ReferenceContext::has_input(int i) const {
  return i >= 0 && i < num_inputs() && inputs_[static_cast<std::size_t>(i)].defined();
}

const Tensor& ReferenceContext::input(int i) const {
  PLUMB_CHECK(has_input(i), "input ", i, " of ", node_.name);
  return inputs_[static_cast<std::size_t>(i)];
}

bool ReferenceContext::wants_output(int i) const { return node_.output(i) != kNoValue; }

StatusOr<Tensor*> ReferenceContext::Allocate(int i, DType dtype, const Shape& shape) {
  PLUMB_CHECK(i >= 0 && i < num_outputs(), "output ", i, " of ", node_.name);
  PLUMB_ASSIGN_OR_RETURN(Tensor tensor, Tensor::TryAllocate(dtype, shape));
  Tensor& output = outputs[static_cast<std::size_t>(i)];
  output = std::move(tensor);
  return &output;
}

// --- gradient and upgrade ---------------------------------------------------------------------
GradientContext::GradientContext(GraphBuilder* builder, NodeId node,
                                 std::span<const ValueId> output_gradients)
    : input_gradients(builder->graph().node(node).inputs.size(), kNoValue),
      builder_(builder),
      node_(node),
      output_gradients_(output_gradients) {}

const Node& GradientContext::node() const { return builder_->graph().node(node_); }

ValueId GradientContext::output_gradient(int i) const {
  const auto index = static_cast<std::size_t>(i);
  return index < output_gradients_.size() ? output_gradients_[index] : kNoValue;
}

void GradientContext::SetInputGradient(int i, ValueId gradient) {
  PLUMB_CHECK(static_cast<std::size_t>(i) < input_gradients.size(), "input ", i);
  input_gradients[static_cast<std::size_t>(i)] = gradient;
}

UpgradeContext::UpgradeContext(GraphBuilder* builder, int opset, std::vector<ValueId> inputs,
                               AttrMap attrs, int num_outputs)
    : inputs(std::move(inputs)),
      attrs(std::move(attrs)),
      num_outputs(num_outputs),
      builder_(builder),
      opset_(opset) {}

ValueId UpgradeContext::IntsConstant(const std::vector<std::int64_t>& values) {
  return builder_->Ints(values);
}

// --- table ------------------------------------------------------------------------------------
namespace {
struct ByDomainAndName {
  bool operator()(const OpDef* a, const OpDef* b) const {
    return std::pair(a->domain, a->name) < std::pair(b->domain, b->name);
  }
};
}  // namespace

OpTable::OpTable(std::vector<const OpDef*> ops) : ops_(std::move(ops)) {
  std::ranges::sort(ops_, ByDomainAndName());
  const auto twice = std::ranges::adjacent_find(ops_, [](const OpDef* a, const OpDef* b) {
    return a->domain == b->domain && a->name == b->name;
  });
  PLUMB_CHECK(twice == ops_.end(), "operator ", Str((*twice)->name), " is listed twice");
}

const OpDef* OpTable::Find(std::string_view domain, std::string_view name) const {
  OpDef key;
  key.domain = domain;
  key.name = name;
  const auto it = std::ranges::lower_bound(ops_, &key, ByDomainAndName());
  const bool found = it != ops_.end() && (*it)->domain == domain && (*it)->name == name;
  return found ? *it : nullptr;
}

}  // namespace plumb
