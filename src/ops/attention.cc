// Attention: y = softmax(scale * Q K + mask) V over the last two dimensions, the leading ones
// broadcast; K holds a key in each column, as the product takes it. What a product, a softmax and
// another product become: the scores never lie in memory.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "kernels/attention/attention.h"
#include "kernels/strided/merge_dims.h"
#include "ops/attention_patterns.h"
#include "ops/cost.h"
#include "ops/expression.h"
#include "ops/lower.h"
#include "ops/matrix_product.h"
#include "ops/number.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

enum Input : int { kQ, kK, kV, kMask };

// --- schema -----------------------------------------------------------------------------------
OpDef Schema() {
  OpDef op;
  op.name = "Attention";
  op.domain = "plumb";
  op.doc =
      "Y = softmax(scale * Q K + mask) V, softmax over the keys: Q [..., queries, width], "
      "K [..., width, keys], V [..., keys, value_width]; mask broadcasts to [..., queries, keys], "
      "leading dimensions broadcast";
  op.inputs = {{"Q", "T=float"}, {"K", "T"}, {"V", "T"}, {"mask", "T", Arity::kOptional}};
  op.outputs = {{"Y", "T"}};
  op.attrs = {{"scale", AttrType::kFloat}};
  op.differentiability = Differentiability::kYes;
  return op;
}

float Scale(const AttrMap& attrs) { return attrs.Float("scale", 1); }

// --- shape inference --------------------------------------------------------------------------
// The shape of the scores, then of the result.
StatusOr<std::pair<DimVector, DimVector>> Shapes(const DimVector& q, const DimVector& k,
                                                 const DimVector& v) {
  for (const DimVector* dims : {&q, &k, &v}) {
    if (dims->size() < 2) {
      return InvalidArgument("Q, K and V have ", q.size(), ", ", k.size(), " and ", v.size(),
                             " dimensions, expected at least 2");
    }
  }
  PLUMB_ASSIGN_OR_RETURN(DimVector scores, ProductDims(q, k, ProductForm()));
  PLUMB_ASSIGN_OR_RETURN(DimVector result, ProductDims(scores, v, ProductForm()));
  return std::pair(std::move(scores), std::move(result));
}

Status CheckMask(const DimVector& scores, const DimVector& mask) {
  PLUMB_ASSIGN_OR_RETURN(const DimVector both, BroadcastDims(scores, mask));
  bool fits = both.size() == scores.size();
  for (std::size_t i = 0; fits && i < scores.size(); ++i) {
    fits = !scores[i].is_constant() || both[i] == scores[i] || !both[i].is_constant();
  }
  if (!fits) return InvalidArgument("mask does not broadcast to the shape of the scores");
  return OkStatus();
}

Status Infer(InferContext& context) {
  context.SetOutput(0, context.dtype(kQ), std::nullopt);
  if (!context.has_dims(kQ) || !context.has_dims(kK) || !context.has_dims(kV)) return OkStatus();
  PLUMB_ASSIGN_OR_RETURN(auto shapes, Shapes(context.dims(kQ), context.dims(kK), context.dims(kV)));
  if (context.has_dims(kMask)) {
    PLUMB_RETURN_IF_ERROR(CheckMask(shapes.first, context.dims(kMask)));
  }
  context.SetOutput(0, context.dtype(kQ), std::move(shapes.second));
  return OkStatus();
}

// --- the operands on concrete shapes ----------------------------------------------------------
// Strides over the leading dimensions of the result, then of rows and columns.
struct Layout {
  Shape batch;
  std::int64_t queries = 0, keys = 0, width = 0, value_width = 0;
  std::array<Strides, 4> strides;  // of each Input
};

// Strides of an operand over batch x rows x columns; 0 where it is repeated.
Strides Over(const Shape& batch, const Shape& shape, const Strides& strides) {
  Strides over(batch.rank() + 2, 0);
  const int lead = batch.rank() + 2 - shape.rank();
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] != 1) over[lead + i] = strides[i];
  }
  return over;
}

