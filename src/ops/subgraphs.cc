#include "ops/subgraphs.h"

#include "ops/elements.h"

namespace plumb::ops {

StatusOr<int> SubgraphIndex(const Node& node, std::string_view name) {
  for (std::size_t i = 0; i < node.subgraphs.size(); ++i) {
    if (node.subgraphs[i].name == name) return static_cast<int>(i);
  }
  return InvalidArgument("the subgraph ", Str(name), " is missing");
}

StatusOr<ValueInfo> EitherInfo(const ValueInfo& a, const ValueInfo& b) {
  ValueInfo either;
  if (a.dtype != b.dtype && a.dtype != DType::kUndefined && b.dtype != DType::kUndefined) {
    return InvalidArgument("type ", Str(DTypeName(a.dtype)), " on one path and ",
                           Str(DTypeName(b.dtype)), " on another");
  }
  either.dtype = a.dtype == DType::kUndefined ? b.dtype : a.dtype;
  if (!a.dims.has_value() || !b.dims.has_value() || a.dims->size() != b.dims->size()) {
    return either;
  }
  either.dims = a.dims;
  for (std::size_t i = 0; i < a.dims->size(); ++i) {
    Dim& dim = (*either.dims)[i];
    if (!(dim == (*b.dims)[i]) && !dim.is_anonymous()) dim = Dim::Anonymous();
  }
  return either;
}

bool NestsAtMost(const Graph& graph, int levels) {
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    for (const Subgraph& subgraph : graph.node(id).subgraphs) {
      if (levels == 0 || !NestsAtMost(*subgraph.body, levels - 1)) return false;
    }
  }
  return true;
}

StatusOr<Tensor> SliceAt(const Tensor& tensor, int axis, std::int64_t index) {
  const Shape& in = tensor.shape();
  Shape out;
  std::int64_t outer = 1, inner = 1;
  for (int i = 0; i < in.rank(); ++i) {
    if (i == axis) continue;
    out.Append(in[i]);
    (i < axis ? outer : inner) *= in[i];
  }
  PLUMB_ASSIGN_OR_RETURN(Tensor result, Tensor::TryAllocate(tensor.dtype(), out));
  const ElementCopier copier(tensor, &result);
  for (std::int64_t o = 0; o < outer; ++o) {
    for (std::int64_t i = 0; i < inner; ++i) {
      copier.Copy((o * in[axis] + index) * inner + i, o * inner + i);
    }
  }
  return result;
}

StatusOr<Tensor> Stack(const std::vector<Tensor>& parts, int axis, bool reversed) {
  const Shape& part = parts[0].shape();
  const auto count = static_cast<std::int64_t>(parts.size());
  std::vector<std::int64_t> sizes(part.begin(), part.end());
  sizes.insert(sizes.begin() + axis, count);
  PLUMB_ASSIGN_OR_RETURN(const Shape shape, MakeShape(sizes));
  PLUMB_ASSIGN_OR_RETURN(Tensor result, Tensor::TryAllocate(parts[0].dtype(), shape));
  std::int64_t inner = 1;
  for (int i = axis; i < part.rank(); ++i) inner *= part[i];
  for (std::int64_t p = 0; p < count; ++p) {
    const Tensor& from = parts[static_cast<std::size_t>(reversed ? count - 1 - p : p)];
    if (from.shape() != part || from.dtype() != parts[0].dtype()) {
      return InvalidArgument("an iteration gives ", Str(DTypeName(from.dtype())), " ",
                             from.shape().ToString(), ", the first gave ",
                             Str(DTypeName(parts[0].dtype())), " ", part.ToString());
    }
    const ElementCopier copier(from, &result);
    for (std::int64_t i = 0; i < from.num_elements(); ++i) {
      copier.Copy(i, (i / inner * count + p) * inner + i % inner);
    }
  }
  return result;
}

StatusOr<Tensor> EmptyStack(const ValueInfo& part, int axis) {
  if (part.dtype == DType::kUndefined) {
    return InvalidArgument("the element type of an output that no iteration made is not known");
  }
  std::vector<std::int64_t> sizes;
  for (const Dim& dim : part.dims.value_or(DimVector{})) {
    sizes.push_back(dim.is_constant() ? dim.value() : 0);
  }
  if (axis > static_cast<int>(sizes.size())) axis = static_cast<int>(sizes.size());
  sizes.insert(sizes.begin() + axis, 0);
  PLUMB_ASSIGN_OR_RETURN(const Shape shape, MakeShape(sizes));
  return Tensor::TryAllocate(part.dtype, shape);
}

}  // namespace plumb::ops
