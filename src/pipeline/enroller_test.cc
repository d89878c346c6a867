// Enrolment by the shipped pipeline and its networks, with the photographs of its people.
#include "pipeline/enroller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "core/file_io.h"

namespace plumb::pipeline {
namespace {

namespace fs = std::filesystem;
using testing::StartsWith;

constexpr char kPhotographs[] = PLUMB_SOURCE_DIR "/apps/faces/data/enrol/";

std::string Text(const Status& status) { return std::string(status.message()); }

class EnrollerTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "plumb_enroller_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  StatusOr<std::unique_ptr<Enroller>> Create(const PipelineSpec& spec) {
    return Enroller::Create(spec, *HostTarget(), &pool_);
  }

  std::string folder_;
  ThreadPool pool_{1};
};

TEST_F(EnrollerTest, APersonIsFoundAgainByTwoPhotographs) {
  const auto spec = LoadPipelineFile(PLUMB_SOURCE_DIR "/apps/faces/faces.yaml");
  ASSERT_TRUE(spec.ok()) << spec.status();
  const auto enroller = Create(*spec);
  ASSERT_TRUE(enroller.ok()) << enroller.status();
  Gallery gallery;
  for (const std::string person : {"test7_000", "test7_001"}) {
    for (const char* photograph : {"/0.jpg", "/1.jpg"}) {
      const auto vector = (*enroller)->Embed(kPhotographs + person + photograph);
      ASSERT_TRUE(vector.ok()) << vector.status();
      ASSERT_TRUE(gallery.Add(person, static_cast<int>(vector->size()), *vector).ok());
    }
  }
  ASSERT_TRUE(gallery.Save(folder_ + "/gallery.json").ok());
  const auto loaded = Gallery::Load(folder_ + "/gallery.json");
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  ASSERT_EQ(loaded->entries().size(), 2u);
  EXPECT_EQ(loaded->dims(), 128);
  for (int i = 0; i < 2; ++i) {
    const GalleryEntry& entry = loaded->entries()[static_cast<std::size_t>(i)];
    EXPECT_EQ(entry.photographs, 2);
    const auto third = (*enroller)->Embed(kPhotographs + entry.name + "/2.jpg");
    ASSERT_TRUE(third.ok()) << third.status();
    EXPECT_EQ(loaded->Find(Quantise(*third)).index, i);
  }
}

TEST_F(EnrollerTest, PhotographsThatCannotBeUsedAreNamed) {
  const auto spec = LoadPipelineFile(PLUMB_SOURCE_DIR "/apps/faces/faces.yaml");
  ASSERT_TRUE(spec.ok()) << spec.status();
  const auto enroller = Create(*spec);
  ASSERT_TRUE(enroller.ok()) << enroller.status();

  const std::string grey = folder_ + "/grey.ppm";
  ASSERT_TRUE(
      WriteFileAtomically(grey, "P6\n160 120\n255\n" + std::string(3 * 160 * 120, '\x70')).ok());
  const Status faceless = (*enroller)->Embed(grey).status();
  EXPECT_EQ(faceless.code(), StatusCode::kNotFound);
  EXPECT_EQ(Text(faceless),
            "no face found in '" + grey +
                "': a face must be at least some 30 pixels wide and look at the camera");

  EXPECT_EQ(Text((*enroller)->Embed(folder_ + "/none.jpg").status()),
            "cannot read '" + folder_ + "/none.jpg': No such file or directory");

  const std::string whole = *ReadFile(std::string(kPhotographs) + "test7_000/0.jpg");
  const std::string cut = folder_ + "/cut.jpg";
  ASSERT_TRUE(WriteFileAtomically(cut, whole.substr(0, whole.size() / 2)).ok());
  EXPECT_THAT(
      Text((*enroller)->Embed(cut).status()),
      StartsWith("cannot read '" + cut +
                 "': a packet cannot be decoded: Invalid data found when processing input"));
}

TEST_F(EnrollerTest, APipelineThatMatchesNobodyCannotEnrol) {
  const auto spec =
      ParsePipeline("pipeline: p\nstages:\n  v: {stage: media, source: x}\n", "p.yaml", folder_);
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(Text(Create(*spec).status()),
            "p.yaml: no stage of type match: photographs are enrolled by the stages before it");
}

}  // namespace
}  // namespace plumb::pipeline
