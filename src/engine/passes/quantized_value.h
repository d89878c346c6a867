// What passes know of quantised values: which constants a value was quantised or dequantised with.
#pragma once

#include <cstdint>
#include <optional>

#include "graph/graph.h"
#include "graph/op_def.h"
#include "ops/requantize.h"

namespace plumb::engine {

// A quantised tensor with its constants.
struct Quantized {
  ValueId values = kNoValue;
  ValueId scale = kNoValue;
  ValueId zero = kNoValue;  // may be absent
  std::int64_t axis = 1;
  bool relu = false;  // before it was quantised, as far as the caller looked
};

bool IsSmall(const Graph& graph, ValueId v);   // int8 or uint8
bool IsScalar(const Graph& graph, ValueId v);  // a constant of one element
// The one element; `absent` where there is no value.
double ScalarOf(const Graph& graph, ValueId v, double absent);

// What dequantised `v`, with constant scales; nullopt where nothing did.
std::optional<Quantized> Source(const Graph& graph, ValueId v);
// The same of 8 bits and one scale.
std::optional<Quantized> SmallSource(const Graph& graph, ValueId v);
// What the node quantises to, of 8 bits and one constant scale; nullopt where it does not.
std::optional<Quantized> SmallTarget(const Graph& graph, const Node& node);

// Of one scale.
ops::ByteScale ByteScaleOf(const Graph& graph, const Quantized& q);

// The zero point of a result, which says its type even where the file leaves it out.
ValueId ZeroPointOf(Graph& graph, const Quantized& q);

}  // namespace plumb::engine
