#include "ops/conv_samples.h"

#include <string>
#include <utility>

#include "ops/expression.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

AttrMap Pads(const Sizes& pads, const Sizes& strides = {}, const Sizes& dilations = {}) {
  AttrMap attrs;
  attrs.Set("pads", pads);
  if (!strides.empty()) attrs.Set("strides", strides);
  if (!dilations.empty()) attrs.Set("dilations", dilations);
  return attrs;
}

AttrMap Grouped(std::int64_t group, AttrMap attrs = {}) {
  attrs.Set("group", group);
  return attrs;
}

AttrMap AutoPadded(const char* mode, const Sizes& strides) {
  return Attrs({{"auto_pad", std::string(mode)}, {"strides", strides}});
}

Sample Case(std::string name, Sizes x, Sizes weight, AttrMap attrs, bool bias = true) {
  Sample sample;
  sample.name = std::move(name);
  sample.inputs = {F32(std::move(x)), Weight(weight)};
  if (bias) sample.inputs.push_back(Weight({weight[0]}));
  sample.attrs = std::move(attrs);
  return sample;
}

}  // namespace

std::vector<Sample> ConvSamples() {
  std::vector<Sample> samples = {
      Case("3x3", {1, 16, 7, 9}, {32, 16, 3, 3}, Pads({1, 1, 1, 1})),
      Case("first layer", {1, 3, 15, 17}, {8, 3, 7, 7}, Pads({3, 3, 3, 3}, {2, 2})),
      Case("1x1", {2, 17, 5, 5}, {19, 17, 1, 1}, {}),
      Case("1x1 strided", {1, 16, 7, 7}, {16, 16, 1, 1}, Pads({0, 0, 0, 0}, {2, 2})),
      Case("stride beyond kernel", {1, 4, 11, 11}, {4, 4, 2, 2}, Pads({0, 0, 0, 0}, {3, 4})),
      Case("one pixel", {1, 3, 1, 1}, {17, 3, 3, 3}, Pads({1, 1, 1, 1})),
      Case("one channel", {2, 1, 6, 5}, {1, 1, 3, 2}, {}, false),
      Case("asymmetric pads", {1, 5, 6, 7}, {3, 5, 3, 4}, Pads({0, 2, 1, 3})),
      Case("dilation", {1, 4, 12, 11}, {6, 4, 3, 3}, Pads({2, 1, 2, 1}, {1, 2}, {2, 3})),
      Case("groups", {1, 12, 6, 6}, {8, 3, 3, 3}, Grouped(4, Pads({1, 1, 1, 1}))),
      Case("groups of 16", {1, 32, 5, 5}, {32, 16, 3, 3}, Grouped(2, Pads({1, 1, 1, 1}))),
      Case("depthwise", {2, 17, 7, 6}, {17, 1, 3, 3}, Grouped(17, Pads({1, 1, 1, 1}))),
      Case("depthwise strided", {1, 32, 9, 9}, {32, 1, 5, 5},
           Grouped(32, Pads({2, 2, 2, 2}, {2, 2}))),
      Case("depthwise multiplied", {1, 3, 5, 5}, {6, 1, 3, 3}, Grouped(3)),
      Case("same upper", {1, 3, 8, 7}, {4, 3, 3, 2}, AutoPadded("SAME_UPPER", {2, 3})),
      Case("same lower", {1, 3, 8, 7}, {4, 3, 2, 4}, AutoPadded("SAME_LOWER", {2, 1})),
      Case("valid", {1, 3, 8, 7}, {4, 3, 3, 3}, AutoPadded("VALID", {1, 2})),
      Case("one dimension", {2, 6, 13}, {5, 6, 3}, Pads({2, 0}, {1}, {2})),
      Case("three dimensions", {1, 3, 5, 4, 6}, {4, 3, 2, 3, 3}, Pads({0, 1, 1, 1, 1, 0})),
      Case("empty batch", {0, 3, 5, 5}, {4, 3, 3, 3}, {}),
  };
  samples.push_back(
      {"f64", {Random(DType::kFloat64, {1, 3, 5, 5}), Random(DType::kFloat64, {2, 3, 3, 3})}, {}});
  samples.push_back(
      {"weight given at run time", {F32({1, 3, 5, 5}), F32({2, 3, 3, 3}), F32({2})}, {}});
  samples.push_back(Case("large kernel", {1, 3, 14, 17}, {5, 3, 9, 11}, Pads({4, 3, 5, 2})));
  samples.push_back(
      Case("large depthwise", {2, 18, 11, 12}, {18, 1, 9, 9}, Grouped(18, Pads({4, 4, 4, 4}))));
  return samples;
}

}  // namespace plumb::ops
