#include "pipeline/pipeline_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "core/file_io.h"

namespace plumb::pipeline {
namespace {

std::string Text(const Status& status) { return std::string(status.message()); }

constexpr char kGood[] = R"(pipeline: app
stages:
  resize: {stage: resize, size: [64, 48], mean: 127.5, replicas: 2}
  video: {stage: media, source: clips}
  write: {stage: write_jsonl, path: out.jsonl, label: results}
channels:
  - {from: resize, to: write, size: 7, ordered: true}
  - {from: video, to: resize}
)";

StatusOr<PipelineSpec> Parse(const std::string& text) {
  return ParsePipeline(text, "app.yaml", "folder");
}

TEST(PipelineFileTest, ReadsStagesAndChannelsInFlowOrder) {
  const auto spec = Parse(kGood);
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->name, "app");
  ASSERT_EQ(spec->stages.size(), 3u);
  EXPECT_EQ(spec->stages[0].id, "video");
  EXPECT_EQ(spec->stages[1].id, "resize");
  EXPECT_EQ(spec->stages[1].replicas, 2);
  EXPECT_EQ(spec->stages[2].label, "results");
  ASSERT_EQ(spec->channels.size(), 2u);
  EXPECT_EQ(spec->channels[0].from, 1);
  EXPECT_EQ(spec->channels[0].to, 2);
  EXPECT_EQ(spec->channels[0].size, 7);
  EXPECT_TRUE(spec->channels[0].ordered);
  EXPECT_EQ(spec->channels[1].size, 4);
  for (int stage : {1, 2}) EXPECT_TRUE(MakeStage(*spec, stage).ok());
  EXPECT_TRUE(MakeSource(*spec, 0).ok());
  const measure::StageGraph graph = spec->Graph();
  EXPECT_EQ(graph.nodes[0].kind, measure::Kind::kIo);
  EXPECT_EQ(graph.edges[0].from, "resize");
}

TEST(PipelineFileTest, PathsAreRelativeToTheFileAndOverridesAreTakenAsTheyAre) {
  auto spec = Parse(kGood);
  ASSERT_TRUE(spec.ok());
  EXPECT_EQ(spec->ParamsOf(0).Path("source"), "folder/clips");
  ASSERT_TRUE(OverrideParam(&*spec, "video", "source", "/other.mp4").ok());
  EXPECT_EQ(spec->ParamsOf(0).Path("source"), "/other.mp4");
  EXPECT_EQ(Text(OverrideParam(&*spec, "vide", "source", "x")),
            "override: no stage 'vide'; did you mean 'video'?");
}

Status Set(PipelineSpec* spec, const std::string& setting) {
  return ApplySetting(spec, setting, "--set " + setting);
}

TEST(PipelineFileTest, ASettingReachesListsReplicasAndQueues) {
  auto spec = Parse(kGood);
  ASSERT_TRUE(spec.ok());
  for (const char* setting : {"resize.size=[320, 240]", "resize.replicas=3",
                              "channels.resize.size=9", "channels.write.ordered=false"}) {
    ASSERT_TRUE(Set(&*spec, setting).ok()) << setting;
  }
  EXPECT_EQ(spec->stages[1].replicas, 3);
  EXPECT_EQ(spec->ParamsOf(1).Numbers("size", {}, 2), (std::vector<double>{320, 240}));
  EXPECT_EQ(spec->channels[1].size, 9);
  EXPECT_FALSE(spec->channels[0].ordered);
  EXPECT_TRUE(CheckStages(*spec).ok());
}

TEST(PipelineFileTest, PathsOfSettingsAreRelativeToTheWorkingFolder) {
  auto spec = Parse(kGood);
  ASSERT_TRUE(spec.ok());
  ASSERT_TRUE(Set(&*spec, "video.source=here.mp4").ok());
  EXPECT_EQ(spec->ParamsOf(0).Path("source"), "here.mp4");
}

