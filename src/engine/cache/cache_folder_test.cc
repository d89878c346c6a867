// The folder of compiled models: whom it trusts, what it holds, who uses it at once.
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

#include "engine/cache/compiled_cache_test.h"

namespace plumb::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(CompiledCacheTest, WhatOthersPlantedIsNeitherReadNorWritten) {
  const std::vector<Tensor> inputs = {Normal({1, 8, 6, 6})};
  RunAndSave(Parse(kNet), inputs);
  const std::string target = folder_ + "/target";
  fs::rename(Path(), target);
  fs::create_symlink(target, Path());
  EXPECT_FALSE(Load().ok());
  const std::string before = *ReadFile(target);
  RunAndSave(Parse(kNet), inputs);  // takes the link's place
  EXPECT_FALSE(fs::is_symlink(Path()));
  EXPECT_EQ(*ReadFile(target), before);
  EXPECT_TRUE(Load().ok());
  fs::permissions(Path(), fs::perms::others_write, fs::perm_options::add);
  EXPECT_THAT(Why(), HasSubstr("others may write to it"));
  // A folder that is a link to somewhere else.
  fs::rename(folder_ + "/models", folder_ + "/elsewhere");
  fs::create_directory_symlink(folder_ + "/elsewhere", folder_ + "/models");
  const std::shared_ptr<Model> model = Compile(Parse(kNet));
  EXPECT_THAT(cache_->Save(key_, *model, Sources()).message(), HasSubstr("it is no folder"));
}

TEST_F(CompiledCacheTest, AFolderThatCannotBeWrittenIsAnError) {
  const std::shared_ptr<Model> model = Compile(Parse(kNet));
  const CompiledCache nowhere("/proc/nowhere/models");
  EXPECT_THAT(nowhere.Save(key_, *model, Sources()).message(), HasSubstr("/proc/nowhere"));
  EXPECT_FALSE(nowhere.Load(key_, options_, nullptr).ok());
}

TEST_F(CompiledCacheTest, AFullDiskLeavesNothingBehind) {
  const std::shared_ptr<Model> model = Compile(Parse(kNet));
  Run(model, {Normal({1, 8, 6, 6})});
  const std::vector<SourceFile> sources = Sources();
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{5000, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status saved = cache_->Save(key_, *model, sources);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, SIG_DFL);
  EXPECT_EQ(saved.code(), StatusCode::kResourceExhausted) << saved;
  EXPECT_TRUE(Files().empty());
  EXPECT_TRUE(cache_->Save(key_, *model, sources).ok());
}

TEST_F(CompiledCacheTest, TheOldestGoFirst) {
  const std::vector<Tensor> inputs = {Normal({1, 8, 6, 6})};
  RunAndSave(Parse(kNet), inputs);
  const auto bytes = static_cast<std::int64_t>(fs::file_size(Path()));
  cache_.emplace(folder_ + "/models", 2 * bytes + 500);
  const auto save_as = [&](const char* details) {
    key_.details = details;
    RunAndSave(Parse(kNet), inputs);
  };
  const auto there = [&](const char* details) {
    return cache_->Load({key_.source, details}, options_, nullptr).ok();
  };
  fs::remove_all(folder_ + "/models");
  save_as("a");
  save_as("b");
  std::this_thread::sleep_for(
      std::chrono::milliseconds(30));  // beyond the clock of the file system
  EXPECT_TRUE(there("a"));             // used last
  save_as("c");
  EXPECT_TRUE(there("a"));
  EXPECT_FALSE(there("b"));
  EXPECT_TRUE(there("c"));
  EXPECT_THAT(Files(), ElementsAre(".model", ".model", ".stamp", ".stamp"));
  cache_.emplace(folder_ + "/models", 1000);
  const std::shared_ptr<Model> model = Compile(Parse(kNet));
  EXPECT_THAT(cache_->Save(key_, *model, Sources()).message(),
              HasSubstr("compiled models may take 1000 B together"));
}

TEST_F(CompiledCacheTest, HalfFilesOfTheDeadGo) {
  fs::create_directories(folder_ + "/models");
  for (const char* name : {"/models/old.tmp", "/models/young.tmp"}) {
    ASSERT_TRUE(WriteFileAtomically(folder_ + name, "half").ok());
  }
  const auto hours_ago = fs::file_time_type::clock::now() - std::chrono::hours(2);
  fs::last_write_time(folder_ + "/models/old.tmp", hours_ago);
  RunAndSave(Parse(kNet), {Normal({1, 8, 6, 6})});
  EXPECT_FALSE(fs::exists(folder_ + "/models/old.tmp"));
  EXPECT_TRUE(fs::exists(folder_ + "/models/young.tmp"));
}

TEST_F(CompiledCacheTest, ManyAtOnceReadWholeModels) {
  const std::vector<Tensor> inputs = {Normal({1, 8, 6, 6})};
  const std::vector<Tensor> expected = RunAndSave(Parse(kNet), inputs);
  const std::vector<SourceFile> sources = Sources();
  std::atomic<int> loads = 0, failures = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      ThreadPool pool(1);
      for (int i = 0; i < 8; ++i) {
        if (t < 2) {
          auto model = Model::Compile(Parse(kNet), options_);
          Session session(*model, &pool);
          const bool ran = session.Run(inputs).ok();
          if (!ran || !cache_->Save(key_, **model, sources).ok()) ++failures;
          continue;
        }
        auto model = cache_->Load(key_, options_, &pool);
        if (!model.ok()) {
          ++failures;
          continue;
        }
        Session session(*model, &pool);
        const auto outputs = session.Run(inputs);
        const bool same =
            outputs.ok() && std::memcmp((*outputs)[0].raw(), expected[0].raw(),
                                        static_cast<std::size_t>(expected[0].bytes())) == 0;
        ++(same ? loads : failures);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(loads, 16);
  EXPECT_THAT(Files(), ElementsAre(".model", ".stamp"));
}

}  // namespace
}  // namespace plumb::engine
