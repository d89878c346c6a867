// GatherND: the last dimension of `indices` holds tuples that address slices of `data` behind
// `batch_dims` shared leading dimensions,
//   output[batch, t..., :] = data[batch, indices[batch, t..., 0], ..., :].
// Opsets: 11, 12 (batch_dims), 13.
#include <algorithm>

#include "ops/expression.h"
#include "ops/indexing_kernel.h"
#include "ops/indices.h"
#include "ops/movement.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

StatusOr<int> BatchDims(const AttrMap& attrs, std::size_t data_rank, std::size_t index_rank) {
  const std::int64_t batch = attrs.Int("batch_dims", 0);
  const auto least = static_cast<std::int64_t>(std::min(data_rank, index_rank));
  if (least < 1 || batch < 0 || batch >= least) {
    return InvalidArgument("batch_dims is ", batch, " for data of rank ", data_rank,
                           " and indices of rank ", index_rank);
  }
  return static_cast<int>(batch);
}

// data = batch x indexed x slice, indices = batch x tuples x depth.
struct Parts {
  int batch_dims = 0, depth = 0;
  std::int64_t batch = 1, tuples = 1, indexed = 1, slice = 1;
  Shape indexed_sizes, output;
};

StatusOr<Parts> PartsOf(const Shape& data, const Shape& indices, const AttrMap& attrs) {
  Parts parts;
  PLUMB_ASSIGN_OR_RETURN(parts.batch_dims, BatchDims(attrs, static_cast<std::size_t>(data.rank()),
                                                     static_cast<std::size_t>(indices.rank())));
  if (indices.back() < 1 || indices.back() > data.rank() - parts.batch_dims) {
    return InvalidArgument("indices have shape ", indices.ToString(), ", data has ",
                           data.ToString(), ": a tuple has 1 to ", data.rank() - parts.batch_dims,
                           " indices");
  }
  parts.depth = static_cast<int>(indices.back());
  std::vector<std::int64_t> sizes;
  for (int i = 0; i < parts.batch_dims; ++i) {
    if (data[i] != indices[i]) {
      return InvalidArgument("batch dimension ", i, " is ", data[i], " in data and ", indices[i],
                             " in indices");
    }
    parts.batch *= data[i];
  }
  for (int i = 0; i < indices.rank() - 1; ++i) {
    sizes.push_back(indices[i]);
    if (i >= parts.batch_dims) parts.tuples *= indices[i];
  }
  for (int i = parts.batch_dims; i < data.rank(); ++i) {
    if (i < parts.batch_dims + parts.depth) {
      parts.indexed_sizes.Append(data[i]);
      parts.indexed *= data[i];
    } else {
      sizes.push_back(data[i]);
      parts.slice *= data[i];
    }
  }
  PLUMB_ASSIGN_OR_RETURN(parts.output, MakeShape(sizes));
  return parts;
}

// --- shape inference ---
Status Infer(InferContext& context) {
  context.SetOutput(0, context.dtype(0), std::nullopt);
  if (!context.has_dims(0) || !context.has_dims(1)) return OkStatus();
  const DimVector &data = context.dims(0), &indices = context.dims(1);
  const auto data_shape = ConcreteShape(data), index_shape = ConcreteShape(indices);
  if (data_shape.has_value() && index_shape.has_value()) {
    PLUMB_ASSIGN_OR_RETURN(const Parts parts, PartsOf(*data_shape, *index_shape, context.attrs()));
    context.SetOutput(0, context.dtype(0), ToDims(parts.output));
    return OkStatus();
  }
  PLUMB_ASSIGN_OR_RETURN(const int batch, BatchDims(context.attrs(), data.size(), indices.size()));
  if (!indices.back().is_constant()) return OkStatus();
  const std::int64_t sliced = batch + indices.back().value();
  if (sliced <= batch || sliced > static_cast<std::int64_t>(data.size())) {
    return InvalidArgument("tuples of ", indices.back().value(), " indices for data of rank ",
                           data.size());
  }
  DimVector out(indices.begin(), indices.end() - 1);
  out.insert(out.end(), data.begin() + sliced, data.end());
  context.SetOutput(0, context.dtype(0), out);
  return OkStatus();
}

// --- reference ---
Status Reference(ReferenceContext& context) {
  const Tensor& data = context.input(0);
  PLUMB_ASSIGN_OR_RETURN(const Parts parts,
                         PartsOf(data.shape(), context.input(1).shape(), context.attrs()));
  PLUMB_ASSIGN_OR_RETURN(const auto indices,
                         NormalTuples(context.input(1), parts.indexed_sizes.span()));
  PLUMB_ASSIGN_OR_RETURN(Tensor * out, context.Allocate(0, data.dtype(), parts.output));
  const ElementCopier copier(data, out);
  const Strides strides = RowMajorStrides(parts.indexed_sizes);
  std::int64_t to = 0;
  for (std::int64_t t = 0; t < parts.batch * parts.tuples; ++t) {
    std::int64_t from = t / parts.tuples * parts.indexed;
    for (int d = 0; d < parts.depth; ++d) {
      from += indices[static_cast<std::size_t>(t * parts.depth + d)] * strides[d];
    }
    for (std::int64_t i = 0; i < parts.slice; ++i) copier.Copy(from * parts.slice + i, to++);
  }
  return OkStatus();
}

// --- lowering ---
Status Lower(LowerContext& context) {
  if (!IsPackedAndPlain(context)) return OkStatus();
  const Operand& data = context.input(0);
  PLUMB_ASSIGN_OR_RETURN(const Parts parts,
                         PartsOf(data.shape, context.input(1).shape, context.attrs()));
  kernels::GatherNdProblem problem;
  problem.wide_indices = context.input(1).dtype == DType::kInt64;
  problem.batch = parts.batch;
  problem.tuples = parts.tuples;
  problem.depth = parts.depth;
  problem.indexed_sizes = parts.indexed_sizes;
  problem.slice_bytes = StorageBytes(data.dtype, parts.slice);
  AddIndexingKernel(context, "gather_nd", kernels::BindGatherNd(problem, context.target()));
  return OkStatus();
}

// --- samples ---
std::vector<Sample> Samples() {
  return {{.name = "elements",
           .inputs = {F32({3, 4}), Given(DType::kInt64, {3, 2}, {0, 0, 2, -1, 1, 3})}},
          {.name = "slices", .inputs = {F32({3, 2, 4}), Given(DType::kInt64, {2, 1}, {2, 0})}},
          {.name = "batched",
           .inputs = {F32({2, 3, 4}), Given(DType::kInt64, {2, 2, 1}, {0, 2, 1, 1})},
           .attrs = Attrs({{"batch_dims", 1}})}};
}

}  // namespace

const OpDef& GatherNDOp() {
  static const OpDef op{
      .name = "GatherND",
      .doc = "output[batch, t..., :] = data[batch, indices[batch, t..., :]..., :]",
      .since_opset = 11,
      .inputs = {{"data", "T=any"}, {"indices", "index"}},
      .outputs = {{"output", "T=any"}},
      .attrs = {{"batch_dims", AttrType::kInt}},
      .differentiability = Differentiability::kYes,
      .infer = Infer,
      .reference = Reference,
      .gradient = PickGradient,
      .cost = MovementCost,
      .lower = Lower,
      .samples = Samples,
  };
  return op;
}

}  // namespace plumb::ops
