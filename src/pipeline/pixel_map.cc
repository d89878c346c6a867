#include "pipeline/pixel_map.h"

namespace plumb::pipeline {

PixelMap ReadPixelMap(StageParams& params) {
  PixelMap map;
  const std::vector<double> mean = params.Numbers("mean", {0, 0, 0}, 3);
  const std::vector<double> deviation = params.Numbers("std", {1, 1, 1}, 3);
  for (std::size_t c = 0; c < 3; ++c) {
    if (deviation[c] <= 0) {
      params.Fail("std", "'std' must be above 0: pixels are divided by it");
      return map;
    }
    map.mean[c] = static_cast<float>(mean[c]);
    map.scale[c] = static_cast<float>(1 / deviation[c]);
  }
  map.bgr = params.Choice("order", "rgb", {"rgb", "bgr"}) == "bgr";
  return map;
}

}  // namespace plumb::pipeline
