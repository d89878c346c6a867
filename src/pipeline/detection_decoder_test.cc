#include "pipeline/detection_decoder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace plumb::pipeline {
namespace {

using Outputs = std::map<std::string, const Tensor*>;

Tensor Filled(const Shape& shape, float value) {
  return Tensor::FromVector<float>(
      shape, std::vector<float>(static_cast<std::size_t>(NumElements(shape)), value));
}

void Put(Tensor& tensor, std::int64_t at, float value) {
  tensor.mutable_data<float>()[static_cast<std::size_t>(at)] = value;
}

std::string Text(const Status& status) { return std::string(status.message()); }

// Input 32x16, stride 8: a grid of 2 rows and 4 columns.
class PlanesTest : public testing::Test {
 protected:
  PlanesTest() {
    conventions_.heads = {{8, {}, "s", "b", "l"}};
    conventions_.landmark_points = 2;
    Put(score_, 6, 0.9f);  // row 1, column 2: the point (16, 8)
    for (int k = 0; k < 4; ++k) Put(box_, k * 8 + 6, 0.5f * static_cast<float>(k + 1));
    for (int k = 0; k < 4; ++k) Put(landmarks_, k * 8 + 6, static_cast<float>(k) - 1);
  }
  Outputs outputs() const { return {{"s", &score_}, {"b", &box_}, {"l", &landmarks_}}; }

  DetectorConventions conventions_;
  Tensor score_ = Filled(Shape{1, 1, 2, 4}, 0);
  Tensor box_ = Filled(Shape{1, 4, 2, 4}, 0);
  Tensor landmarks_ = Filled(Shape{1, 4, 2, 4}, 0);
};

TEST_F(PlanesTest, DistancesAndLandmarksAreInStridesFromTheCellsPoint) {
  const auto found = DecodeDetections(conventions_, outputs(), 32, 16);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->size(), 1u);
  const Detection& d = (*found)[0];
  EXPECT_FLOAT_EQ(d.score, 0.9f);
  EXPECT_FLOAT_EQ(d.x0, 16 - 4);
  EXPECT_FLOAT_EQ(d.y0, 8 - 8);
  EXPECT_FLOAT_EQ(d.x1, 16 + 12);
  EXPECT_FLOAT_EQ(d.y1, 8 + 16);
  ASSERT_EQ(d.landmarks.size(), 2u);
  EXPECT_FLOAT_EQ(d.landmarks[0].x, 16 - 8);
  EXPECT_FLOAT_EQ(d.landmarks[0].y, 8);
  EXPECT_FLOAT_EQ(d.landmarks[1].y, 8 + 16);
}

TEST_F(PlanesTest, CellCentresMoveThePoint) {
  conventions_.cell_point = 0.5;
  EXPECT_FLOAT_EQ((*DecodeDetections(conventions_, outputs(), 32, 16))[0].x0, 20 - 4);
}

TEST_F(PlanesTest, LogitsBecomeProbabilities) {
  conventions_.score = ScoreCode::kSigmoid;
  conventions_.score_threshold = 0.6;
  const auto found = DecodeDetections(conventions_, outputs(), 32, 16);
  ASSERT_EQ(found->size(), 1u);  // the others have 0, which is one half
  EXPECT_NEAR((*found)[0].score, 1 / (1 + std::exp(-0.9)), 1e-6);
}

TEST_F(PlanesTest, NumbersThatAreNoneAreNoDetections) {
  Put(score_, 0, std::numeric_limits<float>::quiet_NaN());
  Put(score_, 1, 0.99f);
  Put(box_, 1, std::numeric_limits<float>::infinity());
  EXPECT_EQ(DecodeDetections(conventions_, outputs(), 32, 16)->size(), 1u);
}

TEST_F(PlanesTest, ErrorsNameTheOutputAndTheShape) {
  EXPECT_EQ(Text(DecodeDetections(conventions_, outputs(), 64, 16).status()),
            "output 's' is 1x1x2x4, expected 1x1x2x8 for an input of 64x16");
  conventions_.heads[0].box = "q";
  EXPECT_EQ(Text(DecodeDetections(conventions_, outputs(), 32, 16).status()),
            "the model has no output 'q'");
  const Tensor wrong = Tensor::Zeros(DType::kInt64, Shape{1, 1, 2, 4});
  conventions_.heads[0].score = "w";
  Outputs with_wrong = outputs();
  with_wrong["w"] = &wrong;
  EXPECT_EQ(Text(DecodeDetections(conventions_, with_wrong, 32, 16).status()),
            "output 'w' holds i64, expected f32");
}

// Two anchors for a cell, rows in the order cell, anchor; distances in strides (SCRFD).
TEST(ListsTest, AnchorsOfACellFollowEachOther) {
  DetectorConventions c;
  c.lists = true;
  c.anchors = 2;
  c.heads = {{8, {}, "s", "b", ""}};
  Tensor score = Filled(Shape{16, 1}, 0), box = Filled(Shape{16, 4}, 1);
  Put(score, 2 * 5 + 1, 0.8f);  // row 1, column 1, second anchor
  Put(box, 4 * 11, 2);
  const auto found = DecodeDetections(c, {{"s", &score}, {"b", &box}}, 32, 16);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->size(), 1u);
  EXPECT_FLOAT_EQ((*found)[0].x0, 8 - 16);
  EXPECT_FLOAT_EQ((*found)[0].y1, 8 + 8);
  EXPECT_TRUE((*found)[0].landmarks.empty());
}

