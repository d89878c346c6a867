#include "core/file_io.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>
#include <vector>

#include "core/mapped_file.h"

namespace plumb {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string Message(const Status& status) { return std::string(status.message()); }

class FileIoTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "plumb_file_io_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  std::size_t FilesInFolder() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  std::string folder_;
};

TEST_F(FileIoTest, WritesAndReadsBack) {
  const std::string contents("a\0b\n", 4);
  ASSERT_TRUE(WriteFileAtomically(Path("x"), contents).ok());
  EXPECT_EQ(*ReadFile(Path("x")), contents);
  ASSERT_TRUE(WriteFileAtomically(Path("x"), "").ok());
  EXPECT_EQ(*ReadFile(Path("x")), "");
  EXPECT_EQ(FilesInFolder(), 1u);
}

TEST_F(FileIoTest, ReadsFilesThatDoNotSayHowLongTheyAre) {
  const StatusOr<std::string> status = ReadFile("/proc/self/status");
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_THAT(*status, HasSubstr("VmRSS:"));
  EXPECT_THAT(Message(ReadFile("/proc/self/status", 10).status()),
              HasSubstr("at most 10 bytes are accepted"));
}

TEST_F(FileIoTest, ReadErrorsNameThePathAndTheReason) {
  const StatusOr<std::string> missing = ReadFile(Path("none"));
  EXPECT_EQ(missing.status(),
            NotFound("cannot open '", Path("none"), "': No such file or directory"));
  EXPECT_EQ(ReadFile(folder_).status(),
            InvalidArgument("cannot read '", folder_, "': it is a folder"));
  ASSERT_TRUE(WriteFileAtomically(Path("big"), "12345").ok());
  EXPECT_EQ(
      ReadFile(Path("big"), 4).status(),
      ResourceExhausted("cannot read '", Path("big"), "': it has 5 bytes, at most 4 are accepted"));
}

TEST_F(FileIoTest, FifosAreRefusedWithoutWaiting) {
  ASSERT_EQ(mkfifo(Path("fifo").c_str(), 0600), 0);
  EXPECT_THAT(Message(ReadFile(Path("fifo")).status()), HasSubstr("not a regular file"));
  EXPECT_THAT(Message(MappedFile::Open(Path("fifo")).status()), HasSubstr("not a regular file"));
}

TEST_F(FileIoTest, FullDeviceIsAnErrorThatNamesThePath) {
  fs::create_symlink("/dev/full", Path("report.html"));
  EXPECT_EQ(WriteFileAtomically(Path("report.html"), "x"),
            ResourceExhausted("cannot write '", Path("report.html"), "': No space left on device"));
  EXPECT_EQ(FilesInFolder(), 1u);
}

TEST_F(FileIoTest, FailedWriteLeavesTheOldFileAndNoTemporary) {
  fs::create_directory(Path("folder"));
  EXPECT_THAT(Message(WriteFileAtomically(Path("folder"), "x")), HasSubstr("Is a directory"));
  EXPECT_EQ(WriteFileAtomically(Path("none/x"), "x").code(), StatusCode::kNotFound);
  EXPECT_EQ(FilesInFolder(), 1u);
}

TEST_F(FileIoTest, WritingFollowsLinksAndKeepsTheMode) {
  ASSERT_TRUE(WriteFileAtomically(Path("real"), "old").ok());
  fs::permissions(Path("real"), fs::perms::owner_all);
  fs::create_symlink(Path("real"), Path("link"));
  ASSERT_TRUE(WriteFileAtomically(Path("link"), "new").ok());
  EXPECT_TRUE(fs::is_symlink(Path("link")));
  EXPECT_EQ(*ReadFile(Path("real")), "new");
  EXPECT_EQ(fs::status(Path("real")).permissions(), fs::perms::owner_all);
}

TEST_F(FileIoTest, WritersAtTheSameTimeLeaveOneWholeFile) {
  std::vector<std::thread> writers;
  for (char letter = 'a'; letter < 'e'; ++letter) {
    writers.emplace_back([&, letter] {
      for (int round = 0; round < 10; ++round) {
        EXPECT_TRUE(WriteFileAtomically(Path("x"), std::string(5000, letter)).ok());
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  const std::string contents = *ReadFile(Path("x"));
  EXPECT_EQ(contents, std::string(5000, contents.at(0)));
  EXPECT_EQ(FilesInFolder(), 1u);
}

TEST_F(FileIoTest, NewFilesHaveTheUsualMode) {
  const mode_t mask = umask(027);
  ASSERT_TRUE(WriteFileAtomically(Path("x"), "").ok());
  umask(mask);
  EXPECT_EQ(fs::status(Path("x")).permissions(), static_cast<fs::perms>(0640));
}

TEST_F(FileIoTest, MakeDirectoriesMakesAllOfThem) {
  EXPECT_TRUE(MakeDirectories(Path("a/b/c")).ok());
  EXPECT_TRUE(MakeDirectories(Path("a/b/c")).ok());
  EXPECT_TRUE(fs::is_directory(Path("a/b/c")));
  ASSERT_TRUE(WriteFileAtomically(Path("file"), "").ok());
  EXPECT_THAT(Message(MakeDirectories(Path("file/d"))), HasSubstr(Path("file/d")));
  EXPECT_THAT(Message(MakeDirectories(Path("file"))), HasSubstr("Not a directory"));
}

TEST_F(FileIoTest, CacheDirectoryFollowsTheEnvironment) {
  const char* before = std::getenv("XDG_CACHE_HOME");
  const std::string saved = before != nullptr ? before : "";
  setenv("XDG_CACHE_HOME", Path("cache").c_str(), 1);
  const StatusOr<std::string> cache = CacheDirectory();
  EXPECT_EQ(*cache, Path("cache") + "/plumbline");
  EXPECT_TRUE(fs::is_directory(*cache));
  if (before != nullptr) {
    setenv("XDG_CACHE_HOME", saved.c_str(), 1);
  } else {
    unsetenv("XDG_CACHE_HOME");
  }
}

TEST_F(FileIoTest, MappedFileSharesTheBytesOfTheFile) {
  ASSERT_TRUE(WriteFileAtomically(Path("weights"), "weights").ok());
  const auto file = MappedFile::Open(Path("weights"));
  ASSERT_TRUE(file.ok());
  EXPECT_EQ((*file)->size(), 7);
  // Replacing the file leaves the mapping of the old one alone.
  ASSERT_TRUE(WriteFileAtomically(Path("weights"), "x").ok());
  EXPECT_EQ(std::string(reinterpret_cast<const char*>((*file)->data()), 7), "weights");
}

TEST_F(FileIoTest, MappedFileErrors) {
  EXPECT_EQ(MappedFile::Open(Path("none")).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(MappedFile::Open(folder_).status(),
            InvalidArgument("cannot open '", folder_, "': it is a folder"));
  ASSERT_TRUE(WriteFileAtomically(Path("empty"), "").ok());
  const auto empty = MappedFile::Open(Path("empty"));
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ((*empty)->size(), 0);
}

}  // namespace
}  // namespace plumb
