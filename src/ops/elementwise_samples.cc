// Samples of the elementwise operators.
#include <utility>

#include "graph/schema.h"
#include "ops/elementwise.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {

std::vector<Sample> UnarySamples(const UnaryRule& rule) {
  std::vector<Sample> samples;
  // Steps (Floor, Sign) have a zero derivative that finite differences across a step do not give.
  const bool smooth = rule.gradient != nullptr;
  const auto add = [&](std::string name, SampleInput input, double tolerance) {
    samples.push_back({std::move(name), {std::move(input)}, {}, 1, tolerance, smooth});
  };
  if (rule.real != nullptr) {
    add("rows", F32({2, 3, 17}, rule.low, rule.high), 1e-5);
    add("scalar", F32({}, rule.low, rule.high), 1e-5);
    add("empty", F32({0, 3}, rule.low, rule.high), 1e-5);
    add("image", F32({2, 5, 7, 3}, rule.low, rule.high), 1e-5);
    add("f64", Random(DType::kFloat64, {33}, rule.low, rule.high), 1e-5);
    add("f16", Random(DType::kFloat16, {3, 5}, rule.low, rule.high), 4e-3);
    add("bf16", Random(DType::kBFloat16, {3, 5}, rule.low, rule.high), 3e-2);
    for (auto sample = samples.end() - 2; sample != samples.end(); ++sample) {
      sample->gradient = false;
    }
    if (!smooth && !rule.to_bool) {
      add("between_steps", Given(DType::kFloat32, {5}, {-1.7, -0.4, 0.3, 1.2, 2.6}), 1e-5);
      samples.back().gradient = true;
    }
  }
  const std::pair<const char*, SampleInput> integers[] = {
      {"bool", Random(DType::kBool, {2, 17}, 0, 1)},
      {"i32", Random(DType::kInt32, {2, 17}, -100, 100)},
      {"i64", Random(DType::kInt64, {5}, -1e9, 1e9)},
      {"u8", Random(DType::kUInt8, {5, 2}, 0, 255)},
      {"i8", Given(DType::kInt8, {4}, {-128, -1, 0, 127})}};
  for (const auto& [name, input] : integers) {
    if (rule.integer != nullptr && TypeAllowed(rule.types, input.dtype)) add(name, input, 0);
  }
  return samples;
}

std::vector<Sample> BinarySamples(const BinaryRule& rule) {
  std::vector<Sample> samples;
  const auto add = [&](std::string name, DType type, Sizes a, Sizes b, double tolerance) {
    const bool real = IsFloating(type);
    const bool boolean = type == DType::kBool;
    const double low = boolean || (!real && !IsSigned(type)) ? 0 : -20;
    const double high = boolean ? 1 : 20;
    samples.push_back(
        {std::move(name),
         {Random(type, std::move(a), real ? rule.low : low, real ? rule.high : high),
          Random(type, std::move(b), real ? rule.low_b : low, real ? rule.high_b : high)},
         {},
         1,
         tolerance,
         real && rule.gradient != nullptr && tolerance < 1e-4});
  };
  const auto add_shapes = [&](DType type, double tolerance) {
    add("same", type, {2, 3, 17}, {2, 3, 17}, tolerance);
    add("bias", type, {2, 3, 17}, {17}, tolerance);
    add("channels", type, {2, 3, 4, 5}, {3, 1, 1}, tolerance);
    add("both ways", type, {3, 1, 5}, {2, 1, 4, 1}, tolerance);
    add("scalar", type, {}, {3, 2}, tolerance);
    add("empty", type, {0, 3}, {1, 3}, tolerance);
  };
  if (rule.real != nullptr) {
    add_shapes(DType::kFloat32, 1e-5);
    add("f64", DType::kFloat64, {5, 7}, {1, 7}, 1e-5);
    add("f16", DType::kFloat16, {5, 3}, {5, 3}, 4e-3);
    add("bf16", DType::kBFloat16, {5, 3}, {5, 1}, 3e-2);
  }
  if (rule.integer == nullptr) return samples;
  if (rule.real == nullptr && TypeAllowed(rule.types, DType::kBool)) {
    add_shapes(DType::kBool, 0);
    return samples;
  }
  add("i32", DType::kInt32, {4, 9}, {9}, 0);
  add("i64", DType::kInt64, {4, 1}, {1, 9}, 0);
  add("u8", DType::kUInt8, {17}, {17}, 0);
  add("i8", DType::kInt8, {17}, {}, 0);
  return samples;
}

std::vector<Sample> VariadicSamples(const VariadicRule& rule) {
  std::vector<Sample> samples = {
      {"one", {F32({2, 3})}, {}},
      {"two", {F32({2, 3, 5}), F32({2, 3, 5})}, {}},
      {"three", {F32({2, 3, 5}), F32({3, 1}), F32({1, 1, 5})}, {}},
      {"five", {F32({7}), F32({7}), F32({1}), F32({7}), F32({})}, {}},
      {"empty", {F32({0, 3}), F32({3})}, {}},
      {"f64", {Random(DType::kFloat64, {4, 3}), Random(DType::kFloat64, {3})}, {}},
  };
  if (rule.integer != nullptr) {
    const auto ints = [](Sizes shape) { return Random(DType::kInt64, std::move(shape), -9, 9); };
    samples.push_back({"i64", {ints({4, 3}), ints({3}), ints({4, 1})}, {}, 1, 0});
  }
  return samples;
}

}  // namespace plumb::ops
