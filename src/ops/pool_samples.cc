#include "ops/pool_samples.h"

#include <string>
#include <utility>

#include "ops/expression.h"
#include "ops/sample_inputs.h"

namespace plumb::ops {
namespace {

AttrMap PoolAttrs(const Sizes& kernel, const Sizes& strides = {}, const Sizes& pads = {},
                  bool ceil_mode = false) {
  AttrMap attrs;
  attrs.Set("kernel_shape", kernel);
  if (!strides.empty()) attrs.Set("strides", strides);
  if (!pads.empty()) attrs.Set("pads", pads);
  if (ceil_mode) attrs.Set("ceil_mode", std::int64_t{1});
  return attrs;
}

AttrMap AutoPadded(const char* mode, const Sizes& kernel, const Sizes& strides) {
  AttrMap attrs = PoolAttrs(kernel, strides);
  attrs.Set("auto_pad", std::string(mode));
  return attrs;
}

AttrMap Dilated(const Sizes& kernel, const Sizes& dilations) {
  AttrMap attrs = PoolAttrs(kernel);
  attrs.Set("dilations", dilations);
  return attrs;
}

Sample HalfCase() {
  Sample sample;
  sample.name = "bf16";
  sample.inputs = {Random(DType::kBFloat16, {1, 19, 7, 9}, -2, 2)};
  sample.attrs = PoolAttrs({3, 3}, {2, 2}, {1, 1, 1, 1});
  sample.tolerance = 1e-2;
  sample.gradient = false;
  return sample;
}

Sample Case(const char* name, Sizes x, AttrMap attrs) {
  Sample sample;
  sample.name = name;
  sample.inputs = {F32(std::move(x), -2, 2)};
  sample.attrs = std::move(attrs);
  return sample;
}

}  // namespace

std::vector<Sample> PoolSamples() {
  return {
      HalfCase(),
      Case("2x2", {1, 3, 6, 8}, PoolAttrs({2, 2}, {2, 2})),
      Case("3x3 padded", {2, 17, 7, 9}, PoolAttrs({3, 3}, {2, 2}, {1, 1, 1, 1})),
      Case("16 channels", {1, 16, 5, 5}, PoolAttrs({3, 3}, {1, 1}, {1, 1, 1, 1})),
      Case("stride beyond kernel", {1, 1, 9, 9}, PoolAttrs({2, 2}, {3, 4})),
      Case("ceil", {1, 3, 6, 7}, PoolAttrs({3, 3}, {2, 2}, {0, 0, 0, 0}, true)),
      Case("ceil padded", {1, 2, 5, 6}, PoolAttrs({2, 3}, {2, 2}, {1, 1, 0, 1}, true)),
      Case("asymmetric pads", {1, 3, 6, 6}, PoolAttrs({3, 4}, {1, 2}, {0, 2, 2, 1})),
      Case("one pixel", {2, 3, 1, 1}, PoolAttrs({1, 1})),
      Case("whole image", {2, 5, 4, 3}, PoolAttrs({4, 3})),
      Case("dilation", {1, 3, 9, 8}, Dilated({2, 3}, {3, 2})),
      Case("same upper", {1, 3, 8, 7}, AutoPadded("SAME_UPPER", {3, 2}, {2, 3})),
      Case("same lower", {1, 3, 8, 7}, AutoPadded("SAME_LOWER", {2, 4}, {2, 1})),
      Case("valid", {1, 3, 8, 7}, AutoPadded("VALID", {3, 3}, {2, 2})),
      Case("one dimension", {2, 3, 11}, PoolAttrs({3}, {2}, {1, 0})),
      Case("three dimensions", {1, 2, 4, 5, 6},
           PoolAttrs({2, 3, 2}, {2, 1, 2}, {1, 0, 1, 0, 1, 0})),
      Case("empty batch", {0, 3, 4, 4}, PoolAttrs({2, 2})),
      {"f64", {Random(DType::kFloat64, {1, 2, 5, 5})}, PoolAttrs({3, 3})},
  };
}

std::vector<Sample> GlobalPoolSamples() {
  return {
      Case("image", {2, 17, 5, 7}, {}),
      Case("16 channels", {1, 16, 7, 7}, {}),
      Case("one pixel", {2, 3, 1, 1}, {}),
      Case("one dimension", {2, 3, 9}, {}),
      Case("three dimensions", {1, 2, 3, 4, 5}, {}),
      Case("empty batch", {0, 3, 4, 4}, {}),
      {"f64", {Random(DType::kFloat64, {1, 2, 5, 5})}, {}},
  };
}

}  // namespace plumb::ops
