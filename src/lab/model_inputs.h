// Shapes and contents of a model's inputs where nobody gives all of them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/tensor.h"
#include "graph/graph.h"

namespace plumb::lab {

// "1x3x224x224", as Shape::ToString writes it: one size or more, none of them negative, or
// "scalar".
StatusOr<Shape> ParseShape(std::string_view text);

using NamedShapes = std::map<std::string, Shape>;  // by name of the input

// A shape for each input, in order: the given one, or the one of the model, whose symbols take the
// sizes that they have in given shapes; a first dimension that is still open is `batch`. Errors
// name the input that is not there or that leaves another size open.
StatusOr<std::vector<Shape>> BindInputShapes(const Graph& graph, const NamedShapes& given,
                                             std::int64_t batch);

// The size of the first dimension of the first input that leaves it open; nothing when none does.
std::optional<std::int64_t> OpenBatchOf(const Graph& graph, const std::vector<Shape>& shapes);

// The same, else the first dimension of the first input that has two or more, else 1.
std::int64_t BatchOf(const Graph& graph, const std::vector<Shape>& shapes);

// "f32[N,3]", or "f32 any rank".
std::string TypeText(const Graph& graph, const ValueInfo& info);

// Seeded normal numbers for floats, zeros and ones for integers, empty strings. Errors: no memory
// for it, a type of less than a byte.
StatusOr<Tensor> RandomTensor(DType dtype, const Shape& shape, std::uint64_t seed);

}  // namespace plumb::lab
