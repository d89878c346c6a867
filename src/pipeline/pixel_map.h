// How pixels become the numbers that a network takes: (value - mean) / std for each channel, in the
// order red, green, blue or the other way round.
#pragma once

#include "pipeline/stage_params.h"

namespace plumb::pipeline {

struct PixelMap {
  // By channel of the network's input.
  float mean[3] = {0, 0, 0};
  float scale[3] = {1, 1, 1};  // 1 / std
  bool bgr = false;
};

// Reads the keys mean, std (one number or three) and order (rgb, bgr).
PixelMap ReadPixelMap(StageParams& params);

}  // namespace plumb::pipeline