TEST(PipelineFileTest, AThresholdThatIsSetTakesThePlaceOfItsFile) {
  const std::string match = "stage: match, gallery: g.json, threshold_file: none.json}";
  std::string text = kGood;
  text.replace(text.find("stage: write_jsonl"),
               std::string("stage: write_jsonl, path: out.jsonl, label: results}").size(), match);
  auto spec = Parse(text);
  ASSERT_TRUE(spec.ok()) << spec.status();
  ASSERT_TRUE(Set(&*spec, "write.threshold=0.4").ok());
  EXPECT_TRUE(CheckStages(*spec).ok()) << CheckStages(*spec);
  EXPECT_FALSE(spec->ParamsOf(2).Has("threshold_file"));
  EXPECT_EQ(
      Text(Set(&*spec, "write.threshold_file=t.json")),
      "--set write.threshold_file=t.json: it is given by --set write.threshold=0.4 too: leave "
      "one of them out");
}

TEST(PipelineFileTest, MistakesOfSettingsNameTheSettingAndNoLine) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"fast", "expected STAGE.KEY=VALUE"},
      {"resize=3", "expected STAGE.KEY=VALUE"},
      {".size=3", "expected STAGE.KEY=VALUE"},
      {"resize.=3", "expected STAGE.KEY=VALUE"},
      {"resise.size=3", "no stage 'resise'; did you mean 'resize'?"},
      {"channels.video.size=3", "no channel leads to 'video'; expected write or resize"},
      {"resize.size=[1, 2", "not valid YAML: end of sequence flow not found"},
      {"resize.replicas=many",
       "stage 'resize': 'replicas' is 'many', expected a whole number from 1 to 256"},
      {"channels.write.size=0", "channel 1: 'size' is '0', expected a whole number from 1 to 4096"},
      {"resize.size=[1, 2, 3]", "stage 'resize': 'size' has 3 values, expected 2 or one for all"},
      {"resize.mean={a: 1}", "stage 'resize': 'mean' has 0 values, expected 3 or one for all"},
      {"resize.meen=1", "stage 'resize': unknown key 'meen'; did you mean 'mean'?"},
      {"video.source=", "stage 'video': 'source' is empty"},
  };
  for (const auto& [setting, problem] : cases) {
    auto spec = Parse(kGood);
    ASSERT_TRUE(spec.ok());
    Status status = Set(&*spec, setting);
    if (status.ok()) status = CheckStages(*spec);
    EXPECT_EQ(Text(status), absl::StrCat("--set ", setting, ": ", problem));
  }
}

TEST(PipelineFileTest, TwoOptionsForOneValueAreAContradiction) {
  auto spec = Parse(kGood);
  ASSERT_TRUE(spec.ok());
  ASSERT_TRUE(OverrideParam(&*spec, "video", "source", "a.mp4", "--source a.mp4").ok());
  EXPECT_EQ(Text(Set(&*spec, "video.source=b.mp4")),
            "--set video.source=b.mp4: it is given by --source a.mp4 too: leave one of them out");
  EXPECT_EQ(spec->ParamsOf(0).Path("source"), "a.mp4");
}

class ExtendsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "plumb_extends_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    ASSERT_TRUE(MakeDirectories(folder_ + "/base").ok());
    Write("base/good.yaml", kGood);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    EXPECT_TRUE(WriteFileAtomically(folder_ + "/" + name, text).ok());
    return folder_ + "/" + name;
  }

  std::string folder_;
};

TEST_F(ExtendsTest, AFileAddsToAnotherAndChangesKeys) {
  const auto spec = LoadPipelineFile(Write("more.yaml",
                                           "extends: base/good.yaml\n"
                                           "pipeline: more\n"
                                           "stages:\n"
                                           "  resize: {mean: 0, replicas: 5}\n"
                                           "  out: {stage: write_video, path: o.mp4}\n"
                                           "channels:\n"
                                           "  - {from: resize, to: write, size: 3}\n"
                                           "  - {from: resize, to: out}\n"));
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->name, "more");
  ASSERT_EQ(spec->stages.size(), 4u);
  const auto resize = static_cast<std::size_t>(spec->FindStage("resize"));
  EXPECT_EQ(spec->stages[resize].replicas, 5);
  EXPECT_EQ(spec->stages[resize].params.Find("mean")->text, "0");
  EXPECT_NE(spec->stages[resize].params.Find("size"), nullptr);
  EXPECT_EQ(spec->ParamsOf(spec->FindStage("video")).Path("source"), folder_ + "/base/clips");
  ASSERT_EQ(spec->channels.size(), 3u);
  EXPECT_EQ(spec->channels[0].size, 3);
  EXPECT_TRUE(spec->channels[0].ordered);
}

