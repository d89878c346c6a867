#include "lab/model_inputs.h"

#include <algorithm>
#include <charconv>

#include "core/random.h"

namespace plumb::lab {

StatusOr<Shape> ParseShape(std::string_view text) {
  if (text == "scalar") return Shape();
  std::vector<std::int64_t> sizes;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (bool more = true; more;) {
    std::int64_t size = 0;
    const auto [next, error] = std::from_chars(at, end, size);
    more = next < end;
    if (error != std::errc() || size < 0 || (more && *next != 'x')) {
      return InvalidArgument("'", Str(text), "' is no shape: expected sizes such as 1x3x224x224");
    }
    sizes.push_back(size);
    at = more ? next + 1 : next;
  }
  return MakeShape(sizes);
}

namespace {

Status CheckNames(const Graph& graph, const NamedShapes& given) {
  std::string names;
  for (ValueId input : graph.inputs()) {
    absl::StrAppend(&names, names.empty() ? "" : ", ", graph.value(input).name);
  }
  for (const auto& [name, shape] : given) {
    const auto named = [&, &wanted = name](ValueId v) { return graph.value(v).name == wanted; };
    if (std::none_of(graph.inputs().begin(), graph.inputs().end(), named)) {
      return InvalidArgument("no input '", name, "'; there is ", names);
    }
  }
  return OkStatus();
}

using SymbolSizes = std::map<int, std::int64_t>;

// What the given shapes tell of symbols that other inputs share.
SymbolSizes SizesOfSymbols(const Graph& graph, const NamedShapes& given) {
  SymbolSizes sizes;
  for (ValueId input : graph.inputs()) {
    const Value& value = graph.value(input);
    const auto found = given.find(value.name);
    if (found == given.end() || !value.info.dims) continue;
    for (std::size_t k = 0; k < value.info.dims->size(); ++k) {
      const Dim& dim = (*value.info.dims)[k];
      if (!dim.is_constant() && static_cast<int>(k) < found->second.rank()) {
        sizes[dim.symbol()] = found->second[static_cast<int>(k)];
      }
    }
  }
  return sizes;
}

StatusOr<Shape> BindShape(const Graph& graph, const Value& value, const SymbolSizes& symbols,
                          std::int64_t batch) {
  if (!value.info.dims) {
    return InvalidArgument("input '", value.name, "' has no known rank: give its sizes");
  }
  Shape shape;
  for (std::size_t k = 0; k < value.info.dims->size(); ++k) {
    const Dim& dim = (*value.info.dims)[k];
    if (dim.is_constant()) {
      shape.Append(dim.value());
    } else if (const auto known = symbols.find(dim.symbol()); known != symbols.end()) {
      shape.Append(known->second);
    } else if (k == 0) {
      shape.Append(batch);
    } else {
      return InvalidArgument("input '", value.name, "' leaves dimension ", k, " (",
                             dim.ToString(graph.symbols()), ") open: give its sizes");
    }
  }
  return shape;
}

}  // namespace

StatusOr<std::vector<Shape>> BindInputShapes(const Graph& graph, const NamedShapes& given,
                                             std::int64_t batch) {
  PLUMB_RETURN_IF_ERROR(CheckNames(graph, given));
  const SymbolSizes symbols = SizesOfSymbols(graph, given);
  std::vector<Shape> shapes;
  for (ValueId input : graph.inputs()) {
    const Value& value = graph.value(input);
    if (const auto found = given.find(value.name); found != given.end()) {
      shapes.push_back(found->second);
      continue;
    }
    PLUMB_ASSIGN_OR_RETURN(const Shape shape, BindShape(graph, value, symbols, batch));
    shapes.push_back(shape);
  }
  return shapes;
}

std::optional<std::int64_t> OpenBatchOf(const Graph& graph, const std::vector<Shape>& shapes) {
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const auto& dims = graph.value(graph.inputs()[i]).info.dims;
    const bool open = dims && !dims->empty() && !dims->front().is_constant();
    if (open && shapes[i].rank() > 0) return shapes[i][0];
  }
  return std::nullopt;
}

std::int64_t BatchOf(const Graph& graph, const std::vector<Shape>& shapes) {
  if (const auto open = OpenBatchOf(graph, shapes)) return *open;
  for (const Shape& shape : shapes) {
    if (shape.rank() >= 2) return shape[0];
  }
  return 1;
}

std::string TypeText(const Graph& graph, const ValueInfo& info) {
  std::string text(DTypeName(info.dtype));
  if (!info.dims) return text + " any rank";
  text += "[";
  for (std::size_t i = 0; i < info.dims->size(); ++i) {
    if (i > 0) text += ",";
    text += (*info.dims)[i].ToString(graph.symbols());
  }
  return text + "]";
}

StatusOr<Tensor> RandomTensor(DType dtype, const Shape& shape, std::uint64_t seed) {
  if (dtype == DType::kInt4 || dtype == DType::kUInt4) {
    return Unimplemented("no random numbers of type ", Str(DTypeName(dtype)));
  }
  PLUMB_ASSIGN_OR_RETURN(Tensor tensor, Tensor::TryAllocate(dtype, shape));
  if (dtype == DType::kString) return tensor;
  Random random(seed);
  if (dtype == DType::kFloat32) {
    for (float& v : tensor.mutable_data<float>()) v = static_cast<float>(random.NextNormal());
    return tensor;
  }
  PLUMB_ASSIGN_OR_RETURN(Tensor wide, Tensor::TryAllocate(DType::kFloat64, shape));
  for (double& v : wide.mutable_data<double>()) {
    v = IsFloating(dtype) ? random.NextNormal() : static_cast<double>(random.Uniform(0, 1));
  }
  return FromDoubles(dtype, shape, wide.data<double>());
}

}  // namespace plumb::lab
