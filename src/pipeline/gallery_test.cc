#include "pipeline/gallery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>

#include "core/file_io.h"

namespace plumb::pipeline {
namespace {

std::string Text(const Status& status) { return std::string(status.message()); }

TEST(GalleryTest, VectorsAreTheQuantisedMeanOfUnitVectors) {
  Gallery gallery;
  ASSERT_TRUE(gallery.Add("Ada", 2, std::vector<float>{1, 0}).ok());
  EXPECT_EQ(gallery.entries()[0].vector, (std::vector<std::int8_t>{127, 0}));  // 254, clipped
  ASSERT_TRUE(gallery.Add("Ada", 2, std::vector<float>{0, 1}).ok());
  const float half = std::sqrt(0.5f);
  const auto expected = static_cast<std::int8_t>(std::min(127.0f, std::nearbyint(254 * half)));
  EXPECT_EQ(gallery.entries()[0].vector, (std::vector<std::int8_t>{expected, expected}));
  EXPECT_EQ(gallery.entries()[0].photographs, 2);
}

TEST(GalleryTest, FindsTheNearestByCosine) {
  Gallery gallery;
  ASSERT_TRUE(gallery.Add("a", 3, std::vector<float>{1, 0, 0}).ok());
  ASSERT_TRUE(gallery.Add("b", 3, std::vector<float>{0, 1, 0}).ok());
  const Gallery::Nearest nearest = gallery.Find(std::vector<std::int8_t>{10, 30, 0});
  EXPECT_EQ(nearest.index, 1);
  EXPECT_NEAR(nearest.similarity, 3 / std::sqrt(10.0f), 1e-6);
}

TEST(GalleryTest, AnEmptyOneFindsNobody) {
  EXPECT_EQ(Gallery().Find(std::vector<std::int8_t>{1, 2}).index, -1);
}

TEST(GalleryTest, VectorsOfAnotherModelAreRefused) {
  Gallery gallery;
  ASSERT_TRUE(gallery.Add("a", 3, std::vector<float>{1, 0, 0}).ok());
  EXPECT_EQ(Text(gallery.Add("b", 2, std::vector<float>{1, 0})),
            "the gallery has vectors of 3 values, these have 2: they come from another model");
}

TEST(QuantiseTest, RoundsClipsAndSurvivesNumbersThatAreNone) {
  EXPECT_EQ(Quantise(std::vector<float>{0.1f, -0.1f, 0.9f, -1, NAN}),
            (std::vector<std::int8_t>{25, -25, 127, -127, 0}));
}

TEST(NormaliseTest, LeavesAVectorOfZerosAlone) {
  std::vector<float> zeros(3), vector = {3, 4};
  Normalise(zeros);
  Normalise(vector);
  EXPECT_EQ(zeros, std::vector<float>(3));
  EXPECT_FLOAT_EQ(vector[1], 0.8f);
}

class GalleryFileTest : public testing::Test {
 protected:
  std::string path_ = testing::TempDir() + "plumb_gallery_" + std::to_string(getpid()) + ".json";
  void TearDown() override { (void)std::remove(path_.c_str()); }
};

TEST_F(GalleryFileTest, ComesBackFromItsFileAndTakesMorePhotographs) {
  Gallery gallery;
  ASSERT_TRUE(gallery.Add("Ada \"Countess\"", 2, std::vector<float>{0.6f, 0.8f}).ok());
  ASSERT_TRUE(gallery.Save(path_).ok());
  auto loaded = Gallery::Load(path_);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->entries()[0].name, "Ada \"Countess\"");
  EXPECT_EQ(loaded->entries()[0].vector, gallery.entries()[0].vector);
  const std::vector<float> more = {0.8f, 0.6f};
  ASSERT_TRUE(gallery.Add("Ada \"Countess\"", 2, more).ok());
  ASSERT_TRUE(loaded->Add("Ada \"Countess\"", 2, more).ok());
  EXPECT_EQ(loaded->entries()[0].vector, gallery.entries()[0].vector);
  EXPECT_EQ(loaded->Find(std::vector<std::int8_t>{1, 1}).index, 0);
}

TEST_F(GalleryFileTest, AnEmptyGalleryIsAGallery) {
  ASSERT_TRUE(Gallery().Save(path_).ok());
  const auto loaded = Gallery::Load(path_);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_TRUE(loaded->entries().empty());
}

TEST_F(GalleryFileTest, ErrorsNameTheFileAndWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"",
       "is empty or damaged: it is no JSON; restore it, or remove it and make it anew with `plumb "
       "enroll`"},
      {"[1]", "no gallery; `plumb enroll` makes one"},
      {"{\"plumb_gallery\":1,\"peo",
       "is empty or damaged: it is no JSON; restore it, or remove it and make it anew with `plumb "
       "enroll`"},
      {"{\"plumb_gallery\":2}", "gallery format 2 is not known; format 1 is"},
      {"{\"plumb_gallery\":1}", "'people' is missing"},
      {"{\"plumb_gallery\":1,\"people\":[{}]}", "'dims' must be a whole number from 1 to 4096"},
      {"{\"plumb_gallery\":1,\"dims\":1000000,\"people\":[{}]}",
       "'dims' must be a whole number from 1 to 4096"},
      {"{\"plumb_gallery\":1,\"dims\":2,\"people\":[{}]}", "person 1 has no name"},
      {"{\"plumb_gallery\":1,\"dims\":2,\"people\":[7]}", "person 1 has no name"},
      {"{\"plumb_gallery\":1,\"dims\":2,\"people\":[{\"name\":\"a\",\"vector\":[1],\"sum\":[1,2]}]"
       "}",
       "person 1 ('a') must have a vector and a sum of 2 numbers"},
      {"{\"plumb_gallery\":1,\"dims\":2,\"people\":[{\"name\":\"a\",\"vector\":[1,300],"
       "\"sum\":[1,2]}]}",
       "person 1 ('a') must have a vector and a sum of 2 numbers"},
  };
  for (const auto& [text, problem] : cases) {
    ASSERT_TRUE(WriteFileAtomically(path_, text).ok());
    EXPECT_EQ(Text(Gallery::Load(path_).status()), "gallery '" + path_ + "': " + problem) << text;
  }
}

TEST_F(GalleryFileTest, CutFilesEndInAStatus) {
  Gallery gallery;
  ASSERT_TRUE(gallery.Add("a", 2, std::vector<float>{0.6f, 0.8f}).ok());
  ASSERT_TRUE(gallery.Save(path_).ok());
  const std::string text = *ReadFile(path_);
  for (std::size_t length = 0; length + 2 < text.size(); ++length) {
    ASSERT_TRUE(WriteFileAtomically(path_, text.substr(0, length)).ok());
    EXPECT_FALSE(Gallery::Load(path_).ok()) << length;
  }
}

TEST_F(GalleryFileTest, AFullDiskIsAnErrorThatNamesThePath) {
  EXPECT_THAT(Text(Gallery().Save("/dev/full")), testing::HasSubstr("/dev/full"));
}

}  // namespace
}  // namespace plumb::pipeline
