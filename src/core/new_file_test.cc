#include "core/new_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "core/build_id.h"
#include "core/file_io.h"
#include "core/mapped_file.h"

namespace plumb {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class NewFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "plumb_new_file_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    path_ = folder_ + "/file";
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::ptrdiff_t FilesInFolder() const {
    return std::distance(fs::directory_iterator(folder_), fs::directory_iterator());
  }
  static std::span<const std::byte> Bytes(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
  }
  StatusOr<FileStamp> Write(std::string_view text) const {
    PLUMB_ASSIGN_OR_RETURN(NewFile file, NewFile::Create(path_));
    PLUMB_RETURN_IF_ERROR(file.Append(Bytes(text)));
    return file.Keep();
  }

  std::string folder_, path_;
};

TEST_F(NewFileTest, IsThereWhenItIsKept) {
  {
    auto file = NewFile::Create(path_);
    ASSERT_TRUE(file.ok()) << file.status();
    ASSERT_TRUE(file->Append(Bytes("one")).ok());
    ASSERT_TRUE(file->Append(Bytes(" two")).ok());
    EXPECT_EQ(file->size(), 7);
    EXPECT_FALSE(fs::exists(path_));
    const auto stamp = file->Keep();
    ASSERT_TRUE(stamp.ok()) << stamp.status();
    EXPECT_TRUE(stamp->SameAs(*StampOf(path_)));
  }
  EXPECT_EQ(*ReadFile(path_), "one two");
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(FilesInFolder(), 1);
}

TEST_F(NewFileTest, LeavesNothingWhenItIsNotKept) {
  {
    auto file = NewFile::Create(path_);
    ASSERT_TRUE(file.ok()) << file.status();
    ASSERT_TRUE(file->Append(Bytes("half")).ok());
    EXPECT_EQ(FilesInFolder(), 1);
  }
  EXPECT_EQ(FilesInFolder(), 0);
}

TEST_F(NewFileTest, ReplacesALinkAndNotWhatItLeadsTo) {
  ASSERT_TRUE(WriteFileAtomically(folder_ + "/target", "theirs").ok());
  fs::create_symlink(folder_ + "/target", path_);
  ASSERT_TRUE(Write("ours").ok());
  EXPECT_FALSE(fs::is_symlink(path_));
  EXPECT_EQ(*ReadFile(folder_ + "/target"), "theirs");
}

TEST_F(NewFileTest, ErrorsNameThePath) {
  EXPECT_EQ(NewFile::Create("/proc/nowhere/file").status().message(),
            "cannot write '/proc/nowhere/file': No such file or directory");
  fs::create_directory(path_);
  EXPECT_THAT(Write("x").status().message(), HasSubstr("cannot write '" + path_ + "'"));
}

TEST_F(NewFileTest, OwnFilesAreNoLinksAndNobodyElsesToWrite) {
  ASSERT_TRUE(Write("ours").ok());
  EXPECT_TRUE(MappedFile::OpenOwn(path_).ok());
  fs::create_symlink(path_, folder_ + "/link");
  EXPECT_TRUE(MappedFile::Open(folder_ + "/link").ok());
  EXPECT_FALSE(MappedFile::OpenOwn(folder_ + "/link").ok());
  fs::permissions(path_, fs::perms::group_write, fs::perm_options::add);
  EXPECT_EQ(MappedFile::OpenOwn(path_).status().message(),
            "cannot use '" + path_ + "': others may write to it");
  fs::permissions(path_, fs::perms::group_write, fs::perm_options::remove);
  if (geteuid() != 0) return;
  ASSERT_EQ(chown(path_.c_str(), 12345, 12345), 0);
  EXPECT_EQ(MappedFile::OpenOwn(path_).status().message(),
            "cannot use '" + path_ + "': it belongs to another user");
}

TEST_F(NewFileTest, AStampTellsChangesApart) {
  ASSERT_TRUE(Write("same size").ok());
  const FileStamp before = *StampOf(path_);
  EXPECT_FALSE(before.settled());
  WaitUntilSettled(before);
  const FileStamp settled = *StampOf(path_);
  EXPECT_TRUE(settled.settled());
  EXPECT_TRUE(settled.SameAs(before));
  EXPECT_TRUE((*MappedFile::Open(path_))->stamp().SameAs(before));
  const auto modified = fs::last_write_time(path_);
  ASSERT_EQ(truncate(path_.c_str(), 9), 0);
  fs::last_write_time(path_, modified);
  EXPECT_FALSE(StampOf(path_)->SameAs(before));
  FileStamp future = settled;
  future.changed_ns += std::int64_t{3600} * 1'000'000'000;
  WaitUntilSettled(future);  // not an hour
  EXPECT_FALSE(StampOf(folder_ + "/missing").ok());
}

TEST(BuildIdTest, IsHexadecimal) {
  EXPECT_EQ(BuildId().find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_GE(BuildId().size(), 16u);
}

}  // namespace
}  // namespace plumb
