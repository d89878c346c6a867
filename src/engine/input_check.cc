#include "engine/input_check.h"

#include <array>
#include <optional>

namespace plumb::engine {
namespace {

std::string DimsText(const Graph& graph, const DimVector& dims) {
  std::string text = "[";
  for (std::size_t i = 0; i < dims.size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ",", dims[i].ToString(graph.symbols()));
  }
  return text + "]";
}

// The few symbols that inputs have, with the sizes they were given.
class Bindings {
 public:
  bool Bind(const Dim& dim, std::int64_t size) {
    if (dim.is_constant()) return dim.value() == size;
    if (dim.is_anonymous()) return true;  // any size
    const std::int64_t scaled = size - dim.offset();
    if (scaled % dim.scale() != 0 || scaled < 0) return false;
    for (int i = 0; i < count_; ++i) {
      if (symbols_[static_cast<std::size_t>(i)] == dim.symbol()) {
        return sizes_[static_cast<std::size_t>(i)] == scaled / dim.scale();
      }
    }
    if (count_ < static_cast<int>(symbols_.size())) {
      symbols_[static_cast<std::size_t>(count_)] = dim.symbol();
      sizes_[static_cast<std::size_t>(count_++)] = scaled / dim.scale();
    }
    return true;
  }

 private:
  std::array<int, 64> symbols_{};
  std::array<std::int64_t, 64> sizes_{};
  int count_ = 0;
};

}  // namespace

Status CheckInputs(const Graph& graph, std::span<const InputType> inputs) {
  if (inputs.size() != graph.inputs().size()) {
    return InvalidArgument("the model has ", graph.inputs().size(), " inputs, ", inputs.size(),
                           " were given");
  }
  Bindings bindings;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Value& value = graph.value(graph.inputs()[i]);
    if (inputs[i].dtype != value.info.dtype) {
      return InvalidArgument("input '", value.name, "' has type ", Str(DTypeName(inputs[i].dtype)),
                             ", expected ", Str(DTypeName(value.info.dtype)));
    }
    if (!value.info.dims) continue;
    const DimVector& dims = *value.info.dims;
    const Shape& shape = inputs[i].shape;
    bool fits = static_cast<int>(dims.size()) == shape.rank();
    for (int k = 0; fits && k < shape.rank(); ++k) {
      fits = bindings.Bind(dims[static_cast<std::size_t>(k)], shape[k]);
    }
    if (!fits) {
      return InvalidArgument("input '", value.name, "' has shape ", shape.ToString(), ", expected ",
                             DimsText(graph, dims), " (a symbol has one value in all inputs)");
    }
  }
  return OkStatus();
}

}  // namespace plumb::engine
