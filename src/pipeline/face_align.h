// Cropping by landmarks: the similarity transform that takes them nearest to a template.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/status.h"
#include "pipeline/message.h"
#include "pipeline/pixel_map.h"

namespace plumb::pipeline {

// x' = a x - b y + tx, y' = b x + a y + ty, in continuous coordinates (pixel i covers [i, i + 1]).
struct SimilarityTransform {
  double a = 1, b = 0, tx = 0, ty = 0;
};

// Reads the key template: x, y, x, y, ... of at least two points, or none.
std::vector<Point> ReadTemplate(StageParams& params);

// Least squares over pairs of points, without reflection (Umeyama 1991 in two dimensions, where it
// has this closed form). An error when the points of `from` coincide or the transform would shrink
// them to nothing. Sizes must be equal (PLUMB_CHECKed).
StatusOr<SimilarityTransform> AlignPoints(std::span<const Point> from, std::span<const Point> to);

// The place that `transform` takes to `to`.
Point Undo(const SimilarityTransform& transform, Point to);

// Writes planes [3, height, width] of the picture seen through `transform` (picture to crop):
// bilinear, `outside` (a pixel value) beyond the picture's edge.
void CropAligned(const Image& image, const SimilarityTransform& transform, int width, int height,
                 float outside, const PixelMap& map, float* planes);

}  // namespace plumb::pipeline
