#include "engine/background_tuner.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include <unistd.h>

#include "engine/session.h"
#include "graph/text.h"
#include "ops/ops.h"

namespace plumb::engine {
namespace {

class BackgroundTunerTest : public ::testing::Test {
 protected:
  BackgroundTunerTest() {
    folder_ =
        std::filesystem::temp_directory_path() / ("background_tuner_" + std::to_string(::getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~BackgroundTunerTest() override { std::filesystem::remove_all(folder_); }

  // Compiled, and planned for images of that size.
  static std::shared_ptr<Model> Net(std::int64_t size) {
    Graph graph = ParseGraph(R"(
graph g(x: f32[1,16,H,H]) -> (y) {
  w = const f32[16,16,3,3] seed(1)
  y = Conv(x, w) {pads = [1, 1, 1, 1]}
})",
                             ops::AllOps())
                      .value();
    std::shared_ptr<Model> model =
        Model::Compile(std::move(graph), {.target = *HostTarget()}).value();
    ThreadPool pool(1);
    Session session(model, &pool);
    EXPECT_TRUE(session.Prepare(std::vector<Shape>{{1, 16, size, size}}).ok());
    return model;
  }
  static void WaitFor(const BackgroundTuner& tuner, int problems) {
    for (int i = 0; i < 2400 && tuner.measured() < problems; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    EXPECT_EQ(tuner.measured(), problems);
  }

  std::filesystem::path folder_;
};

TEST_F(BackgroundTunerTest, MeasuresPlansAsTheyAppearAndSaves) {
  const std::string path = folder_ / "tuning.txt";
  const std::shared_ptr<Model> model = Net(9);
  if (model->problems().empty()) GTEST_SKIP() << "this machine has one kernel for it";
  {
    BackgroundTuner tuner(std::make_shared<TuningDatabase>(path));
    tuner.Add(model);
    WaitFor(tuner, 1);
    tuner.Add(Net(12));
    WaitFor(tuner, 2);
    EXPECT_TRUE(tuner.status().ok()) << tuner.status();
  }
  EXPECT_EQ(TuningDatabase(path).size(), 2u);
  // The next one knows them: of these two it measures the second alone.
  BackgroundTuner tuner(std::make_shared<TuningDatabase>(path));
  tuner.Add(model);
  tuner.Add(Net(15));
  WaitFor(tuner, 1);
  EXPECT_TRUE(tuner.Stop().ok());
  EXPECT_EQ(TuningDatabase(path).size(), 3u);
}

TEST_F(BackgroundTunerTest, SaysWhyNothingCanBeSaved) {
  const std::shared_ptr<Model> model = Net(9);
  if (model->problems().empty()) GTEST_SKIP() << "this machine has one kernel for it";
  // A file stands where the folder should be.
  const std::string path = folder_ / "file";
  ASSERT_TRUE(TuningDatabase(path).Save().ok());
  BackgroundTuner tuner(std::make_shared<TuningDatabase>(path + "/tuning.txt"));
  tuner.Add(model);
  for (int i = 0; i < 2400 && tuner.status().ok(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_FALSE(tuner.status().ok());
}

}  // namespace
}  // namespace plumb::engine
