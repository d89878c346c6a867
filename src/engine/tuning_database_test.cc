#include "engine/tuning_database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_format.h"
#include "core/file_io.h"

namespace plumb::engine {
namespace {

using ::testing::HasSubstr;

std::string KeyAt(int i) { return absl::StrFormat("%016x", i); }

// A folder of its own for each test.
std::string Folder() {
  const auto* info = testing::UnitTest::GetInstance()->current_test_info();
  std::string folder =
      absl::StrCat(testing::TempDir(), "plumb_tuning_", getpid(), "_", info->name());
  EXPECT_TRUE(MakeDirectories(folder).ok());
  return folder;
}

TEST(TuningDatabase, RemembersWhatWasSaved) {
  const std::string path = Folder() + "/below/tuning.txt";
  TuningDatabase first(path);
  first.Insert(KeyAt(1), {"winograd avx512 F(4,3)", 0.00125, "implicit_gemm avx512 14x32", 0.002});
  first.Insert(KeyAt(2), {"gemm scalar 4x4", 3e-7, "", 0});
  ASSERT_TRUE(first.Save().ok());
  const TuningDatabase second(path);
  ASSERT_EQ(second.size(), 2u);
  const auto found = second.Find(KeyAt(1));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, "winograd avx512 F(4,3)");
  EXPECT_DOUBLE_EQ(found->seconds, 0.00125);
  EXPECT_EQ(found->next, "implicit_gemm avx512 14x32");
  EXPECT_DOUBLE_EQ(found->next_seconds, 0.002);
  EXPECT_EQ(second.Find(KeyAt(2))->next, "");
  EXPECT_FALSE(second.Find(KeyAt(3)));
}

TEST(TuningDatabase, DamagedLinesAreNotKnown) {
  const std::string path = Folder() + "/tuning.txt";
  TuningDatabase first(path);
  for (int i = 0; i < 4; ++i) first.Insert(KeyAt(i), {"gemm scalar 4x4", 1e-6, "", 0});
  ASSERT_TRUE(first.Save().ok());
  std::string text = *ReadFile(path);
  text[text.find("scalar")] = 'S';                           // a flipped letter in the first line
  text.insert(text.find('\n') + 1, "\t\t\n\0not a line\n");  // lines of another kind
  text.resize(text.size() - 5);                              // the last is cut short
  ASSERT_TRUE(WriteFileAtomically(path, text).ok());
  const TuningDatabase second(path);
  EXPECT_FALSE(second.Find(KeyAt(0)));
  EXPECT_TRUE(second.Find(KeyAt(1)));
  EXPECT_TRUE(second.Find(KeyAt(2)));
  EXPECT_FALSE(second.Find(KeyAt(3)));
}

TEST(TuningDatabase, WhatIsNoFileIsEmpty) {
  EXPECT_EQ(TuningDatabase(Folder()).size(), 0u);  // a folder
  EXPECT_EQ(TuningDatabase("/proc/no/such/file").size(), 0u);
}

TEST(TuningDatabase, SavingKeepsWhatOthersFound) {
  const std::string path = Folder() + "/tuning.txt";
  TuningDatabase first(path), second(path);
  first.Insert(KeyAt(1), {"a", 1, "", 0});
  second.Insert(KeyAt(2), {"b", 1, "", 0});
  ASSERT_TRUE(first.Save().ok());
  ASSERT_TRUE(second.Save().ok());
  const TuningDatabase both(path);
  EXPECT_TRUE(both.Find(KeyAt(1)));
  EXPECT_TRUE(both.Find(KeyAt(2)));
}

TEST(TuningDatabase, TheOldestGoWhenThereAreTooMany) {
  const std::string path = Folder() + "/tuning.txt";
  TuningDatabase first(path);
  const int count = static_cast<int>(TuningDatabase::kMaxEntries);
  for (int i = 0; i < count + 2; ++i) {
    first.Insert(KeyAt(i), {"a", 1, "", 0});
    if (i == 2) first.Insert(KeyAt(0), {"b", 1, "", 0});  // found again: as new as the third
  }
  ASSERT_TRUE(first.Save().ok());
  const TuningDatabase second(path);
  EXPECT_EQ(second.size(), TuningDatabase::kMaxEntries);
  EXPECT_TRUE(second.Find(KeyAt(0)));
  EXPECT_FALSE(second.Find(KeyAt(1)));
  EXPECT_FALSE(second.Find(KeyAt(2)));
  EXPECT_TRUE(second.Find(KeyAt(3)));
}

TEST(TuningDatabase, AFolderThatCannotBeWrittenIsAnErrorThatNamesIt) {
  TuningDatabase database("/proc/plumb/tuning.txt");
  database.Insert(KeyAt(1), {"a", 1, "", 0});
  const Status status = database.Save();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr("/proc/plumb"));
  EXPECT_TRUE(database.Find(KeyAt(1)));
}

TEST(TuningDatabase, EachProcessorAndSetHasAFileOfItsOwn) {
  Target one;
  Target other = one;
  other.avx512_vnni = true;
  Target slower = one;
  slower.processor = "another";
  EXPECT_EQ(TuningDatabase::PathFor("/c", one), TuningDatabase::PathFor("/c", one));
  EXPECT_NE(TuningDatabase::PathFor("/c", one), TuningDatabase::PathFor("/c", other));
  EXPECT_NE(TuningDatabase::PathFor("/c", one), TuningDatabase::PathFor("/c", slower));
}

}  // namespace
}  // namespace plumb::engine