TEST_F(ExtendsTest, MistakesAreToldWithTheFileThatHoldsThem) {
  const std::string base = Write("bad.yaml", "pipeline: p\nstages:\n  v: {stage: medea}\n");
  EXPECT_EQ(Text(LoadPipelineFile(Write("a.yaml", "extends: bad.yaml\n")).status()),
            base + ":3: stage 'v': unknown stage 'medea'; did you mean 'media'?");
  const std::string none = Write("b.yaml", "pipeline: p\nextends: none.yaml\n");
  EXPECT_EQ(Text(LoadPipelineFile(none).status()), none + ":2: 'extends': cannot open '" + folder_ +
                                                       "/none.yaml': No such file or directory");
  const std::string self = Write("c.yaml", "extends: c.yaml\n");
  EXPECT_EQ(Text(LoadPipelineFile(self).status()),
            self + ":1: more than 8 files extend one another: does one of them extend itself?");
  const std::string list = Write("d.yaml", "extends: [a.yaml]\n");
  EXPECT_EQ(Text(LoadPipelineFile(list).status()),
            list + ":1: the pipeline: 'extends' is a list, expected one value");
}

TEST(PipelineFileTest, OneSourceMayFeedSeveralStages) {
  const auto spec = Parse(
      "pipeline: app\n"
      "stages:\n"
      "  video: {stage: media, source: x}\n"
      "  a: {stage: write_video, path: a.mp4, image: image}\n"
      "  b: {stage: write_video, path: b.mp4, image: image}\n"
      "channels: [{from: video, to: a}, {from: video, to: b}]\n");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->ChannelsFrom(0).size(), 2u);
}

struct Malformed {
  std::string from, to;  // what is replaced in kGood
  std::string message;
};

