#include "pipeline/face_align.h"

#include <cmath>

#include "core/check.h"

namespace plumb::pipeline {

std::vector<Point> ReadTemplate(StageParams& params) {
  const std::vector<double> values = params.Numbers("template", {}, 0);
  if (values.size() % 2 != 0 || values.size() == 2) {
    params.Fail("template", absl::StrCat("'template' has ", values.size(),
                                         " values, expected x and y of at least two points"));
  }
  std::vector<Point> points;
  for (std::size_t i = 0; i + 1 < values.size(); i += 2) {
    points.push_back({static_cast<float>(values[i]), static_cast<float>(values[i + 1])});
  }
  return points;
}

StatusOr<SimilarityTransform> AlignPoints(std::span<const Point> from, std::span<const Point> to) {
  PLUMB_CHECK(from.size() == to.size() && !from.empty(), from.size(), " points to ", to.size());
  const double count = static_cast<double>(from.size());
  double from_x = 0, from_y = 0, to_x = 0, to_y = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    from_x += from[i].x / count;
    from_y += from[i].y / count;
    to_x += to[i].x / count;
    to_y += to[i].y / count;
  }
  double spread = 0, along = 0, across = 0;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const double ux = from[i].x - from_x, uy = from[i].y - from_y;
    const double vx = to[i].x - to_x, vy = to[i].y - to_y;
    spread += ux * ux + uy * uy;
    along += ux * vx + uy * vy;
    across += ux * vy - uy * vx;
  }
  SimilarityTransform t;
  t.a = along / spread;
  t.b = across / spread;
  // Also false for points that are not finite.
  if (!(spread > 1e-6) || !(t.a * t.a + t.b * t.b > 1e-12)) {
    return InvalidArgument("the landmarks coincide: no transform aligns them");
  }
  t.tx = to_x - t.a * from_x + t.b * from_y;
  t.ty = to_y - t.b * from_x - t.a * from_y;
  return t;
}

Point Undo(const SimilarityTransform& transform, Point to) {
  const double norm = transform.a * transform.a + transform.b * transform.b;
  const double x = to.x - transform.tx, y = to.y - transform.ty;
  return {static_cast<float>((transform.a * x + transform.b * y) / norm),
          static_cast<float>((transform.a * y - transform.b * x) / norm)};
}

namespace {

// Values of the three channels at a place between pixel centres; `outside` beyond the edge.
void SampleOutside(const Image& image, double x, double y, float outside, float* rgb) {
  const double left = std::floor(x), top = std::floor(y);
  const float u = static_cast<float>(x - left), v = static_cast<float>(y - top);
  const float weights[4] = {(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v};
  for (int c = 0; c < 3; ++c) rgb[c] = 0;
  for (int k = 0; k < 4; ++k) {
    const double px = left + (k & 1), py = top + (k >> 1);
    const bool inside = px >= 0 && py >= 0 && px < image.width && py < image.height;
    const std::uint8_t* pixel = inside ? image.pixels.get() +
                                             static_cast<std::int64_t>(py) * image.row_bytes +
                                             3 * static_cast<std::int64_t>(px)
                                       : nullptr;
    for (int c = 0; c < 3; ++c) rgb[c] += weights[k] * (inside ? pixel[c] : outside);
  }
}

void SampleInside(const Image& image, double x, double y, float* rgb) {
  const std::int64_t left = static_cast<std::int64_t>(x), top = static_cast<std::int64_t>(y);
  const float u = static_cast<float>(x - static_cast<double>(left));
  const float v = static_cast<float>(y - static_cast<double>(top));
  const std::uint8_t* p = image.pixels.get() + top * image.row_bytes + 3 * left;
  const std::uint8_t* q = p + image.row_bytes;
  for (int c = 0; c < 3; ++c) {
    const float upper = p[c] + u * (p[c + 3] - p[c]), lower = q[c] + u * (q[c + 3] - q[c]);
    rgb[c] = upper + v * (lower - upper);
  }
}

}  // namespace

void CropAligned(const Image& image, const SimilarityTransform& transform, int width, int height,
                 float outside, const PixelMap& map, float* planes) {
  const double norm = transform.a * transform.a + transform.b * transform.b;
  const double a = transform.a / norm, b = transform.b / norm;  // of the inverse: (a, b; -b, a)
  const std::int64_t plane = std::int64_t{width} * height;
  for (int row = 0; row < height; ++row) {
    for (int column = 0; column < width; ++column) {
      const double cx = column + 0.5 - transform.tx, cy = row + 0.5 - transform.ty;
      const double x = a * cx + b * cy - 0.5, y = -b * cx + a * cy - 0.5;
      float rgb[3];
      if (x >= 0 && y >= 0 && x < image.width - 1 && y < image.height - 1) {
        SampleInside(image, x, y, rgb);
      } else {
        SampleOutside(image, x, y, outside, rgb);
      }
      float* at = planes + std::int64_t{row} * width + column;
      for (int c = 0; c < 3; ++c) {
        at[c * plane] = (rgb[map.bgr ? 2 - c : c] - map.mean[c]) * map.scale[c];
      }
    }
  }
}

}  // namespace plumb::pipeline
