// Stages one by one, made from pipeline files as users write them.
#include "pipeline/stage_test.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>

#include "core/file_io.h"
#include "pipeline/gallery.h"

namespace plumb::pipeline {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST_F(StageTest, ResizeAveragesAreasNormalisesAndPads) {
  Message message;
  message.Set("image", Ramp(8, 4));
  const Status status =
      Process("stage: resize, size: [4, 4], fit: top_left, enlarge: false, mean: [1, 2, 3], std: 2",
              &message);
  ASSERT_TRUE(status.ok()) << status;
  const Tensor& tensor = **message.Get<Tensor>("input");
  EXPECT_EQ(tensor.shape().ToString(), "1x3x4x4");
  const auto values = tensor.data<float>();
  EXPECT_FLOAT_EQ(values[1], (2.5f - 1) / 2);       // columns 2 and 3
  EXPECT_FLOAT_EQ(values[16 + 4], (2.5f - 2) / 2);  // rows 2 and 3
  EXPECT_FLOAT_EQ(values[32], 3);
  for (std::size_t i = 8; i < 16; ++i) EXPECT_FLOAT_EQ(values[i], 0);  // below the picture
  const Placement& placement = **message.Get<Placement>("placement");
  EXPECT_DOUBLE_EQ(placement.scale_x, 0.5);
  EXPECT_EQ(placement.width, 8);
}

TEST_F(StageTest, ResizeLeavesSmallPicturesAloneOrEnlargesThem) {
  Message message;
  message.Set("image", Ramp(4, 2));
  ASSERT_TRUE(
      Process("stage: resize, size: [8, 8], fit: letterbox, enlarge: false, pad: 5", &message)
          .ok());
  EXPECT_DOUBLE_EQ((*message.Get<Placement>("placement"))->offset_x, 2);
  EXPECT_DOUBLE_EQ((*message.Get<Placement>("placement"))->offset_y, 3);
  const auto values = (*message.Get<Tensor>("input"))->data<float>();
  EXPECT_FLOAT_EQ(values[0], 5);
  EXPECT_FLOAT_EQ(values[8 * 3 + 4], 2);
  ASSERT_TRUE(Process("stage: resize, size: [8, 8], fit: letterbox", &message).ok());
  EXPECT_DOUBLE_EQ((*message.Get<Placement>("placement"))->scale_x, 2);
  ASSERT_TRUE(Process("stage: resize, size: [3, 7], fit: stretch, order: bgr", &message).ok());
  EXPECT_FLOAT_EQ((*message.Get<Tensor>("input"))->data<float>()[0], 9);
}

TEST_F(StageTest, ModelRunsOneMessageOrSeveral) {
  Message a, b;
  a.Set("input", Tensor::FromVector<float>(Shape{1, 3, 1, 2}, {1, 3, 5, 7, 0, 0}));
  b.Set("input", Tensor::FromVector<float>(Shape{1, 3, 1, 2}, {2, 2, 4, 4, 6, 6}));
  const auto stage = Make(absl::StrCat("stage: model, batch: 4, prefix: m_, model: ", kMeans));
  ASSERT_TRUE(stage.ok()) << stage.status();
  EXPECT_EQ((*stage)->batch(), 4);
  Message* both[] = {&a, &b};
  Status results[2];
  const Status status = (*stage)->ProcessBatch(both, results);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ((*a.Get<Tensor>("m_y"))->shape().ToString(), "1x3");
  EXPECT_FLOAT_EQ((*a.Get<Tensor>("m_y"))->data<float>()[1], 6);
  EXPECT_FLOAT_EQ((*b.Get<Tensor>("m_y"))->data<float>()[2], 6);
  b.Set("input", Tensor::FromVector<float>(Shape{1, 3, 1, 1}, {1, 2, 3}));
  EXPECT_EQ(Text((*stage)->ProcessBatch(both, results)),
            "'input' is 1x3x1x1 in one message and 1x3x1x2 in another: bring them to one size "
            "before, or set batch: 1");
  ASSERT_TRUE((*stage)->Process(b).ok());
  EXPECT_FLOAT_EQ((*b.Get<Tensor>("m_y"))->data<float>()[2], 3);
}

TEST_F(StageTest, ModelErrorsNameTheFile) {
  EXPECT_THAT(Text(Make("stage: model, model: none.onnx").status()),
              HasSubstr(folder_ + "/none.onnx"));
  EXPECT_EQ(Text(Make(absl::StrCat("stage: model, inputs: [a, b], model: ", kMeans)).status()),
            absl::StrCat("model '", kMeans, "' has 1 inputs, 'inputs' names 2"));
  Message message;
  EXPECT_EQ(Text(Process(absl::StrCat("stage: model, model: ", kMeans), &message)),
            "no 'input' in the message, expected a tensor; there is nothing");
  message.Set("input", Tensor::Zeros(DType::kInt64, Shape{1, 3, 1, 1}));
  EXPECT_THAT(Text(Process(absl::StrCat("stage: model, model: ", kMeans), &message)),
              HasSubstr(kMeans));
}

TEST_F(StageTest, CropPutsLandmarksOnTheTemplate) {
  Message message;
  message.Set("image", Ramp(40, 40));
  Detection d = Box(8, 8, 20, 20);
  d.landmarks = {{10, 10}, {18, 10}};
  Detection bad = d;
  bad.landmarks = {{10, 10}, {10, 10}};
  message.Set("detections", Detections{bad, d, d, d});
  const Status status = Process(
      "stage: crop_and_align, size: [8, 8], template: [2, 2, 6, 2], max_faces: 2", &message);
  ASSERT_TRUE(status.ok()) << status;
  const Tensor& faces = **message.Get<Tensor>("faces");
  EXPECT_EQ(faces.shape().ToString(), "2x3x8x8");
  // Half the size: crop (2, 2) is picture (10, 10); the centre of crop pixel (1, 1) is (9, 9).
  EXPECT_NEAR(faces.data<float>()[9], 8.5, 1e-4);
  EXPECT_EQ((*message.Get<Detections>("detections"))->size(), 2u);
  EXPECT_EQ(Text(Process("stage: crop_and_align, size: 8, template: [2, 2, 6, 2, 4, 4]", &message)),
            "'template' has 3 points, a detection has 2 landmarks: give as many, or leave "
            "'template' out");
}

TEST_F(StageTest, CropWithoutATemplateTakesTheSquareAroundTheBox) {
  Message message;
  message.Set("image", Ramp(40, 40));
  message.Set("detections", Detections{Box(10, 12, 18, 16)});
  ASSERT_TRUE(Process("stage: crop_and_align, size: 4", &message).ok());
  // 8 pixels to 4: the square is [10, 18] x [10, 18], the first centre at (11, 11).
  const auto values = (*message.Get<Tensor>("faces"))->data<float>();
  EXPECT_NEAR(values[0], 10.5, 1e-4);
  EXPECT_NEAR(values[16], 10.5, 1e-4);
}

TEST_F(StageTest, EmbedGivesUnitVectorsInSlicesAndNothingForNoFaces) {
  Message message;
  Tensor faces = Tensor::Zeros(DType::kFloat32, Shape{5, 3, 1, 1});
  for (std::size_t i = 0; i < 15; ++i)
    faces.mutable_data<float>()[i] = i % 3 == 0 ? 3 : i % 3 == 1 ? 4 : 0;
  message.Set("faces", faces);
  const std::string params = absl::StrCat("stage: embed, max_batch: 2, model: ", kMeans);
  const Status status = Process(params, &message);
  ASSERT_TRUE(status.ok()) << status;
  const Embeddings& embeddings = **message.Get<Embeddings>("embeddings");
  EXPECT_EQ(embeddings.count(), 5);
  EXPECT_EQ(embeddings.dims, 3);
  EXPECT_NEAR(embeddings.unit[12], 0.6, 1e-6);
  EXPECT_EQ(embeddings.values[13], 127);
  message.Set("faces", Tensor::Zeros(DType::kFloat32, Shape{0, 3, 1, 1}));
  ASSERT_TRUE(Process(params, &message).ok());
  EXPECT_EQ((*message.Get<Embeddings>("embeddings"))->count(), 0);
}

TEST_F(StageTest, MatchNamesKnownPeopleAndLeavesStrangersWithoutAName) {
  Gallery gallery;
  ASSERT_TRUE(gallery.Add("Ada", 2, std::vector<float>{1, 0}).ok());
  ASSERT_TRUE(gallery.Save(folder_ + "/g.json").ok());
  Message message;
  message.Set("detections", Detections{Box(0, 0, 1, 1), Box(0, 0, 1, 1)});
  message.Set("embeddings", Embeddings{2, {}, {100, 10, 50, 100}});
  ASSERT_TRUE(Process("stage: match, gallery: g.json, threshold: 0.9", &message).ok());
  const Detections& named = **message.Get<Detections>("detections");
  EXPECT_EQ(named[0].name, "Ada");
  EXPECT_EQ(named[1].name, "");
  EXPECT_NEAR(named[1].similarity, 50 / std::sqrt(12500.0), 1e-6);
  message.Set("embeddings", Embeddings{3, {}, {1, 2, 3, 4, 5, 6}});
  EXPECT_EQ(Text(Process("stage: match, gallery: g.json, threshold: 0.9", &message)),
            "gallery '" + folder_ +
                "/g.json' has vectors of 2 values, the model gives 3: enrol again with this model");
}

TEST_F(StageTest, AThresholdMayComeFromAFile) {
  ASSERT_TRUE(Gallery().Save(folder_ + "/g.json").ok());
  ASSERT_TRUE(WriteFileAtomically(folder_ + "/t.json", "{\"stranger_threshold\":0.4}").ok());
  EXPECT_TRUE(Make("stage: match, gallery: g.json, threshold_file: t.json").ok());
  ASSERT_TRUE(WriteFileAtomically(folder_ + "/t.json", "{\"stranger_threshold\":7}").ok());
  EXPECT_EQ(Text(Make("stage: match, gallery: g.json, threshold_file: t.json").status()),
            "p.yaml:4: stage 's': '" + folder_ +
                "/t.json' must be a JSON object with a number 'stranger_threshold' from -1 to 1");
  EXPECT_EQ(Text(Make("stage: match, gallery: g.json").status()),
            "p.yaml:4: stage 's': 'threshold' is missing: the least cosine of a known person");
}

TEST_F(StageTest, AnEmptyGalleryMakesEverybodyAStrangerAndSaysSo) {
  ASSERT_TRUE(Gallery().Save(folder_ + "/g.json").ok());
  measure::Recorder recorder;
  context_.recorder = &recorder;
  Message message;
  message.Set("detections", Detections{Box(0, 0, 1, 1)});
  message.Set("embeddings", Embeddings{2, {}, {100, 10}});
  ASSERT_TRUE(Process("stage: match, gallery: g.json, threshold: -1", &message).ok());
  EXPECT_EQ((**message.Get<Detections>("detections"))[0].name, "");
  const measure::Run run = recorder.Finish({});
  ASSERT_EQ(run.events.size(), 1u);
  EXPECT_EQ(run.events[0].why,
            "the gallery '" + folder_ + "/g.json' is empty: everybody is a stranger");
}

TEST_F(StageTest, AMissingGallerySaysHowToMakeOne) {
  EXPECT_EQ(Text(Make("stage: match, gallery: g.json, threshold: 0.5").status()),
            "cannot open '" + folder_ +
                "/g.json': No such file or directory: make it with `plumb enroll`");
}

// Networks give such numbers; what is not in the picture is not drawn.
TEST_F(StageTest, DrawLeavesOutWhatIsNowhere) {
  const float nan = std::nanf(""), infinite = std::numeric_limits<float>::infinity();
  Message message;
  message.Set("image", Ramp(100, 60));
  Detection far = Box(-1e30f, -1e30f, 1e30f, 1e30f);
  far.landmarks = {{nan, 5}, {5, infinite}, {-infinite, nan}, {1e30f, 5}, {5, -1e30f}};
  message.Set("detections", Detections{far, Box(nan, 2, 30, 40), Box(2, 2, infinite, 40)});
  ASSERT_TRUE(Process("stage: draw, landmarks: true, text_scale: 1", &message).ok());
  const Image& drawn = **message.Get<Image>("drawn");
  const Image& original = **message.Get<Image>("image");
  const std::int64_t below_the_label = 20 * original.row_bytes;
  EXPECT_EQ(
      std::memcmp(drawn.pixels.get() + below_the_label, original.pixels.get() + below_the_label,
                  static_cast<std::size_t>(original.bytes() - below_the_label)),
      0);
}

TEST_F(StageTest, DrawLeavesTheOriginalAsItIs) {
  Message message;
  message.Set("image", Ramp(100, 60));
  Detection known = Box(20, 30, 60, 50);
  known.name = "Ada";
  message.Set("detections", Detections{known, Box(-50, -50, 500, 500)});
  ASSERT_TRUE(Process("stage: draw, landmarks: true", &message).ok());
  const Image& drawn = **message.Get<Image>("drawn");
  const Image& original = **message.Get<Image>("image");
  const std::size_t corner = static_cast<std::size_t>(3 * (30 * 100 + 20));
  EXPECT_EQ(drawn.pixels[corner + 1], 114);
  EXPECT_EQ(original.pixels[corner], 20);
}

// A label is as wide as its text and never cut by a side of the picture.
TEST_F(StageTest, LabelsNameTheKnownAndTellStrangers) {
  struct Case {
    const char* name;
    float similarity;
    float x;
    int left, letters;
    int red;  // of the label
  };
  for (const Case& c : {Case{"Ada", 0.75f, 20, 20, 8, 0}, Case{"", 0.25f, 20, 20, 13, 190},
                        Case{"", 0, 20, 20, 4, 190}, Case{"Ada", 0.75f, 180, 151, 8, 0}}) {
    Message message;
    message.Set("image", Ramp(200, 60));
    Detection detection = Box(c.x, 30, c.x + 15, 50);
    detection.name = c.name;
    detection.similarity = c.similarity;
    message.Set("detections", Detections{detection});
    ASSERT_TRUE(Process("stage: draw, text_scale: 1", &message).ok());
    const Image& drawn = **message.Get<Image>("drawn");
    const std::uint8_t* row = drawn.pixels.get() + 21 * drawn.row_bytes;  // above the letters
    const auto is_label = [&](int x) { return row[3 * x] == c.red && row[3 * x + 2] != 9; };
    EXPECT_FALSE(is_label(c.left - 1));
    EXPECT_TRUE(is_label(c.left));
    EXPECT_TRUE(is_label(c.left + 6 * c.letters));
    if (c.left + 6 * c.letters + 1 < 200) {
      EXPECT_FALSE(is_label(c.left + 6 * c.letters + 1));
    }
  }
}

TEST_F(StageTest, JsonLinesHoldEveryDetection) {
  Message message;
  message.frame = 7;
  message.seconds = 0.25;
  message.origin = "a \"b\".mp4";
  Detection d = Box(1, 2, 3.25f, 4);
  d.name = "Ada";
  d.similarity = 0.5f;
  d.landmarks = {{1, 2}};
  message.Set("detections", Detections{d, Box(0, 0, 1, 1)});
  auto stage = Make("stage: write_jsonl, path: out.jsonl");
  ASSERT_TRUE(stage.ok()) << stage.status();
  ASSERT_TRUE((*stage)->Process(message).ok());
  ASSERT_TRUE((*stage)->Finish().ok());
  EXPECT_EQ(*ReadFile(folder_ + "/out.jsonl"),
            "{\"frame\":7,\"seconds\":0.250,\"source\":\"a \\\"b\\\".mp4\",\"faces\":["
            "{\"box\":[1.0,2.0,3.2,4.0],\"score\":0.9000,\"landmarks\":[1.0,2.0],\"name\":\"Ada\","
            "\"similarity\":0.5000},"
            "{\"box\":[0.0,0.0,1.0,1.0],\"score\":0.9000,\"name\":null,\"similarity\":0.0000}]}\n");
}

TEST_F(StageTest, EarlierLinesStayUntilThereIsSomethingToWrite) {
  ASSERT_TRUE(WriteFileAtomically(folder_ + "/kept.jsonl", "an earlier run\n").ok());
  { const auto never_ran = Make("stage: write_jsonl, path: kept.jsonl"); }
  EXPECT_EQ(*ReadFile(folder_ + "/kept.jsonl"), "an earlier run\n");
  const auto stage = Make("stage: write_jsonl, path: kept.jsonl");
  ASSERT_TRUE(stage.ok() && (*stage)->Finish().ok());
  EXPECT_EQ(*ReadFile(folder_ + "/kept.jsonl"), "");
}

TEST_F(StageTest, AFullDiskWhileWritingLinesIsAnError) {
  Message message;
  message.Set("detections", Detections(2000));
  const auto stage = Make("stage: write_jsonl, path: /dev/full");
  ASSERT_TRUE(stage.ok()) << stage.status();
  Status status = (*stage)->Process(message);
  if (status.ok()) status = (*stage)->Finish();
  EXPECT_EQ(Text(status), "cannot write '/dev/full': No space left on device");
  EXPECT_THAT(Text(Make("stage: write_jsonl, path: no/such/folder.jsonl").status()),
              HasSubstr("cannot write '" + folder_ + "/no/such/folder.jsonl': No such file"));
}

TEST_F(StageTest, AVideoNeverReplacesItsOwnSource) {
  ASSERT_TRUE(WriteFileAtomically(folder_ + "/source.mp4", "the only copy").ok());
  const auto stage = Make("stage: write_video, path: source.mp4, image: image");
  ASSERT_TRUE(stage.ok()) << stage.status();
  Message message;
  message.origin = folder_ + "/./source.mp4";
  message.Set("image", Ramp(64, 48));
  EXPECT_EQ(Text((*stage)->Process(message)),
            "'" + folder_ + "/source.mp4' is what the pictures come from: set another path");
  EXPECT_EQ(*ReadFile(folder_ + "/source.mp4"), "the only copy");
}

TEST_F(StageTest, VideosHaveOneSizeAndNeedRoom) {
  auto stage = Make("stage: write_video, path: v.mp4, image: image");
  ASSERT_TRUE(stage.ok()) << stage.status();
  Message message;
  message.Set("image", Ramp(64, 48));
  ASSERT_TRUE((*stage)->Process(message).ok());
  Message other;
  other.Set("image", Ramp(32, 48));
  const Status status = (*stage)->Process(other);
  EXPECT_TRUE(IsBadItem(status));
  EXPECT_EQ(Text(status), "a picture of 32x48 in a video of 64x48");
  ASSERT_TRUE((*stage)->Finish().ok());
  EXPECT_GT(fs::file_size(folder_ + "/v.mp4"), 500u);

  ASSERT_EQ(symlink("/dev/full", (folder_ + "/full.avi").c_str()), 0);
  auto full = Make("stage: write_video, path: full.avi, image: image");
  ASSERT_TRUE(full.ok()) << full.status();
  Status written = OkStatus();
  for (int i = 0; i < 200 && written.ok(); ++i) written = (*full)->Process(message);
  if (written.ok()) written = (*full)->Finish();
  EXPECT_EQ(Text(written), "cannot write '" + folder_ +
                               "/full.avi': cannot write its end: No space left on device");
}

}  // namespace
}  // namespace plumb::pipeline
