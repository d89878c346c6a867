#include "measure/trace_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

namespace plumb::measure {
namespace {

TEST(TraceFileTest, HasALaneForEachThreadAndEverySpan) {
  measure::Run run;
  run.header.id = "app";
  Span span;
  span.where = run.names.Intern("net \"1\"");
  span.thread = run.names.Intern("net 1");
  span.kind = Kind::kAi;
  span.trace = 3;
  span.begin = 1500;
  span.end = 4000;
  run.spans.push_back(span);
  span.kind = Kind::kWait;
  run.spans.push_back(span);
  run.samples.push_back(
      {2000, run.names.Intern("queue.depth"), span.where, run.names.Intern("frames"), 4});
  run.events.push_back({2500, "video", "failed", "frame 1"});

  const auto trace = nlohmann::json::parse(RunToTrace(run));
  std::map<std::string, std::vector<nlohmann::json>> by_phase;
  for (const auto& event : trace["traceEvents"]) by_phase[event["ph"]].push_back(event);
  ASSERT_EQ(by_phase["X"].size(), 1u);
  EXPECT_EQ(by_phase["X"][0]["name"], "net \"1\"");
  EXPECT_EQ(by_phase["X"][0]["ts"], 1.5);
  EXPECT_EQ(by_phase["X"][0]["dur"], 2.5);
  EXPECT_EQ(by_phase["X"][0]["args"]["trace"], 3);
  EXPECT_EQ(by_phase["M"].size(), 2u);
  EXPECT_EQ(by_phase["M"][1]["tid"], by_phase["X"][0]["tid"]);
  EXPECT_EQ(by_phase["M"][1]["args"]["name"], "net 1");
  ASSERT_EQ(by_phase["b"].size(), 1u);
  ASSERT_EQ(by_phase["e"].size(), 1u);
  EXPECT_EQ(by_phase["b"][0]["id"], by_phase["e"][0]["id"]);
  EXPECT_EQ(by_phase["C"][0]["args"]["frames"], 4);
  EXPECT_EQ(by_phase["i"][0]["args"]["why"], "frame 1");
}

TEST(TraceFileTest, AnEmptyRunIsValidToo) {
  EXPECT_EQ(nlohmann::json::parse(RunToTrace(measure::Run()))["traceEvents"].size(), 1u);
}

TEST(TraceFileTest, AFullDiskIsAnErrorThatNamesThePath) {
  const Status status = WriteTraceFile("/dev/full", measure::Run());
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("/dev/full"));
}

}  // namespace
}  // namespace plumb::measure
