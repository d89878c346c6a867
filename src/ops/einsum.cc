// Einsum: the product of all operands, dimensions with the same label together, summed over the
// labels that the result lacks.
#include <algorithm>
#include <type_traits>
#include <utility>
#include <vector>

#include "ops/cost.h"
#include "ops/einsum_equation.h"
#include "ops/expression.h"
#include "ops/number.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "Einsum";
  op.doc = "Output[result labels] = sum over the other labels of the product of all inputs";
  op.since_opset = 12;
  op.inputs = {{"Inputs", "T=number", Arity::kVariadic}};
  op.outputs = {{"Output", "T"}};
  op.attrs = {{"equation", AttrType::kString, /*required=*/true}};
  op.differentiability = Differentiability::kNotYet;
  return op;
}

Dim SizeOf(UpgradeContext& context, std::size_t input, const std::vector<int>& labels, int label) {
  const auto at = std::find(labels.begin(), labels.end(), label) - labels.begin();
  return (*context.builder().info(context.inputs[input]).dims)[static_cast<std::size_t>(at)];
}

// The sum over one label of two operands, each with one label of its own, is a batched matrix
// product between transposes, which has kernels and a gradient.
Status Upgrade(UpgradeContext& context) {
  if (context.inputs.size() != 2) return OkStatus();
  std::vector<int> ranks;
  for (const ValueId v : context.inputs) {
    if (v == kNoValue) return OkStatus();  // inference tells that it is missing
    const auto& dims = context.builder().info(v).dims;
    if (!dims) return OkStatus();
    ranks.push_back(static_cast<int>(dims->size()));
  }
  const auto equation = ParseEinsum(context.attrs.String("equation", ""), ranks);
  if (!equation.ok()) return OkStatus();  // inference tells what is wrong
  const std::vector<int>&a = equation->operands[0], &b = equation->operands[1];
  std::vector<std::int64_t> batch, left, right, summed;
  for (int label = 0; label < equation->labels; ++label) {
    const auto in_a = std::count(a.begin(), a.end(), label);
    const auto in_b = std::count(b.begin(), b.end(), label);
    const bool kept = label < equation->result_rank;
    if (in_a > 1 || in_b > 1 || (!kept && (in_a == 0 || in_b == 0))) return OkStatus();
    // A summed size of 1 may meet another one in a sum, but not in a product.
    if (!kept && SizeOf(context, 0, a, label) != SizeOf(context, 1, b, label)) return OkStatus();
    (in_a == 0 ? right : in_b == 0 ? left : kept ? batch : summed).push_back(label);
  }
  if (left.size() != 1 || right.size() != 1 || summed.size() != 1) return OkStatus();
  const auto joined = [&](std::int64_t second, std::int64_t last) {
    std::vector<std::int64_t> labels = batch;
    labels.push_back(second);
    labels.push_back(last);
    return labels;
  };
  // The value, whose dimensions have the labels `from`, with dimensions in the order of `to`.
  const auto ordered = [&](ValueId value, const auto& from, const auto& to) {
    std::vector<std::int64_t> perm;
    for (const auto label : to)
      perm.push_back(std::find(from.begin(), from.end(), label) - from.begin());
    if (std::is_sorted(perm.begin(), perm.end())) return value;
    return context.builder().Call("Transpose", {value}, Attrs({{"perm", perm}}));
  };
  std::vector<std::int64_t> result;
  for (int label = 0; label < equation->result_rank; ++label) result.push_back(label);
  const ValueId product = context.builder().Call(
      "MatMul", {ordered(context.inputs[0], a, joined(left[0], summed[0])),
                 ordered(context.inputs[1], b, joined(summed[0], right[0]))});
  context.replacement = {ordered(product, joined(left[0], right[0]), result)};
  return context.builder().status();
}

// --- shape inference --------------------------------------------------------------------------
Status Infer(InferContext& context) {
  std::vector<int> ranks;
  for (int i = 0; i < context.num_inputs(); ++i) {
    if (!context.has_dims(i)) {
      context.SetOutput(0, context.dtype(0), std::nullopt);
      return OkStatus();
    }
    ranks.push_back(static_cast<int>(context.dims(i).size()));
  }
  PLUMB_ASSIGN_OR_RETURN(const EinsumEquation equation,
                         ParseEinsum(context.attrs().String("equation", ""), ranks));
  DimVector sizes(static_cast<std::size_t>(equation.labels), Dim(1));
  for (std::size_t i = 0; i < equation.operands.size(); ++i) {
    const DimVector& dims = context.dims(static_cast<int>(i));
    for (std::size_t d = 0; d < dims.size(); ++d) {
      Dim& size = sizes[static_cast<std::size_t>(equation.operands[i][d])];
      PLUMB_ASSIGN_OR_RETURN(const DimVector both, BroadcastDims({&size, 1}, {&dims[d], 1}));
      size = both[0];
    }
  }
  sizes.resize(static_cast<std::size_t>(equation.result_rank));
  context.SetOutput(0, context.dtype(0), std::move(sizes));
  return OkStatus();
}

// --- reference --------------------------------------------------------------------------------
struct Layout {
  Shape result, summed;
  std::vector<Strides> strides;  // of each operand over all labels
};