// `shapes` and `strides` of Q, K, V and mask; rank 0 for a mask that is not there or one number.
StatusOr<Layout> Arrange(const std::array<Shape, 4>& shapes,
                         const std::array<Strides, 4>& strides) {
  PLUMB_ASSIGN_OR_RETURN(const auto dims,
                         Shapes(ToDims(shapes[kQ]), ToDims(shapes[kK]), ToDims(shapes[kV])));
  const Shape scores = *ConcreteShape(dims.first), result = *ConcreteShape(dims.second);
  PLUMB_ASSIGN_OR_RETURN(const Shape masked, BroadcastShapes(scores, shapes[kMask]));
  if (masked != scores) {
    return InvalidArgument("mask of shape ", shapes[kMask].ToString(),
                           " does not broadcast to the scores' ", scores.ToString());
  }
  Layout layout;
  layout.batch = Shape(result.span().first(static_cast<std::size_t>(result.rank()) - 2));
  layout.queries = result[result.rank() - 2];
  layout.value_width = result.back();
  layout.keys = scores.back();
  layout.width = shapes[kQ].back();
  for (std::size_t i = 0; i < 4; ++i) {
    layout.strides[i] = Over(layout.batch, shapes[i], strides[i]);
  }
  return layout;
}

// --- reference --------------------------------------------------------------------------------
// One query: the weights of its keys, from the scores.
void Softmax(std::vector<double>* row) {
  if (row->empty()) return;
  const double largest = *std::max_element(row->begin(), row->end());
  double sum = 0;
  for (double& x : *row) sum += x = std::exp(x - largest);
  for (double& x : *row) x /= sum;
}

Status Reference(ReferenceContext& context) {
  std::array<Shape, 4> shapes;
  std::array<Strides, 4> strides;
  std::array<std::vector<double>, 4> values;
  values[kMask] = {0};
  for (int i = 0; i < 4; ++i) {
    if (i == kMask && !context.has_input(kMask)) continue;
    const Tensor& input = context.input(i);
    if (!IsFloating(input.dtype()) || input.dtype() != context.input(kQ).dtype()) {
      return InvalidArgument("input ", i, " is ", Str(DTypeName(input.dtype())),
                             ", expected one float type for all");
    }
    const auto at = static_cast<std::size_t>(i);
    shapes[at] = input.shape();
    strides[at] = RowMajorStrides(input.shape());
    values[at] = ToDoubles(input);
  }
  PLUMB_ASSIGN_OR_RETURN(const Layout layout, Arrange(shapes, strides));
  const int row = layout.batch.rank(), column = row + 1;
  std::array<Strides, 4> batch;
  for (std::size_t i = 0; i < 4; ++i) {
    batch[i] = Strides(layout.strides[i].span().first(static_cast<std::size_t>(row)));
  }
  Shape shape = layout.batch;
  shape.Append(layout.queries);
  shape.Append(layout.value_width);
  PLUMB_RETURN_IF_ERROR(context.Allocate(0, context.input(kQ).dtype(), shape).status());
  const double scale = Scale(context.attrs());
  std::vector<double> result, weights(static_cast<std::size_t>(layout.keys));
  ForEachOffset(layout.batch, batch, [&](const std::array<std::int64_t, 4>& at) {
    const auto value = [&](std::size_t input, std::int64_t i, std::int64_t j) {
      const Strides& s = layout.strides[input];
      return values[input][static_cast<std::size_t>(at[input] + i * s[row] + j * s[column])];
    };
    for (std::int64_t i = 0; i < layout.queries; ++i) {
      for (std::int64_t j = 0; j < layout.keys; ++j) {
        double score = 0;
        for (std::int64_t c = 0; c < layout.width; ++c) score += value(kQ, i, c) * value(kK, c, j);
        weights[static_cast<std::size_t>(j)] = scale * score + value(kMask, i, j);
      }
      Softmax(&weights);
      for (std::int64_t c = 0; c < layout.value_width; ++c) {
        double sum = 0;
        for (std::int64_t j = 0; j < layout.keys; ++j) {
          sum += weights[static_cast<std::size_t>(j)] * value(kV, j, c);
        }
        result.push_back(sum);
      }
    }
  });
  context.SetOutput(0, FromDoubles(context.input(kQ).dtype(), shape, result));
  return OkStatus();
}

// --- gradient ---------------------------------------------------------------------------------
Expr Product(const Expr& a, const Expr& b) { return Call("MatMul", {a, b}); }

// The last two dimensions exchanged.
Expr Flipped(const Expr& a) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(*a.rank()));
  std::iota(order.begin(), order.end(), 0);
  std::swap(order[order.size() - 1], order[order.size() - 2]);
  return Transpose(a, order);
}