// All strides in one list, anchors of given sizes around cell centres, two class scores
// (RetinaFace).
TEST(ListsTest, HeadsOfOneListFollowEachOtherAndCentresHaveVariances) {
  DetectorConventions c;
  c.lists = true;
  c.anchors = 2;
  c.cell_point = 0.5;
  c.box = BoxCode::kCenterSize;
  c.classes = 2;
  c.first_class = 1;
  c.landmark_points = 1;
  c.heads = {{8, {16, 32}, "s", "b", "l"}, {16, {64, 128}, "s", "b", "l"}};
  // 32x16: 8 cells of stride 8, 2 of stride 16, two anchors each.
  Tensor score = Filled(Shape{1, 20, 2}, 0), box = Filled(Shape{1, 20, 4}, 0),
         landmarks = Filled(Shape{1, 20, 2}, 0);
  const int row = 16 + 2 * 1 + 1;  // stride 16, column 1, the anchor of 128 around (24, 8)
  Put(score, row * 2 + 1, 0.7f);
  Put(box, row * 4 + 0, 0.5f);
  Put(box, row * 4 + 2, std::log(2.0f) / 0.2f);
  Put(landmarks, row * 2 + 1, -1);
  const auto found = DecodeDetections(c, {{"s", &score}, {"b", &box}, {"l", &landmarks}}, 32, 16);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->size(), 1u);
  const Detection& d = (*found)[0];
  EXPECT_FLOAT_EQ(d.score, 0.7f);
  EXPECT_NEAR((d.x0 + d.x1) / 2, 24 + 0.5 * 0.1 * 128, 1e-3);
  EXPECT_NEAR(d.x1 - d.x0, 256, 1e-3);
  EXPECT_NEAR(d.y1 - d.y0, 128, 1e-3);
  EXPECT_NEAR(d.landmarks[0].y, 8 - 12.8, 1e-4);
  score = Filled(Shape{1, 19, 2}, 0);
  EXPECT_EQ(
      Text(DecodeDetections(c, {{"s", &score}, {"b", &box}, {"l", &landmarks}}, 32, 16).status()),
      "output 's' is 1x19x2, expected at least 20x2 for an input of 32x16");
}

TEST(ListsTest, SoftmaxOverClassesGivesLabelAndProbability) {
  DetectorConventions c;
  c.lists = true;
  c.box = BoxCode::kCorners;
  c.score = ScoreCode::kSoftmax;
  c.classes = 3;
  c.first_class = 1;
  c.heads = {{16, {}, "s", "b", ""}};
  const Tensor score = Tensor::FromVector<float>(Shape{1, 3}, {0, 1, 3});
  const Tensor box = Tensor::FromVector<float>(Shape{1, 4}, {1, 2, 3, 4});
  const auto found = DecodeDetections(c, {{"s", &score}, {"b", &box}}, 16, 16);
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ((*found)[0].label, 1);
  EXPECT_NEAR((*found)[0].score, std::exp(3) / (1 + std::exp(1) + std::exp(3)), 1e-6);
  EXPECT_FLOAT_EQ((*found)[0].x1, 3);
}

Detection Box(float x0, float y0, float x1, float y1, float score, int label = 0) {
  Detection d;
  d.x0 = x0;
  d.y0 = y0;
  d.x1 = x1;
  d.y1 = y1;
  d.score = score;
  d.label = label;
  return d;
}

TEST(SuppressOverlapsTest, KeepsTheBestOfBoxesThatOverlapMoreThanTheLimit) {
  Detections boxes = {Box(0, 0, 10, 10, 0.9f), Box(1, 0, 11, 10, 0.8f), Box(6, 0, 16, 10, 0.7f),
                      Box(0, 0, 10, 10, 0.6f, 1)};
  SuppressOverlaps(0.45, 10, &boxes);
  ASSERT_EQ(boxes.size(), 3u);
  EXPECT_FLOAT_EQ(boxes[1].score, 0.7f);  // IoU 0.25 with the first
  EXPECT_EQ(boxes[2].label, 1);
  SuppressOverlaps(0.45, 2, &boxes);
  EXPECT_EQ(boxes.size(), 2u);
}

TEST(BoxOverlapTest, IsIntersectionOverUnion) {
  EXPECT_DOUBLE_EQ(BoxOverlap(Box(0, 0, 2, 2, 1), Box(1, 0, 3, 2, 1)), 1.0 / 3);
  EXPECT_EQ(BoxOverlap(Box(0, 0, 2, 2, 1), Box(2, 0, 3, 2, 1)), 0);
  EXPECT_EQ(BoxOverlap(Box(0, 0, 0, 0, 1), Box(0, 0, 0, 0, 1)), 0);
}

TEST(MapToPictureTest, UndoesThePlacementAndClips) {
  Placement placement{0.5, 0.25, 10, 20, 100, 100};
  Detections boxes = {Box(0, 20, 20, 70, 1), Box(100, 0, 110, 10, 1)};
  boxes[0].landmarks = {{10, 20}, {60, 45}};
  MapToPicture(placement, &boxes);
  ASSERT_EQ(boxes.size(), 1u);      // the other lies beside the picture
  EXPECT_FLOAT_EQ(boxes[0].x0, 0);  // -20, clipped
  EXPECT_FLOAT_EQ(boxes[0].x1, 20);
  EXPECT_FLOAT_EQ(boxes[0].y1, 100);  // 200, clipped
  EXPECT_FLOAT_EQ(boxes[0].landmarks[1].x, 100);
  EXPECT_FLOAT_EQ(boxes[0].landmarks[1].y, 100);
}

}  // namespace
}  // namespace plumb::pipeline