TEST(PipelineFileTest, ErrorsSayLineAndRemedy) {
  const std::vector<Malformed> cases = {
      {"stage: resize", "stage: resise",
       "app.yaml:3: stage 'resize': unknown stage 'resise'; did you mean 'resize'?"},
      {"stage: resize", "stage: xylophone",
       "app.yaml:3: stage 'resize': unknown stage 'xylophone'; expected media, resize, model, "
       "decode_detections, crop_and_align, refine_landmarks, embed, match, draw, write_jsonl or "
       "write_video"},
      {"stage: resize, ", "", "app.yaml:3: stage 'resize': 'stage' is missing"},
      {"replicas: 2", "replicas: 0",
       "app.yaml:3: stage 'resize': 'replicas' is '0', expected a whole number from 1 to 256"},
      {"replicas: 2", "replicas: many",
       "app.yaml:3: stage 'resize': 'replicas' is 'many', expected a whole number from 1 to 256"},
      {"source: clips}", "source: clips, replicas: 2}",
       "app.yaml:4: stage 'video': a source has one replica; give it decode threads instead"},
      {"size: 7", "size: 0",
       "app.yaml:7: channel 1: 'size' is '0', expected a whole number from 1 to 4096"},
      {"size: 7", "size: [7]", "app.yaml:7: channel 1: 'size' is a list, expected one value"},
      {"size: 7", "sise: 7", "app.yaml:7: channel 1: unknown key 'sise'; did you mean 'size'?"},
      {"ordered: true", "ordered: yes",
       "app.yaml:7: channel 1: 'ordered' is 'yes', expected true or false"},
      {"to: write", "to: wirte",
       "app.yaml:7: channel 1: 'to' names no stage: 'wirte'; did you mean 'write'?"},
      {"from: resize, ", "", "app.yaml:7: channel 1: 'from' is missing"},
      {"  - {from: video, to: resize}\n", "",
       "app.yaml:3: stage 'resize': no channel leads to it; add {from: ..., to: resize} to "
       "'channels'"},
      {"  - {from: video, to: resize}\n", "  - {from: video, to: write}\n",
       "app.yaml:8: two channels lead to stage 'write' (the other from 'resize'): put the stages "
       "in "
       "a row, each passes on all it was given"},
      {"  - {from: video, to: resize}\n", "  - {from: resize, to: write}\n",
       "app.yaml:8: there is a channel from 'resize' to 'write' already: app.yaml:7"},
      {"  - {from: video, to: resize}\n", "  - {from: write, to: resize}\n",
       "app.yaml:4: stage 'video': no channel leads from this source; add {from: video, to: ...} "
       "to "
       "'channels'"},
      {"  - {from: video, to: resize}\n", "  - {from: resize, to: video}\n",
       "app.yaml:8: stage 'video' (media) is a source: no channel leads to it"},
      {"stage: media, source: clips", "stage: draw",
       "app.yaml:4: stage 'video': no channel leads to it; add {from: ..., to: video} to "
       "'channels'"},
      {"pipeline: app\n", "", "app.yaml:1: the pipeline: 'pipeline' is missing"},
      {"pipeline: app\n", "pipeline: app\nstage: 3\n",
       "app.yaml:2: the pipeline: unknown key 'stage'; did you mean 'stages'?"},
      {"label: results", "path: again", "app.yaml:5: the key 'path' stands twice"},
      {"channels:\n", "channels: {}\nchanels:\n",
       "app.yaml:7: the pipeline: unknown key 'chanels'; did you mean 'channels'?"},
  };
  for (const Malformed& malformed : cases) {
    std::string text = kGood;
    const std::size_t at = text.find(malformed.from);
    ASSERT_NE(at, std::string::npos) << malformed.from;
    text.replace(at, malformed.from.size(), malformed.to);
    const auto spec = Parse(text);
    ASSERT_FALSE(spec.ok()) << text;
    EXPECT_EQ(Text(spec.status()), malformed.message) << text;
  }
}

TEST(PipelineFileTest, ErrorsOfStageParameters) {
  const std::vector<Malformed> cases = {
      {"size: [64, 48]", "size: [64, 48, 3]",
       "app.yaml:3: stage 'resize': 'size' has 3 values, expected 2 or one for all"},
      {"size: [64, 48]", "size: [64, x]",
       "app.yaml:3: stage 'resize': 'size' is 'x', expected a number"},
      {"size: [64, 48]", "size: [64, 0]",
       "app.yaml:3: stage 'resize': 'size' must be whole numbers from 1 to 16384"},
      {"size: [64, 48], ", "",
       "app.yaml:3: stage 'resize': 'size' is missing, expected [width, height]"},
      {"mean: 127.5", "std: 0",
       "app.yaml:3: stage 'resize': 'std' must be above 0: pixels are divided by it"},
      {"mean: 127.5", "meen: 127.5",
       "app.yaml:3: stage 'resize': unknown key 'meen'; did you mean 'mean'?"},
      {"mean: 127.5", "fit: letter",
       "app.yaml:3: stage 'resize': 'fit' is 'letter'; expected top_left, letterbox or stretch"},
  };
  for (const Malformed& malformed : cases) {
    std::string text = kGood;
    text.replace(text.find(malformed.from), malformed.from.size(), malformed.to);
    const auto spec = Parse(text);
    ASSERT_TRUE(spec.ok()) << spec.status();
    EXPECT_EQ(Text(MakeStage(*spec, 1).status()), malformed.message);
  }
}

TEST(PipelineFileTest, WritersHaveOneReplica) {
  for (const char* writer : {"write_jsonl, replicas: 2", "write_video, replicas: 2"}) {
    std::string text = kGood;
    text.replace(text.find("write_jsonl"), 11, writer);
    EXPECT_EQ(Text(Parse(text).status()),
              "app.yaml:5: stage 'write': it writes one file and has one replica");
  }
}