// With w the weights: dV = w' dY; dw = dY V'; dscores = (dw - sum of dw w) w.
Status Gradient(GradientContext& context) {
  const Expr dy = GradientOf(context);
  if (!dy.present()) return OkStatus();
  const Expr q = InputOf(context, kQ), k = InputOf(context, kK), v = InputOf(context, kV);
  const Expr mask = InputOf(context, kMask);
  if (!q.rank() || !k.rank() || !v.rank() || !dy.rank()) {
    return Unimplemented("gradient needs the ranks of Q, K and V");
  }
  const double scale = Scale(context.node().attrs);
  Expr scores = Product(q, k) * scale;
  if (mask.present()) scores = scores + mask;
  const Expr weights = Call("Softmax", {scores}, Attrs({{"axis", std::int64_t{-1}}}));
  if (!weights.rank()) return context.builder().status();
  const Expr d_weights = Product(dy, Flipped(v));
  const Expr sum = Reduce("ReduceSum", d_weights * weights, {-1}, /*keep=*/true);
  const Expr d_scores = (d_weights - sum) * weights;
  if (!d_scores.rank()) return context.builder().status();
  SetGradient(context, kQ, Product(d_scores, Flipped(k)) * scale);
  SetGradient(context, kK, Product(Flipped(q), d_scores) * scale);
  SetGradient(context, kV, Product(Flipped(weights), dy));
  if (mask.present()) SetGradient(context, kMask, d_scores);
  return context.builder().status();
}

// --- cost -------------------------------------------------------------------------------------
Cost CostOf(const ConcreteNode& node) {
  const auto keys = static_cast<double>(node.input_shapes[kK].back());
  const auto width = static_cast<double>(node.input_shapes[kQ].back());
  const Shape& result = node.output_shapes[0];
  double queries = 1;
  for (int i = 0; i + 1 < result.rank(); ++i) queries *= static_cast<double>(result[i]);
  const double scores = queries * keys;
  Cost cost = CostOfMacs(node, scores * (width + static_cast<double>(result.back())));
  cost.ops += 16 * scores;  // of the softmax
  return cost;
}

// --- lowering ---------------------------------------------------------------------------------
// False where the leading dimensions do not fold into three.
bool MakeProblem(const Layout& layout, const Strides& y, kernels::AttentionProblem* problem) {
  const int rank = layout.batch.rank();
  const std::array<const Strides*, 5> strides = {&layout.strides[kQ], &layout.strides[kK],
                                                 &layout.strides[kV], &layout.strides[kMask], &y};
  kernels::LoopNest nest;
  nest.rank = rank;
  nest.operands = 5;
  for (int d = 0; d < rank; ++d) {
    nest.sizes[d] = layout.batch[d];
    for (std::size_t i = 0; i < strides.size(); ++i) nest.strides[i][d] = (*strides[i])[d];
  }
  MergeDims(&nest, /*sort=*/false, 0);
  if (nest.rank > 3) return false;
  problem->queries = layout.queries;
  problem->keys = layout.keys;
  problem->width = layout.width;
  problem->value_width = layout.value_width;
  const std::array<kernels::MatrixStrides*, 5> matrices = {&problem->q, &problem->k, &problem->v,
                                                           &problem->mask, &problem->y};
  for (int d = 0; d < nest.rank; ++d) {
    problem->batch[static_cast<std::size_t>(3 - nest.rank + d)] = nest.sizes[d];
  }
  for (std::size_t i = 0; i < matrices.size(); ++i) {
    matrices[i]->row = (*strides[i])[rank];
    matrices[i]->col = (*strides[i])[rank + 1];
    for (int d = 0; d < nest.rank; ++d) {
      matrices[i]->batch[static_cast<std::size_t>(3 - nest.rank + d)] = nest.strides[i][d];
    }
  }
  return true;
}

Status Lower(LowerContext& context) {
  std::array<Shape, 4> shapes;
  std::array<Strides, 4> strides;
  for (int i = 0; i < 4; ++i) {
    if (!context.has_input(i)) continue;
    const Operand& input = context.input(i);
    if (input.dtype != DType::kFloat32) return OkStatus();
    const auto at = static_cast<std::size_t>(i);
    shapes[at] = input.shape;
    strides[at] = input.constant != nullptr ? RowMajorStrides(input.shape) : input.strides;
  }
  PLUMB_ASSIGN_OR_RETURN(const Layout layout, Arrange(shapes, strides));
  const Operand& y = context.output(0);
  kernels::AttentionProblem problem;
  if (!MakeProblem(layout, Over(layout.batch, y.shape, y.strides), &problem)) return OkStatus();
  problem.has_mask = context.has_input(kMask);
  problem.scale = Scale(context.attrs());
  std::vector<kernels::Algorithm> algorithms;
  ListAttention(problem, context.target(), &algorithms);
  for (const kernels::Algorithm& algorithm : algorithms) {
    if (!context.Wants(algorithm)) continue;
    KernelChoice choice;
    choice.algorithm = algorithm;
    if (context.chosen() == nullptr) {
      choice.name = AttentionAlgorithmName(algorithm);
      choice.estimate = EstimateAttention(problem, algorithm, context.target());
    }
    choice.kernel = BindAttention(problem, algorithm, context.target());
    choice.operands = {
        {OperandRef::kInput, kQ},
        {OperandRef::kInput, kK},
        {OperandRef::kInput, kV},
        problem.has_mask ? OperandRef{OperandRef::kInput, kMask} : OperandRef{},
        {OperandRef::kOutput, 0},
    };
    context.Add(std::move(choice));
  }
  return OkStatus();
}

