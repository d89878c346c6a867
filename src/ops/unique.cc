// Unique: the distinct elements of the flattened input, or its distinct slices along `axis`; sorted
// ascending, or in order of their first occurrence (sorted = 0). Further outputs: where each is
// first found, for each element of the input the number of its value, and how often each occurs.
// Opset: 11.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "ops/cost.h"
#include "ops/elements.h"
#include "ops/expression.h"
#include "ops/number.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

// --- shape inference ---
Status Infer(InferContext& context) {
  const Dim count = context.FreshDim();
  std::optional<DimVector> out = DimVector{count};
  Dim all = context.FreshDim();
  if (context.attrs().Has("axis")) {
    out = context.input(0).dims;
    if (out.has_value()) {
      PLUMB_ASSIGN_OR_RETURN(const int axis, NormalizeAxis(context.attrs().Int("axis", 0),
                                                           static_cast<int>(out->size())));
      all = (*out)[static_cast<std::size_t>(axis)];
      (*out)[static_cast<std::size_t>(axis)] = count;
    }
  } else if (context.has_dims(0)) {
    std::optional<Dim> product = Dim(1);
    for (const Dim& dim : context.dims(0)) {
      if (product.has_value()) product = Dim::Multiply(*product, dim);
    }
    if (product.has_value()) all = *product;
  }
  context.SetOutput(0, context.dtype(0), out);
  context.SetOutput(1, DType::kInt64, DimVector{count});
  context.SetOutput(2, DType::kInt64, DimVector{all});
  context.SetOutput(3, DType::kInt64, DimVector{count});
  return OkStatus();
}

// --- reference ---
template <typename T>
int Compare(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, Float16> || std::is_same_v<T, BFloat16>) {
    return Compare(static_cast<float>(a), static_cast<float>(b));
  } else if constexpr (std::is_floating_point_v<T>) {
    // NaN comes last and equals itself, so that the order is a total one.
    if (std::isnan(a) || std::isnan(b)) return static_cast<int>(std::isnan(a)) - std::isnan(b);
    return a < b ? -1 : b < a ? 1 : 0;
  } else {
    return a < b ? -1 : b < a ? 1 : 0;
  }
}

// Three-way comparison of slices a and b of [outer, dim, inner] along dim.
template <typename T>
int CompareSlices(const T* data, std::int64_t outer, std::int64_t dim, std::int64_t inner,
                  std::int64_t a, std::int64_t b) {
  for (std::int64_t o = 0; o < outer; ++o) {
    const T* left = data + (o * dim + a) * inner;
    const T* right = data + (o * dim + b) * inner;
    for (std::int64_t i = 0; i < inner; ++i) {
      const int order = Compare(left[i], right[i]);
      if (order != 0) return order;
    }
  }
  return 0;
}

struct Groups {
  std::vector<std::int64_t> first, inverse, counts;
};

template <typename T>
Groups Group(const T* data, std::int64_t outer, std::int64_t dim, std::int64_t inner, bool sorted) {
  const auto compare = [&](std::int64_t a, std::int64_t b) {
    return CompareSlices(data, outer, dim, inner, a, b);
  };
  std::vector<std::int64_t> order(static_cast<std::size_t>(dim));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int64_t a, std::int64_t b) { return compare(a, b) < 0; });
  Groups groups;
  groups.inverse.resize(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || compare(order[i - 1], order[i]) != 0) {
      groups.first.push_back(order[i]);
      groups.counts.push_back(0);
    }
    ++groups.counts.back();
    groups.inverse[static_cast<std::size_t>(order[i])] =
        static_cast<std::int64_t>(groups.first.size()) - 1;
  }
  if (sorted) return groups;
  std::vector<std::size_t> rank(groups.first.size());
  std::iota(rank.begin(), rank.end(), std::size_t{0});
  std::sort(rank.begin(), rank.end(),
            [&](std::size_t a, std::size_t b) { return groups.first[a] < groups.first[b]; });
  Groups renumbered;
  std::vector<std::int64_t> number(rank.size());
  for (std::size_t i = 0; i < rank.size(); ++i) {
    renumbered.first.push_back(groups.first[rank[i]]);
    renumbered.counts.push_back(groups.counts[rank[i]]);
    number[rank[i]] = static_cast<std::int64_t>(i);
  }
  for (std::int64_t group : groups.inverse) {
    renumbered.inverse.push_back(number[static_cast<std::size_t>(group)]);
  }
  return renumbered;
}

