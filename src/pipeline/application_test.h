// What the tests of applications share: a folder with six pictures and a pipeline on them.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "core/file_io.h"
#include "pipeline/application.h"

namespace plumb::pipeline {

inline std::string Text(const Status& status) { return std::string(status.message()); }

class ApplicationTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "plumb_application_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    ASSERT_TRUE(MakeDirectories(folder_ + "/in").ok());
    for (int i = 0; i < 6; ++i) {
      const std::string grey(3 * 20 * 10, static_cast<char>(40 * i));
      ASSERT_TRUE(
          WriteFileAtomically(absl::StrCat(folder_, "/in/", i, ".ppm"), "P6\n20 10\n255\n" + grey)
              .ok());
    }
    options_.target = *HostTarget();
    options_.pool = &pool_;
    options_.header = measure::MakeRunHeader("means", {"plumb"}, "scalar", "abc");
    options_.output_folder = folder_ + "/out";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // A page to put records into, as web/ builds one.
  std::string Page() {
    const std::string path = folder_ + "/page.html";
    EXPECT_TRUE(WriteFileAtomically(path,
                                    "<title>x</title><script type=\"application/x-ndjson\" "
                                    "id=\"plumb-records\"></script>")
                    .ok());
    return path;
  }

  PipelineSpec Spec() {
    const auto spec =
        ParsePipeline(absl::StrCat("pipeline: means\n"
                                   "stages:\n"
                                   "  read: {stage: media, source: in}\n"
                                   "  resize: {stage: resize, size: [8, 8]}\n"
                                   "  net: {stage: model, replicas: 2, model: ",
                                   PLUMB_SOURCE_DIR, "/testdata/pipeline/channel_means.onnx}\n",
                                   "channels:\n"
                                   "  - {from: read, to: resize}\n"
                                   "  - {from: resize, to: net}\n"),
                      "means.yaml", folder_);
    EXPECT_TRUE(spec.ok()) << spec.status();
    return *spec;
  }

  std::string folder_;
  ThreadPool pool_{2};
  ApplicationOptions options_;
};

}  // namespace plumb::pipeline
