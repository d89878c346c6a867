#include "measure/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>

#include "core/file_io.h"

namespace plumb::measure {
namespace {

using testing::HasSubstr;

constexpr char kPage[] =
    "<!doctype html><title>Report</title><body>"
    "<script type=\"application/x-ndjson\" id=\"plumb-records\"></script>"
    "<script type=\"module\">go()</script></body>";

TEST(ReportTest, PutsTitleAndLinesIntoThePage) {
  const auto page = FillReportPage(kPage, "a & <b>", "{\"id\":\"x\"}\n");
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(*page,
            "<!doctype html><title>a &amp; &lt;b&gt;</title><body>"
            "<script type=\"application/x-ndjson\" id=\"plumb-records\">{\"id\":\"x\"}\n</script>"
            "<script type=\"module\">go()</script></body>");
}

TEST(ReportTest, TextOfRecordsCannotEndTheScript) {
  const auto page = FillReportPage(kPage, "t", "{\"why\":\"</script><img src=x>\"}\n");
  ASSERT_TRUE(page.ok());
  EXPECT_THAT(*page, HasSubstr("\\u003c/script>\\u003cimg src=x>"));
}

TEST(ReportTest, APageWithoutItsPlacesIsAnError) {
  const auto none = FillReportPage("<title>x</title>", "t", "");
  EXPECT_EQ(std::string(none.status().message()),
            "the report page does not have '<script type=\"application/x-ndjson\" "
            "id=\"plumb-records\">' exactly once: build it again with `make`");
  const auto twice = FillReportPage(std::string(kPage) + kPage, "t", "");
  EXPECT_THAT(std::string(twice.status().message()), HasSubstr("'<title>' exactly once"));
  const auto cut = FillReportPage("<title>x", "t", "");
  EXPECT_EQ(std::string(cut.status().message()),
            "the report page is cut off after '<title>': build it again with `make`");
}

TEST(ReportTest, TheBuiltPageTakesRecordsOrTheErrorSaysHowToBuildIt) {
  const auto path = FindReportPage();
  if (!path.ok()) {
    EXPECT_THAT(std::string(path.status().message()), HasSubstr("build it with `make`"));
    return;
  }
  const auto page = FillReportPage(*ReadFile(*path), "t", "{\"plumb_run\":1}\n");
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(*page, HasSubstr("{\"plumb_run\":1}"));
}

TEST(ReportTest, AFullDiskIsAnErrorThatNamesThePath) {
  const std::string page = testing::TempDir() + "plumb_page_" + std::to_string(getpid());
  ASSERT_TRUE(WriteFileAtomically(page, kPage).ok());
  const Status status = WriteReport("/dev/full", "t", "{\"plumb_run\":1}\n", page);
  (void)std::remove(page.c_str());
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr("/dev/full"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("No space left on device"));
}

}  // namespace
}  // namespace plumb::measure