Tensor Vector(const std::vector<std::int64_t>& values) {
  return Tensor::FromVector<std::int64_t>(Shape{static_cast<std::int64_t>(values.size())}, values);
}

Status Reference(ReferenceContext& context) {
  Tensor input = context.input(0);
  int axis = 0;
  if (context.attrs().Has("axis")) {
    PLUMB_ASSIGN_OR_RETURN(axis, NormalizeAxis(context.attrs().Int("axis", 0), input.rank()));
  } else {
    input = input.Reshaped(Shape{input.num_elements()});
  }
  const std::int64_t dim = input.shape()[axis];
  std::int64_t outer = 1, inner = 1;
  for (int i = 0; i < input.rank(); ++i) {
    if (i != axis) (i < axis ? outer : inner) *= input.shape()[i];
  }
  const bool sorted = context.attrs().Int("sorted", 1) != 0;
  Groups groups;
  const auto group = [&](auto zero) {
    using T = decltype(zero);
    groups = Group(input.data<T>().data(), outer, dim, inner, sorted);
    return true;
  };
  if (input.dtype() == DType::kString) {
    group(std::string());
  } else if (!VisitNumber(input.dtype(), group, false)) {
    return InvalidArgument("elements of type ", Str(DTypeName(input.dtype())));
  }
  Shape out_shape = input.shape();
  out_shape[axis] = static_cast<std::int64_t>(groups.first.size());
  PLUMB_ASSIGN_OR_RETURN(Tensor * out, context.Allocate(0, input.dtype(), out_shape));
  const ElementCopier copier(input, out);
  std::int64_t to = 0;
  for (std::int64_t o = 0; o < outer; ++o) {
    for (std::int64_t first : groups.first) {
      for (std::int64_t i = 0; i < inner; ++i) copier.Copy((o * dim + first) * inner + i, to++);
    }
  }
  if (context.wants_output(1)) context.SetOutput(1, Vector(groups.first));
  if (context.wants_output(2)) context.SetOutput(2, Vector(groups.inverse));
  if (context.wants_output(3)) context.SetOutput(3, Vector(groups.counts));
  return OkStatus();
}

// --- cost ---
Cost CostOf(const ConcreteNode& node) {
  const auto count = static_cast<double>(NumElements(node.input_shapes[0]));
  return StreamingCost(node, count * std::log2(std::max(2.0, count)));
}

// --- samples ---
std::vector<Sample> Samples() {
  const auto numbers = Given(DType::kFloat32, {6}, {2, 1, 1, 3, 4, 3});
  return {{.name = "sorted", .inputs = {numbers}, .outputs = 4},
          {.name = "first_occurrence",
           .inputs = {numbers},
           .attrs = Attrs({{"sorted", 0}}),
           .outputs = 4},
          {.name = "rows",
           .inputs = {Given(DType::kInt64, {3, 2}, {1, 0, 1, 0, 2, 3})},
           .attrs = Attrs({{"axis", 0}}),
           .outputs = 4},
          {.name = "columns",
           .inputs = {Given(DType::kInt32, {2, 3}, {5, 1, 5, 2, 0, 2})},
           .attrs = Attrs({{"axis", -1}})},
          {.name = "empty", .inputs = {F32({0})}, .outputs = 4}};
}

}  // namespace

const OpDef& UniqueOp() {
  static const OpDef op{
      .name = "Unique",
      .doc = "distinct elements, or distinct slices along `axis`",
      .since_opset = 11,
      .inputs = {{"X", "T=any"}},
      .outputs = {{"Y", "T=any"},
                  {"indices", "index", Arity::kOptional},
                  {"inverse_indices", "index", Arity::kOptional},
                  {"counts", "index", Arity::kOptional}},
      .attrs = {{"axis", AttrType::kInt}, {"sorted", AttrType::kInt}},
      .data_dependent_shape = true,
      .differentiability = Differentiability::kNot,
      .infer = Infer,
      .reference = Reference,
      .cost = CostOf,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
