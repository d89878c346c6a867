#include "pipeline/face_align.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace plumb::pipeline {
namespace {

// Red is the column, green the row, blue 7.
Image Ramp(int width, int height) {
  Image image;
  image.width = width;
  image.height = height;
  image.row_bytes = 3 * width + 5;
  image.pixels =
      std::make_shared<std::uint8_t[]>(static_cast<std::size_t>(image.row_bytes * height));
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      std::uint8_t* p = image.pixels.get() + y * image.row_bytes + 3 * x;
      p[0] = static_cast<std::uint8_t>(x);
      p[1] = static_cast<std::uint8_t>(y);
      p[2] = 7;
    }
  }
  return image;
}

TEST(AlignPointsTest, FindsTheTransformThatMadeThePoints) {
  const double a = 1.5 * std::cos(0.3), b = 1.5 * std::sin(0.3);
  std::vector<Point> from = {{1, 2}, {9, 4}, {5, 8}, {2, 7}}, to;
  for (const Point& p : from) {
    to.push_back(
        {static_cast<float>(a * p.x - b * p.y + 10), static_cast<float>(b * p.x + a * p.y - 4)});
  }
  const auto t = AlignPoints(from, to);
  ASSERT_TRUE(t.ok()) << t.status();
  EXPECT_NEAR(t->a, a, 1e-5);
  EXPECT_NEAR(t->b, b, 1e-5);
  EXPECT_NEAR(t->tx, 10, 1e-4);
  EXPECT_NEAR(t->ty, -4, 1e-4);
}

TEST(AlignPointsTest, IsTheLeastSquaresFit) {
  const std::vector<Point> from = {{0, 0}, {10, 0}, {0, 10}, {10, 12}};
  const std::vector<Point> to = {{1, 1}, {9, 2}, {0, 13}, {11, 10}};
  const auto error = [&](const SimilarityTransform& t) {
    double sum = 0;
    for (std::size_t i = 0; i < from.size(); ++i) {
      const double x = t.a * from[i].x - t.b * from[i].y + t.tx - to[i].x;
      const double y = t.b * from[i].x + t.a * from[i].y + t.ty - to[i].y;
      sum += x * x + y * y;
    }
    return sum;
  };
  const SimilarityTransform best = *AlignPoints(from, to);
  for (double step : {-0.01, 0.01}) {
    for (double SimilarityTransform::*part : {&SimilarityTransform::a, &SimilarityTransform::b,
                                              &SimilarityTransform::tx, &SimilarityTransform::ty}) {
      SimilarityTransform other = best;
      other.*part += step;
      EXPECT_GT(error(other), error(best));
    }
  }
}

TEST(AlignPointsTest, PointsThatCoincideOrAreNoneAreAnError) {
  const std::vector<Point> to = {{0, 0}, {1, 0}};
  EXPECT_EQ(std::string(AlignPoints(std::vector<Point>{{3, 3}, {3, 3}}, to).status().message()),
            "the landmarks coincide: no transform aligns them");
  EXPECT_FALSE(AlignPoints(std::vector<Point>{{NAN, 3}, {3, 3}}, to).ok());
  EXPECT_FALSE(AlignPoints(to, std::vector<Point>{{3, 3}, {3, 3}}).ok());
}

TEST(CropAlignedTest, TheIdentityCopiesPixels) {
  const Image image = Ramp(8, 6);
  std::vector<float> planes(3 * 8 * 6);
  CropAligned(image, {}, 8, 6, 0, {}, planes.data());
  for (int y = 0; y < 6; ++y) {
    for (int x = 0; x < 8; ++x) {
      EXPECT_FLOAT_EQ(planes[static_cast<std::size_t>(8 * y + x)], static_cast<float>(x));
      EXPECT_FLOAT_EQ(planes[static_cast<std::size_t>(48 + 8 * y + x)], static_cast<float>(y));
    }
  }
}

TEST(CropAlignedTest, CoordinatesAreContinuous) {
  // Twice as large: the centre of crop pixel c lies at (c + 0.5) / 2, which between pixel centres
  // is (c + 0.5) / 2 - 0.5 of the ramp.
  SimilarityTransform twice;
  twice.a = 2;
  std::vector<float> planes(3 * 8 * 8);
  CropAligned(Ramp(4, 4), twice, 8, 8, 0, {}, planes.data());
  EXPECT_FLOAT_EQ(planes[8 * 4 + 3], 1.25f);
  EXPECT_FLOAT_EQ(planes[64 + 8 * 4 + 3], 1.75f);
}

TEST(CropAlignedTest, BeyondThePictureLiesTheGivenValue) {
  SimilarityTransform away;
  away.tx = 100;
  std::vector<float> planes(3 * 4 * 4);
  PixelMap map;
  map.mean[0] = 127.5f;
  map.scale[0] = 2;
  CropAligned(Ramp(4, 4), away, 4, 4, 128.5f, map, planes.data());
  EXPECT_FLOAT_EQ(planes[0], 2);
  EXPECT_FLOAT_EQ(planes[16], 128.5f);
}

TEST(CropAlignedTest, ChannelsMayComeInTheOtherOrder) {
  PixelMap map;
  map.bgr = true;
  std::vector<float> planes(3 * 2 * 2);
  CropAligned(Ramp(4, 4), {}, 2, 2, 0, map, planes.data());
  EXPECT_FLOAT_EQ(planes[0], 7);
  EXPECT_FLOAT_EQ(planes[4 + 2], 1);
  EXPECT_FLOAT_EQ(planes[8 + 1], 1);
}

TEST(CropAlignedTest, PicturesOfOnePixelAreFine) {
  std::vector<float> planes(3 * 2 * 2);
  CropAligned(Ramp(1, 1), {}, 2, 2, 50, {}, planes.data());
  EXPECT_FLOAT_EQ(planes[8], 7);
  EXPECT_FLOAT_EQ(planes[11], 50);
}

}  // namespace
}  // namespace plumb::pipeline
