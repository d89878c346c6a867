#include "ops/sample_graph.h"

#include <utility>

#include "core/random.h"
#include "graph/builder.h"

namespace plumb::ops {
namespace {

// Symbols are named after the size that they stand for: "s4" is 4.
DimVector SymbolicDims(const Shape& shape, SymbolTable& symbols) {
  DimVector dims;
  for (std::int64_t size : shape) {
    dims.push_back(size > 1 ? Dim::Symbol(symbols.Intern(absl::StrCat("s", size))) : Dim(size));
  }
  return dims;
}

}  // namespace

std::string SampleName(const OpDef& op, const Sample& sample) {
  return absl::StrCat(Str(op.domain), op.domain.empty() ? "" : ".", Str(op.name), ".", sample.name);
}

Tensor SampleTensor(const SampleInput& input, std::uint64_t seed) {
  const Shape shape{std::span<const std::int64_t>(input.shape)};
  const std::int64_t count = NumElements(shape);
  std::vector<double> values = input.values;
  plumb::Random random(seed);
  while (static_cast<std::int64_t>(values.size()) < count) {
    if (input.dtype == DType::kBool) {
      values.push_back(static_cast<double>(random.Uniform(0, 1)));
    } else if (IsInteger(input.dtype)) {
      values.push_back(static_cast<double>(random.Uniform(static_cast<std::int64_t>(input.low),
                                                          static_cast<std::int64_t>(input.high))));
    } else {
      values.push_back(input.low + (input.high - input.low) * random.NextDouble());
    }
  }
  return FromDoubles(input.dtype, shape, values);
}

StatusOr<SampleGraph> MakeSampleGraph(const OpDef& op, const Sample& sample, const OpTable& ops,
                                      const SampleOptions& options) {
  SampleGraph result;
  result.graph.name = "sample";
  std::vector<ValueId> inputs;
  for (std::size_t i = 0; i < sample.inputs.size(); ++i) {
    SampleInput input = sample.inputs[i];
    if (input.omitted) {
      inputs.push_back(kNoValue);
      result.operands.emplace_back();
      continue;
    }
    if (input.dtype == DType::kFloat32 && options.float_type) input.dtype = *options.float_type;
    const Tensor tensor = SampleTensor(input, options.seed + 1000 * i);
    const std::string name = absl::StrCat("x", i);
    if (input.constant && (options.constants || !IsFloating(input.dtype))) {
      inputs.push_back(result.graph.AddConstant(name, tensor));
    } else {
      const DimVector dims = options.symbolic ? SymbolicDims(tensor.shape(), result.graph.symbols())
                                              : ToDims(tensor.shape());
      inputs.push_back(result.graph.AddInput(name, tensor.dtype(), dims));
      result.inputs.push_back(tensor);
    }
    result.operands.push_back(tensor);
  }
  GraphBuilder builder(&result.graph, &ops);
  const std::string called =
      op.domain.empty() ? Str(op.name) : absl::StrCat(Str(op.domain), ".", Str(op.name));
  const std::vector<ValueId> outputs =
      builder.CallN(called, std::move(inputs), sample.outputs, sample.attrs);
  PLUMB_RETURN_IF_ERROR(builder.status());
  for (ValueId output : outputs) result.graph.AddOutput(output);
  result.node = result.graph.value(outputs[0]).producer;
  return result;
}

}  // namespace plumb::ops
