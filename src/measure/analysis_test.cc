#include "measure/analysis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "measure/self_time.h"
#include "measure/stage_table.h"

namespace plumb::measure {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr std::int64_t kMs = 1'000'000;

class RunMaker {
 public:
  RunMaker() {
    run.header.machine = {{"cores", 2.0}};
    run.graph = StageGraph{
        "app", {{"read", "", Kind::kIo, 1}, {"net", "", Kind::kAi, 1}}, {{"read", "net", 2}}};
  }
  Span& Add(std::uint64_t trace, const char* where, Kind kind, std::int64_t begin,
            std::int64_t end) {
    Span& span = run.spans.emplace_back();
    span.trace = trace;
    span.where = run.names.Intern(where);
    span.kind = kind;
    span.begin = begin * kMs;
    span.end = end * kMs;
    if (kind != Kind::kWait) span.cpu_ns = span.end - span.begin;
    return span;
  }
  measure::Run run;
};

// Two frames: read 10 ms, wait, net 30 ms. The second waits 20 ms for the net.
measure::Run TwoFrames() {
  RunMaker maker;
  maker.Add(0, "read", Kind::kIo, 0, 10).due = 0;
  maker.Add(0, "net", Kind::kAi, 10, 40);
  maker.Add(1, "read", Kind::kIo, 10, 20);
  maker.Add(1, "net", Kind::kWait, 20, 40);
  maker.Add(1, "net", Kind::kAi, 40, 70);
  return std::move(maker.run);
}

TEST(AnalysisTest, SharesLatencyAndUtilisationOfTwoFrames) {
  const Analysis analysis = Analyse(TwoFrames());
  ASSERT_THAT(analysis.frames, SizeIs(2));
  EXPECT_EQ(analysis.frames[0].latency(), 40 * kMs);
  EXPECT_EQ(analysis.frames[1].latency(), 60 * kMs);
  EXPECT_EQ(analysis.frames[1].ai, 30 * kMs);
  EXPECT_EQ(analysis.frames[1].busy, 40 * kMs);
  EXPECT_DOUBLE_EQ(*analysis.ai_share, 0.75);
  EXPECT_DOUBLE_EQ(*analysis.cpu_utilisation, 80.0 / 140);
  EXPECT_DOUBLE_EQ(analysis.frames_per_second(), 2 / 0.07);
  ASSERT_THAT(analysis.stages, SizeIs(2));
  const StageFigures& net = analysis.stages[1];
  EXPECT_EQ(net.items, 2);
  EXPECT_EQ(TimeOf(net.self, Kind::kAi), 60 * kMs);
  EXPECT_EQ(TimeOf(net.self, Kind::kWait), 20 * kMs);
  EXPECT_EQ(net.p50->value, 30 * kMs);
  EXPECT_DOUBLE_EQ(net.busy, 60.0 / 70);
}

TEST(AnalysisTest, LatencyCountsFromWhenAFrameWasDue) {
  RunMaker maker;
  maker.Add(0, "read", Kind::kIo, 50, 60).due = 20 * kMs;
  maker.Add(0, "net", Kind::kAi, 60, 70);
  EXPECT_EQ(Analyse(maker.run).frames[0].latency(), 50 * kMs);
}

TEST(AnalysisTest, AFrameWithoutALastStageIsUnfinished) {
  RunMaker maker;
  maker.Add(0, "read", Kind::kIo, 0, 10);
  maker.Add(0, "net", Kind::kAi, 10, 20);
  maker.Add(1, "read", Kind::kIo, 10, 20);
  const Analysis analysis = Analyse(maker.run);
  EXPECT_THAT(analysis.frames, SizeIs(1));
  EXPECT_EQ(analysis.unfinished, 1);
}

TEST(AnalysisTest, SelfTimeIsASpanLessItsChildren) {
  RunMaker maker;
  Span& parent = maker.Add(0, "net", Kind::kPre, 0, 100);
  parent.id = 1;
  maker.Add(0, "conv", Kind::kAi, 10, 40).parent = 1;
  maker.Add(0, "conv", Kind::kAi, 30, 50).parent = 1;     // overlaps the first
  maker.Add(0, "lock", Kind::kWait, 90, 120).parent = 1;  // sticks out
  const Analysis analysis = Analyse(maker.run);
  const StageFigures& net = analysis.stages[1];
  EXPECT_EQ(net.items, 1);
  EXPECT_EQ(TimeOf(net.self, Kind::kPre), 50 * kMs);
  EXPECT_EQ(TimeOf(net.self, Kind::kAi), 50 * kMs);
  EXPECT_EQ(TimeOf(net.self, Kind::kWait), 30 * kMs);
  EXPECT_EQ(net.p50->value, 70 * kMs);
}

TEST(AnalysisTest, CirclesAndMissingParentsStandAtTheTop) {
  RunMaker maker;
  Span& a = maker.Add(0, "net", Kind::kAi, 0, 10);
  a.id = 1;
  a.parent = 2;
  Span& b = maker.Add(0, "net", Kind::kAi, 0, 10);
  b.id = 2;
  b.parent = 1;
  maker.Add(0, "net", Kind::kAi, 10, 20).parent = 99;
  EXPECT_THAT(LinkSpans(maker.run).places, SizeIs(3));
  EXPECT_THAT(Analyse(maker.run).frames, SizeIs(1));
}

TEST(AnalysisTest, ParentsAreSoughtInTheSameTraceFirst) {
  RunMaker maker;
  for (std::uint64_t trace : {0, 1}) {
    maker.Add(trace, "net", Kind::kPre, 0, 100).id = 5;
    maker.Add(trace, "step", Kind::kAi, 0, 60).parent = 5;
  }
  const Analysis analysis = Analyse(maker.run);
  EXPECT_EQ(TimeOf(analysis.kinds, Kind::kPre), 80 * kMs);
  EXPECT_EQ(TimeOf(analysis.kinds, Kind::kAi), 120 * kMs);
}

TEST(AnalysisTest, SpeedupsFollowAmdahl) {
  const double inf = std::numeric_limits<double>::infinity();
  const auto speedups = Speedups(Analyse(TwoFrames()), {1, 2, inf});
  ASSERT_THAT(speedups, SizeIs(3));
  EXPECT_DOUBLE_EQ(speedups[0].latency, 1);
  EXPECT_DOUBLE_EQ(speedups[0].throughput, 1);
  EXPECT_DOUBLE_EQ(speedups[1].latency, 100.0 / 70);  // mean latency 50, AI 30 of it
  EXPECT_DOUBLE_EQ(speedups[1].work, 80.0 / 50);
  EXPECT_DOUBLE_EQ(speedups[1].throughput, 2);  // the net alone: 30 ms to 15 ms
  EXPECT_DOUBLE_EQ(speedups[2].work, 4);
  EXPECT_DOUBLE_EQ(speedups[2].throughput, 3);  // the reader's 10 ms is what is left
}

TEST(AnalysisTest, MoreReplicasRaiseTheBoundUntilTheProcessorsDo) {
  measure::Run run = TwoFrames();
  run.graph->nodes[1].replicas = 4;
  const auto speedups = Speedups(Analyse(run), {2});
  // cores 2 / 40 ms CPU a frame = 50 /s; at half the AI time 2 / 25 ms = 80 /s.
  EXPECT_DOUBLE_EQ(speedups[0].throughput, 80.0 / 50);
}

TEST(AnalysisTest, SummariesStandForSpansThatWereNotKept) {
  measure::Run run = TwoFrames();
  run.summaries.push_back({"net", Kind::kAi, 10, 1, 30 * kMs, 300 * kMs, {30 * kMs}, {10}});
  const Analysis analysis = Analyse(run);
  EXPECT_EQ(analysis.stages[1].items, 10);
  EXPECT_EQ(TimeOf(analysis.stages[1].self, Kind::kAi), 300 * kMs);
}

TEST(AnalysisTest, LoadingIsTimeOfAStageButNoPieceOfItsWork) {
  measure::Run run = TwoFrames();
  Span& load = run.spans.emplace_back();
  load.where = run.names.Intern("net");
  load.kind = Kind::kLoad;
  load.end = 900 * kMs;
  load.cpu_ns = 900 * kMs;
  run.summaries.push_back({"net", Kind::kLoad, 1, 900 * kMs, 900 * kMs, 900 * kMs, {}, {1}});
  const Analysis analysis = Analyse(run), without = Analyse(TwoFrames());
  EXPECT_EQ(TimeOf(analysis.stages[1].self, Kind::kLoad), 900 * kMs);
  EXPECT_EQ(analysis.stages[1].items, 2);
  EXPECT_EQ(analysis.stages[1].p99->value, 30 * kMs);
  EXPECT_DOUBLE_EQ(analysis.stages[1].busy, without.stages[1].busy);
  EXPECT_DOUBLE_EQ(*analysis.cpu_utilisation, *without.cpu_utilisation);
  EXPECT_DOUBLE_EQ(Speedups(analysis, {2})[0].throughput, Speedups(without, {2})[0].throughput);
}

TEST(AnalysisTest, AnEmptyRunHasNoFigures) {
  const Analysis analysis = Analyse(measure::Run());
  EXPECT_TRUE(analysis.frames.empty());
  EXPECT_FALSE(analysis.ai_share.has_value());
  EXPECT_TRUE(Speedups(analysis, {2}).empty());
  EXPECT_THAT(AnalysisTable(analysis), HasSubstr("no network ran"));
}

TEST(StageTableTest, ShowsEveryFigure) {
  const std::string table = AnalysisTable(Analyse(TwoFrames()));
  EXPECT_EQ(table,
            "stage  items  ai ms  io ms  wait ms  p50 ms  p90 ms  p99 ms  busy\n"
            "read       2          20.0        0    10.0    10.0    10.0  29 %\n"
            "net        2   60.0            20.0    30.0    30.0    30.0  86 %\n"
            "all        2   60.0   20.0     20.0\n"
            "\n"
            "latency ms: p50 40.0 [?, ?], p90 60.0 [40.0, ?], p99 60.0 [60.0, ?], max 60.0 "
            "(2 frames, 95 % intervals)\n"
            "throughput: 28.6 frames/s over 0.0700 s\n"
            "AI share: 75.0 % of the work, AI tax: 25.0 % (10.0 ms a frame)\n"
            "processor: 57.1 % of 2 cores at work\n"
            "\n"
            "AI times faster               2     4     8    16  infinite\n"
            "latency, waiting as it is  1.43  1.82  2.11  2.29      2.50\n"
            "latency, own work alone    1.60  2.29  2.91  3.37      4.00\n"
            "throughput bound           2.00  3.00  3.00  3.00      3.00\n");
}

TEST(StageTableTest, JsonHasALineForEachStageTheRunAndEachFactor) {
  const std::string json = AnalysisJson(Analyse(TwoFrames()));
  EXPECT_EQ(std::count(json.begin(), json.end(), '\n'), 2 + 1 + 5);
  EXPECT_THAT(json, HasSubstr("{\"stage\":\"net\",\"replicas\":1,\"items\":2,\"ai_ms\":60,"));
  EXPECT_THAT(json, HasSubstr("\"ai_share\":0.75"));
  EXPECT_THAT(json, HasSubstr("\"ai_factor\":\"infinite\""));
}

}  // namespace
}  // namespace plumb::measure
