#include "pipeline/evaluation.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "core/file_io.h"

namespace plumb::pipeline {
namespace {

Detection Found(float x, float size, float score, const std::string& name = "") {
  Detection d;
  d.x0 = x;
  d.y0 = 0;
  d.x1 = x + size;
  d.y1 = size;
  d.score = score;
  d.name = name;
  return d;
}

TrueFace Face(float x, float size, const std::string& name, bool known, bool ignore = false) {
  return {Found(x, size, 0), name, known, ignore};
}

TEST(CountFrameTest, CountsFoundMissedWrongAndNamed) {
  FaceCounts counts;
  CountFrame({Found(0, 10, 0.9f, "ada"), Found(101, 10, 0.8f, "bob"), Found(200, 10, 0.7f, "ada"),
              Found(500, 10, 0.6f)},
             {Face(0, 10, "ada", true), Face(100, 10, "eve", true), Face(200, 10, "mallory", false),
              Face(300, 10, "ada", true)},
             &counts);
  EXPECT_EQ(counts.wanted, 4);
  EXPECT_EQ(counts.found, 3);
  EXPECT_EQ(counts.wrong, 1);
  EXPECT_EQ(counts.known, 2);
  EXPECT_EQ(counts.named_right, 1);
  EXPECT_EQ(counts.strangers, 1);
  EXPECT_EQ(counts.accepted, 1);
}

TEST(CountFrameTest, AFaceIsFoundOnceByTheBestScore) {
  FaceCounts counts;
  CountFrame({Found(1, 10, 0.5f), Found(0, 10, 0.9f)}, {Face(0, 10, "a", true)}, &counts);
  EXPECT_EQ(counts.found, 1);
  EXPECT_EQ(counts.wrong, 1);
}

TEST(CountFrameTest, IgnoredFacesAreNeitherDemandedNorHeldAgainstADetection) {
  FaceCounts counts;
  CountFrame({Found(0, 6, 0.9f)}, {Face(0, 10, "a", true, true)}, &counts);
  EXPECT_EQ(counts.wanted, 0);
  EXPECT_EQ(counts.found, 0);
  EXPECT_EQ(counts.wrong, 0);
}

TEST(CountFrameTest, LittleOverlapIsAMissAndAWrongOne) {
  FaceCounts counts;
  CountFrame({Found(4, 10, 0.9f)}, {Face(0, 10, "a", true)}, &counts);  // IoU 60 / 140
  EXPECT_EQ(counts.found, 0);
  EXPECT_EQ(counts.wrong, 1);
}

class EvaluationFileTest : public testing::Test {
 protected:
  std::string Write(const char* name, const std::string& text) {
    paths_.push_back(testing::TempDir() + "plumb_" + std::to_string(getpid()) + name);
    EXPECT_TRUE(WriteFileAtomically(paths_.back(), text).ok());
    return paths_.back();
  }
  void TearDown() override {
    for (const std::string& path : paths_) (void)std::remove(path.c_str());
  }
  std::vector<std::string> paths_;
};

TEST_F(EvaluationFileTest, FramesWithoutResultsCountAsMissed) {
  const std::string truth =
      Write("truth",
            "{\"frame\":0,\"faces\":[{\"name\":\"a\",\"known\":true,\"box\":[0,0,10,10]}]}\n"
            "{\"frame\":1,\"faces\":[{\"name\":\"a\",\"known\":true,\"box\":[0,0,10,10]}]}\n");
  const std::string results = Write(
      "results", "{\"frame\":1,\"faces\":[{\"name\":\"a\",\"score\":0.9,\"box\":[0,0,10,9]}]}\n");
  const auto counts = CompareWithTruth(results, truth, true);
  ASSERT_TRUE(counts.ok()) << counts.status();
  const std::vector<measure::Quality> quality = QualityOf(*counts);
  EXPECT_EQ(quality[0].what, "recall");
  EXPECT_DOUBLE_EQ(quality[0].value, 0.5);
  EXPECT_EQ(quality[0].count, 2);
  EXPECT_DOUBLE_EQ(quality[2].value, 1);
  EXPECT_EQ(quality.size(), 3u);  // no stranger was found: nothing can be said of their acceptance
}

TEST_F(EvaluationFileTest, FramesThatAnIncompleteRunDidNotReachAreNotCounted) {
  std::string text;
  for (int frame = 0; frame < 4; ++frame) {
    text += "{\"frame\":" + std::to_string(frame) +
            ",\"faces\":[{\"name\":\"a\",\"known\":true,\"box\":[0,0,10,10]}]}\n";
  }
  const std::string truth = Write("truth", text);
  const std::string results = Write(
      "results", "{\"frame\":1,\"faces\":[{\"name\":\"a\",\"score\":0.9,\"box\":[0,0,10,9]}]}\n");
  EXPECT_EQ(CompareWithTruth(results, truth, true)->wanted, 4);
  EXPECT_EQ(CompareWithTruth(results, truth, false)->wanted, 2);  // 0 was lost, 2 and 3 not seen
  EXPECT_TRUE(QualityOf(*CompareWithTruth(Write("none", ""), truth, false)).empty());
}

TEST_F(EvaluationFileTest, ErrorsNameFileAndLine) {
  const std::string good = Write("good", "{\"frame\":0,\"faces\":[]}\n");
  const auto message = [](const StatusOr<FaceCounts>& counts) {
    return std::string(counts.status().message());
  };
  const std::string bad = Write("bad", "{\"frame\":0,\"faces\":[]}\n{\"frame\":1,\"fac");
  EXPECT_TRUE(message(CompareWithTruth(good, bad, true))
                  .starts_with(bad + ":2: expected {\"frame\":...,\"faces\":[...]}"));
  const std::string no_box = Write("box", "{\"frame\":0,\"faces\":[{\"box\":[1,2]}]}\n");
  EXPECT_EQ(message(CompareWithTruth(no_box, good, true)),
            no_box + ":1: a face has no box [x0,y0,x1,y1]");
  const std::string empty = Write("empty", "");
  EXPECT_EQ(message(CompareWithTruth(good, empty, true)), "'" + empty + "' has no frame in it");
  const std::string odd =
      Write("odd", "{\"frame\":0,\"faces\":[{\"box\":[1,2,3,4],\"score\":\"x\"}]}");
  EXPECT_FALSE(CompareWithTruth(odd, good, true).ok());
}

}  // namespace
}  // namespace plumb::pipeline
