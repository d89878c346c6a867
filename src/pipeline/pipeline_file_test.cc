#include "pipeline/pipeline_file.h"

#include <gtest/gtest.h>

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
            "app.yaml: no stage 'vide'; did you mean 'video'?");
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
       "app.yaml:8: there is a channel from 'resize' to 'write' already, in line 7"},
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

TEST(PipelineFileTest, AMissingFileIsNamed) {
  EXPECT_EQ(Text(LoadPipelineFile("none.yaml").status()),
            "cannot open 'none.yaml': No such file or directory");
}

}  // namespace
}  // namespace plumb::pipeline