StatusOr<Layout> LayOut(const ReferenceContext& context) {
  std::vector<int> ranks;
  for (int i = 0; i < context.num_inputs(); ++i) ranks.push_back(context.input(i).rank());
  PLUMB_ASSIGN_OR_RETURN(const EinsumEquation equation,
                         ParseEinsum(context.attrs().String("equation", ""), ranks));
  Shape sizes(equation.labels, 1);
  Layout layout;
  for (std::size_t i = 0; i < equation.operands.size(); ++i) {
    const Shape& shape = context.input(static_cast<int>(i)).shape();
    const Strides own = RowMajorStrides(shape);
    Strides strides(equation.labels, 0);
    for (int d = 0; d < shape.rank(); ++d) {
      const int label = equation.operands[i][static_cast<std::size_t>(d)];
      if (shape[d] != 1 && sizes[label] != 1 && shape[d] != sizes[label]) {
        return InvalidArgument("input ", i, " has size ", shape[d], " in dimension ", d,
                               ", but another with that label has ", sizes[label]);
      }
      if (sizes[label] == 1) sizes[label] = shape[d];
      if (shape[d] != 1) strides[label] += own[d];
    }
    layout.strides.push_back(strides);
  }
  for (int label = 0; label < equation.labels; ++label) {
    (label < equation.result_rank ? layout.result : layout.summed).Append(sizes[label]);
  }
  PLUMB_RETURN_IF_ERROR(CheckedNumElements(sizes.span()).status());
  return layout;
}

template <typename T>
void SumProducts(const ReferenceContext& context, const Layout& layout, T* dst) {
  using Sum = std::conditional_t<kIsReal<T>, double, std::uint64_t>;
  const int rank = layout.result.rank();
  const std::int64_t results = NumElements(layout.result), terms = NumElements(layout.summed);
  std::vector<const T*> data;
  for (int i = 0; i < context.num_inputs(); ++i) data.push_back(context.input(i).data<T>().data());
  Dims index(rank + layout.summed.rank(), 0);
  const auto advance = [&](const Shape& shape, int first) {
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      if (++index[first + axis] < shape[axis]) return;
      index[first + axis] = 0;
    }
  };
  for (std::int64_t r = 0; r < results; ++r) {
    Sum sum{};
    for (std::int64_t t = 0; t < terms; ++t) {
      Sum product = 1;
      for (std::size_t i = 0; i < data.size(); ++i) {
        std::int64_t at = 0;
        for (int k = 0; k < index.rank(); ++k) at += index[k] * layout.strides[i][k];
        if constexpr (kIsReal<T>) {
          product *= AsDouble(data[i][at]);
        } else {
          product *= static_cast<Sum>(data[i][at]);
        }
      }
      sum += product;
      advance(layout.summed, rank);
    }
    if constexpr (kIsReal<T>) {
      dst[r] = FromDouble<T>(sum);
    } else {
      dst[r] = static_cast<T>(sum);
    }
    advance(layout.result, 0);
  }
}

Status Reference(ReferenceContext& context) {
  if (context.num_inputs() == 0) return InvalidArgument("has no input, expected one or more");
  const DType type = context.input(0).dtype();
  for (int i = 1; i < context.num_inputs(); ++i) {
    if (context.input(i).dtype() != type) {
      return InvalidArgument("input ", i, " is ", Str(DTypeName(context.input(i).dtype())),
                             ", expected ", Str(DTypeName(type)), " as input 0");
    }
  }
  PLUMB_ASSIGN_OR_RETURN(const Layout layout, LayOut(context));
  PLUMB_ASSIGN_OR_RETURN(Tensor * y, context.Allocate(0, type, layout.result));
  return VisitNumber(
      type,
      [&]<typename T>(T) -> Status {
        SumProducts<T>(context, layout, y->mutable_data<T>().data());
        return OkStatus();
      },
      InvalidArgument("element type ", Str(DTypeName(type)), " has no product"));
}

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) {
  std::vector<int> ranks;
  for (const Shape& shape : node.input_shapes) ranks.push_back(shape.rank());
  const auto equation = ParseEinsum(node.node->attrs.String("equation", ""), ranks);
  if (!equation.ok()) return StreamingCost(node, 0);
  std::vector<double> sizes(static_cast<std::size_t>(equation->labels), 1);
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    for (int d = 0; d < ranks[i]; ++d) {
      double& size =
          sizes[static_cast<std::size_t>(equation->operands[i][static_cast<std::size_t>(d)])];
      size = std::max(size, static_cast<double>(node.input_shapes[i][d]));
    }
  }
  double macs = 1;
  for (const double size : sizes) macs *= size;
  return CostOfMacs(node, macs);
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const auto sum = [](const char* equation, std::vector<SampleInput> inputs) {
    return Sample{equation, std::move(inputs), Attrs({{"equation", std::string(equation)}})};
  };
  return {
      sum("ij,jk->ik", {F32({3, 4}), F32({4, 5})}),
      sum("bij, bjk -> bik", {F32({2, 3, 4}), F32({2, 4, 5})}),
      sum("bhid,bhjd->bhij", {F32({2, 3, 4, 5}), F32({2, 3, 6, 5})}),
      sum("ij->ji", {F32({3, 4})}),
      sum("ii->i", {F32({4, 4})}),
      sum("ij->", {F32({3, 4})}),
      sum("i,i", {F32({7}), F32({7})}),
      sum("...ij,...jk->...ik", {F32({2, 1, 3, 4}), F32({5, 4, 2})}),
      sum("ij,jk,kl->il", {F32({2, 3}), F32({3, 4}), F32({4, 2})}),
      sum("a,b", {F32({3}), F32({2})}),
  };
}

}  // namespace

const OpDef& EinsumOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.cost = CostOf;
    op.upgrade = Upgrade;
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
