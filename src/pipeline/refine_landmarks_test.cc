// The network gives back what the crops hold: six values are three landmarks.
#include <cmath>
#include <limits>

#include "pipeline/stage_test.h"

namespace plumb::pipeline {
namespace {

using RefineLandmarksTest = StageTest;

constexpr char kParams[] =
    "stage: refine_landmarks, template: [0, 0, 4, 0, 2, 0], max_batch: 2, "
    "model: " PLUMB_SOURCE_DIR "/testdata/pipeline/flat.onnx";

// Crops of 1x2 pixels.
Tensor Crops(const std::vector<float>& values) {
  const auto count = static_cast<std::int64_t>(values.size() / 6);
  return Tensor::FromVector<float>(Shape{count, 3, 1, 2}, values);
}

// Its landmarks are the template twice as large, turned by a quarter.
Detection Turned() {
  Detection d = Box(8, 8, 20, 20);
  d.landmarks = {{10, 10}, {10, 18}, {10, 14}};
  return d;
}

TEST_F(RefineLandmarksTest, LandmarksComeBackToThePicture) {
  Message message;
  message.Set("faces", Crops({1, 1, 5, 1, 2, 2}));  // landmarks (1, 1) (5, 1) (2, 2) of the crop
  message.Set("detections", Detections{Turned()});
  const Status status = Process(kParams, &message);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(message.Find("faces"), nullptr);
  // Right in the crop is down in the picture, down is left.
  const Detection& refined = (**message.Get<Detections>("detections"))[0];
  const std::vector<Point> expected = {{8, 12}, {8, 20}, {6, 14}};
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_NEAR(refined.landmarks[k].x, expected[k].x, 1e-4);
    EXPECT_NEAR(refined.landmarks[k].y, expected[k].y, 1e-4);
  }
  EXPECT_EQ(refined.x1, 20);
  message.Set("faces", Tensor::Zeros(DType::kFloat32, Shape{0, 3, 1, 2}));
  message.Set("detections", Detections{});
  EXPECT_TRUE(Process(kParams, &message).ok());
}

TEST_F(RefineLandmarksTest, WhatDoesNotFitIsSaid) {
  Message message;
  message.Set("faces", Crops({1, 1, 5, 1, 2, 2}));
  message.Set("detections", Detections{});
  EXPECT_EQ(Text(Process(kParams, &message)),
            "'faces' has 1 crops of 0 detections: stage crop_and_align must stand before");
  message.Set("detections", Detections{Box(8, 8, 20, 20)});
  EXPECT_EQ(Text(Process(kParams, &message)),
            absl::StrCat("'template' has 3 points, a detection has 0 landmarks, model '", kFlat,
                         "' gives 6 numbers"));
  // Counted before the network runs, which would not take these.
  message.Set("faces", Tensor::Zeros(DType::kFloat32, Shape{2, 1, 1, 2}));
  EXPECT_EQ(Text(Process(kParams, &message)),
            "'faces' has 2 crops of 1 detections: stage crop_and_align must stand before");
  message.Set("faces", Tensor::Zeros(DType::kFloat32, Shape{}));
  EXPECT_EQ(Text(Process(kParams, &message)),
            "'faces' is scalar, expected FACESx3xHEIGHTxWIDTH of f32");
  EXPECT_EQ(Text(Make(absl::StrCat("stage: refine_landmarks, model: ", kFlat)).status()),
            "p.yaml:4: stage 's': 'template' is missing, expected x, y, x, y, ...");
}

TEST_F(RefineLandmarksTest, PointsThatAlignNothingLeaveTheLandmarksAsTheyAre) {
  const float nan = std::nanf(""), infinite = std::numeric_limits<float>::infinity();
  const float largest = std::numeric_limits<float>::max();
  for (const std::vector<float>& bad : {std::vector<float>{1, 1, nan, 1, 2, 2},
                                        {1, 1, 5, infinite, 2, 2},
                                        {3, 3, 3, 3, 3, 3},
                                        {largest, 1, -largest, 1, 2, largest}}) {
    Message message;
    std::vector<float> values = bad;
    values.insert(values.end(), {1, 1, 5, 1, 2, 2});
    message.Set("faces", Crops(values));
    message.Set("detections", Detections{Turned(), Turned()});
    const Status status = Process(kParams, &message);
    ASSERT_TRUE(status.ok()) << status;
    const Detections& refined = **message.Get<Detections>("detections");
    ASSERT_EQ(refined.size(), 2u);
    EXPECT_EQ(refined[0].landmarks[1].x, 10);
    EXPECT_EQ(refined[0].landmarks[1].y, 18);
    EXPECT_NEAR(refined[1].landmarks[1].x, 8, 1e-4);
  }
}

TEST_F(RefineLandmarksTest, MoreCropsThanARunTakesKeepTheirOrder) {
  std::vector<float> values;
  for (int i = 0; i < 5; ++i) {
    const auto shift = static_cast<float>(i);
    values.insert(values.end(), {shift, 0, shift + 4, 0, shift + 2, 0});
  }
  Message message;
  message.Set("faces", Crops(values));
  message.Set("detections", Detections(5, Turned()));
  const Status status = Process(kParams, &message);
  ASSERT_TRUE(status.ok()) << status;
  const Detections& refined = **message.Get<Detections>("detections");
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(refined[i].landmarks[0].x, 10, 1e-4);
    EXPECT_NEAR(refined[i].landmarks[0].y, 10 + 2 * static_cast<double>(i), 1e-4);
  }
}

}  // namespace
}  // namespace plumb::pipeline