TEST(PipelineFileTest, WritersStayInTheOutputFolder) {
  for (const auto& [path, inside] : {std::pair("a.jsonl", true),
                                     {"deep/../a.jsonl", true},
                                     {"/a", true},
                                     {"../a.jsonl", false},
                                     {"a/../../b", false},
                                     {"..", false}}) {
    std::string text = kGood;
    text.replace(text.find("out.jsonl"), 9, path);
    const auto spec = Parse(text);
    ASSERT_TRUE(spec.ok()) << spec.status();
    const std::string message = Text(MakeStage(*spec, 2).status());
    EXPECT_EQ(message, inside ? ""
                              : absl::StrCat("app.yaml:5: stage 'write': 'path' is '", path,
                                             "', which leaves the output folder: give an absolute "
                                             "path if that is what you want"));
  }
}

TEST(PipelineFileTest, ALoopIsNamed) {
  const auto spec = Parse(
      "pipeline: app\n"
      "stages:\n"
      "  video: {stage: media, source: x}\n"
      "  w: {stage: write_video, path: a.mp4}\n"
      "  a: {stage: draw}\n"
      "  b: {stage: draw}\n"
      "  c: {stage: draw}\n"
      "channels:\n"
      "  - {from: video, to: w}\n"
      "  - {from: a, to: b}\n"
      "  - {from: b, to: c}\n"
      "  - {from: c, to: a}\n");
  EXPECT_EQ(Text(spec.status()),
            "app.yaml:12: the channels make a loop: a -> b -> c -> a; take one of them out");
  const auto self = Parse(
      "pipeline: app\nstages:\n  v: {stage: media, source: x}\n  w: {stage: draw}\n  d: {stage: "
      "draw}\nchannels:\n  - {from: v, to: w}\n  - {from: d, to: d}\n");
  EXPECT_EQ(Text(self.status()),
            "app.yaml:8: the channels make a loop: d -> d; take one of them out");
}

TEST(PipelineFileTest, WhatIsNoPipelineFileEndsInAMessage) {
  EXPECT_EQ(Text(Parse("").status()),
            "app.yaml:1: expected a mapping with the keys pipeline, stages and channels");
  EXPECT_EQ(Text(Parse("pipeline: a\n").status()),
            "app.yaml:1: 'stages' must be a mapping of at least one stage: id: {stage: type, ...}");
  EXPECT_TRUE(Text(Parse("a: [1, 2").status()).starts_with("app.yaml:1: not valid YAML: "));
  EXPECT_TRUE(Text(Parse("a: b: c").status()).starts_with("app.yaml:1: not valid YAML: "));
  EXPECT_EQ(Text(Parse(std::string(40, '[') + std::string(40, ']')).status()),
            "app.yaml:1: nested more than 16 deep");
  std::string bomb = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n";
  for (int i = 1; i < 9; ++i) {
    bomb += absl::StrCat("a", i, ": &a", i, " [");
    for (int k = 0; k < 10; ++k) bomb += absl::StrCat(k == 0 ? "" : ",", "*a", i - 1);
    bomb += "]\n";
  }
  EXPECT_TRUE(
      Text(Parse(bomb).status()).ends_with("more than 20000 values, aliases counted each time"));
}

TEST(PipelineFileTest, CutFilesEndInAStatus) {
  const std::string text = kGood;
  for (std::size_t length = 0; length < text.size(); ++length) {
    (void)Parse(text.substr(0, length));
    std::string changed = text;
    changed[length] = ':';
    (void)Parse(changed);
  }
}

TEST(PipelineFileTest, TheExampleOfTheReadmeIsSound) {
  const std::string readme = *ReadFile(PLUMB_SOURCE_DIR "/src/pipeline/README.md");
  const std::size_t begin = readme.find("    pipeline: name\n"), end = readme.find("\n\n", begin);
  ASSERT_NE(begin, std::string::npos);
  const auto spec = Parse(readme.substr(begin, end - begin));
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_TRUE(CheckStages(*spec).ok()) << CheckStages(*spec);
}

TEST(PipelineFileTest, AMissingFileIsNamed) {
  EXPECT_EQ(Text(LoadPipelineFile("none.yaml").status()),
            "cannot open 'none.yaml': No such file or directory");
}

}  // namespace
}  // namespace plumb::pipeline
