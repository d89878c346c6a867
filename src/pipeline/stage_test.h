// What the tests of stages share: small networks, pictures and boxes, and stages made from the text
// of a pipeline file.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "pipeline/pipeline_file.h"
#include "pipeline/stage.h"

namespace plumb::pipeline {

inline constexpr char kMeans[] = PLUMB_SOURCE_DIR "/testdata/pipeline/channel_means.onnx";
inline constexpr char kFlat[] = PLUMB_SOURCE_DIR "/testdata/pipeline/flat.onnx";

inline std::string Text(const Status& status) { return std::string(status.message()); }

// Red is the column, green the row, blue 9.
inline Image Ramp(int width, int height) {
  Image image;
  image.width = width;
  image.height = height;
  image.row_bytes = 3 * width;
  image.pixels = std::make_shared<std::uint8_t[]>(static_cast<std::size_t>(3 * width * height));
  for (int i = 0; i < width * height; ++i) {
    std::uint8_t* pixel = image.pixels.get() + 3 * i;
    pixel[0] = static_cast<std::uint8_t>(i % width);
    pixel[1] = static_cast<std::uint8_t>(i / width);
    pixel[2] = 9;
  }
  return image;
}

inline Detection Box(float x0, float y0, float x1, float y1) {
  Detection d;
  d.x0 = x0;
  d.y0 = y0;
  d.x1 = x1;
  d.y1 = y1;
  d.score = 0.9f;
  return d;
}

class StageTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "plumb_stage_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    context_.id = "s";
    context_.target = *HostTarget();
    context_.pool = &pool_;
    context_.no_pool = &pool_;
    context_.shared = &shared_;
    context_.cancel = &cancel_;
    context_.output_folder = folder_;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // The started stage; `params` as they stand in a file, "stage: resize, size: [4, 4]".
  StatusOr<std::unique_ptr<Stage>> Make(const std::string& params) {
    PLUMB_ASSIGN_OR_RETURN(
        const PipelineSpec spec,
        ParsePipeline(absl::StrCat("pipeline: p\nstages:\n  v: {stage: media, source: x}\n  s: {",
                                   params, "}\nchannels: [{from: v, to: s}]\n"),
                      "p.yaml", folder_));
    PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Stage> stage, MakeStage(spec, 1));
    PLUMB_RETURN_IF_ERROR(stage->Start(context_));
    return stage;
  }

  Status Process(const std::string& params, Message* message) {
    PLUMB_ASSIGN_OR_RETURN(const std::unique_ptr<Stage> stage, Make(params));
    return stage->Process(*message);
  }

  std::string folder_;
  ThreadPool pool_{1};
  SharedThings shared_;
  std::atomic<bool> cancel_{false};
  StageContext context_;
};

}  // namespace plumb::pipeline