// --- samples ----------------------------------------------------------------------------------
std::vector<Sample> Samples() {
  const AttrMap scaled = Attrs({{"scale", 0.35f}});
  std::vector<double> causal;
  for (int i = 0; i < 5; ++i) {
    for (int j = 0; j < 5; ++j) causal.push_back(j > i ? -INFINITY : 0.5 * j);
  }
  const auto random = [](DType dtype) {
    return std::vector<SampleInput>{Random(dtype, {2, 3, 4}), Random(dtype, {2, 4, 5}),
                                    Random(dtype, {2, 5, 3})};
  };
  return {
      {"one head", {F32({5, 8}), F32({8, 7}), F32({7, 6})}, {}},
      {"heads", {F32({2, 3, 7, 16}, -2, 2), F32({2, 3, 16, 9}), F32({2, 3, 9, 17})}, scaled},
      {"mask of a batch",
       {F32({2, 3, 4, 8}), F32({2, 3, 8, 9}), F32({2, 3, 9, 8}), F32({2, 1, 1, 9}, -4, 4)},
       scaled},
      {"mask of queries",
       {F32({2, 2, 4, 8}), F32({2, 2, 8, 6}), F32({2, 2, 6, 5}), F32({4, 6}, -4, 4)},
       scaled},
      {"mask of heads",
       {F32({2, 2, 4, 3}), F32({2, 2, 3, 6}), F32({2, 2, 6, 5}), F32({2, 4, 6}, -4, 4)},
       {}},
      {"mask of one column", {F32({4, 3}), F32({3, 6}), F32({6, 5}), F32({4, 1}, -4, 4)}, {}},
      {"one number as mask", {F32({4, 3}), F32({3, 6}), F32({6, 5}), F32({})}, {}},
      {"constant mask",
       {F32({2, 5, 8}), F32({2, 8, 5}), F32({2, 5, 4}),
        Constant(Given(DType::kFloat32, {5, 5}, causal))},
       scaled,
       1,
       1e-5,
       false},
      {"keys that heads share", {F32({2, 4, 6, 8}), F32({2, 1, 8, 9}), F32({1, 1, 9, 8})}, scaled},
      {"values of a batch", {F32({3, 4}), F32({4, 5}), F32({2, 5, 3})}, {}},
      {"one query", {F32({2, 1, 64}), F32({2, 64, 33}), F32({2, 33, 64})}, scaled},
      {"one key", {F32({2, 3, 4}), F32({2, 4, 1}), F32({2, 1, 4})}, {}},
      {"many keys",
       {F32({2, 70, 24}, -3, 3), F32({2, 24, 300}), F32({2, 300, 40}), F32({2, 70, 300}, -9, 9)},
       {},
       1,
       1e-5,
       false},
      {"no keys", {F32({2, 3, 4}), F32({2, 4, 0}), F32({2, 0, 5})}, {}},
      {"no queries", {F32({0, 4}), F32({4, 5}), F32({5, 3})}, {}},
      {"no width", {F32({3, 0}), F32({0, 5}), F32({5, 3})}, {}},
      {"f64", random(DType::kFloat64), scaled},
      {"f16", random(DType::kFloat16), scaled, 1, 4e-3, false},
  };
}

}  // namespace

const OpDef& AttentionOp() {
  static const OpDef op = [] {
    OpDef op = Schema();
    op.infer = Infer;
    op.reference = Reference;
    op.gradient = Gradient;
    op.cost = CostOf;
    op.lower = Lower;
    op.patterns = AttentionPatterns();
    op.samples = Samples;
    return op;
  }();
  return op;
}

}  // namespace plumb::ops
