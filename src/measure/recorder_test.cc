#include "measure/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace plumb::measure {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

Span Work(NameId where, std::int64_t begin, std::int64_t end) {
  Span span;
  span.where = where;
  span.kind = Kind::kPre;
  span.begin = begin;
  span.end = end;
  return span;
}

TEST(RecorderTest, SpansOfAllThreadsArriveWithTheirThreadsNames) {
  constexpr int kThreads = 4, kSpans = 3000;
  Recorder recorder;
  const NameId where = recorder.Name("resize");
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      recorder.NameThread("worker " + std::to_string(t));
      for (int i = 0; i < kSpans; ++i) {
        Span span = Work(where, i, i + 1);
        span.trace = static_cast<std::uint64_t>(t * kSpans + i);
        span.id = recorder.NewId();
        recorder.Emit(span);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const measure::Run run = recorder.Finish({});
  EXPECT_TRUE(run.events.empty());
  std::set<std::uint64_t> traces, ids;
  std::set<std::string> names;
  for (const Span& span : run.spans) {
    traces.insert(span.trace);
    ids.insert(span.id);
    names.insert(run.names.Text(span.thread));
    EXPECT_EQ(run.names.Text(span.where), "resize");
    EXPECT_LT(span.id, std::uint64_t{1} << 53);
  }
  EXPECT_THAT(traces, SizeIs(kThreads * kSpans));
  EXPECT_THAT(ids, SizeIs(kThreads * kSpans));
  EXPECT_THAT(names, SizeIs(kThreads));
}

TEST(RecorderTest, WhatDoesNotFitIsCountedNotWaitedFor) {
  RecorderOptions options;
  options.ring_spans = 4;
  Recorder recorder(options);
  const NameId where = recorder.Name("x");
  for (int i = 0; i < 100'000; ++i) recorder.Emit(Work(where, 0, 1));
  const measure::Run run = recorder.Finish({});
  ASSERT_THAT(run.events, SizeIs(1));
  EXPECT_EQ(run.events[0].what, "dropped");
  const std::int64_t dropped = std::stoll(run.events[0].why);
  EXPECT_EQ(run.events[0].why,
            std::to_string(dropped) + " spans: the ring of their thread was full");
  EXPECT_EQ(dropped + static_cast<std::int64_t>(run.spans.size()), 100'000);
}

TEST(RecorderTest, SpansBeyondTheBoundAreStillInTheSummaries) {
  RecorderOptions options;
  options.kept_spans = 10;
  Recorder recorder(options);
  const NameId where = recorder.Name("x");
  for (int i = 0; i < 50; ++i) recorder.Emit(Work(where, 0, 100 + i));
  const measure::Run run = recorder.Finish({});
  EXPECT_THAT(run.spans, SizeIs(10));
  ASSERT_THAT(run.summaries, SizeIs(1));
  EXPECT_EQ(run.summaries[0].count, 50);
  EXPECT_EQ(run.summaries[0].min, 100);
  EXPECT_EQ(run.summaries[0].max, 149);
  EXPECT_THAT(run.events, SizeIs(1));
  EXPECT_EQ(run.events[0].why, "40 spans are in the summaries only: more than the recorder keeps");
}

TEST(RecorderTest, SummariesAreOfSelfTimes) {
  Recorder recorder;
  const NameId outer = recorder.Name("outer"), inner = recorder.Name("inner");
  Span parent = Work(outer, 0, 100);
  parent.id = recorder.NewId();
  Span child = Work(inner, 10, 40);
  child.parent = parent.id;
  recorder.Emit(child);
  recorder.Emit(parent);
  const measure::Run run = recorder.Finish({});
  ASSERT_THAT(run.summaries, SizeIs(2));
  EXPECT_EQ(run.summaries[0].where, "inner");
  EXPECT_EQ(run.summaries[0].sum, 30);
  EXPECT_EQ(run.summaries[1].sum, 70);
}

TEST(RecorderTest, ScopedSpanWithoutARecorderDoesNothing) {
  ScopedSpan span(nullptr, 0, Kind::kAi);
  EXPECT_EQ(span.span().begin, 0);
}

TEST(RecorderTest, ScopedSpanMeasuresItsScope) {
  Recorder recorder;
  const std::int64_t before = recorder.Now();
  {
    ScopedSpan span(&recorder, recorder.Name("step"), Kind::kAi, 3);
    span.span().items = 2;
  }
  const std::int64_t after = recorder.Now();
  const measure::Run run = recorder.Finish({});
  ASSERT_THAT(run.spans, SizeIs(1));
  EXPECT_GE(run.spans[0].begin, before);
  EXPECT_LE(run.spans[0].end, after);
  EXPECT_LE(run.spans[0].begin, run.spans[0].end);
  EXPECT_EQ(run.spans[0].items, 2);
  EXPECT_EQ(run.spans[0].trace, 3u);
}

TEST(RecorderTest, TwoRecordersOnOneThreadKeepTheirSpansApart) {
  Recorder a;
  const NameId in_a = a.Name("a");
  {
    Recorder b;
    const NameId in_b = b.Name("b");
    for (int i = 0; i < 3; ++i) {
      a.Emit(Work(in_a, 0, 1));
      b.Emit(Work(in_b, 0, 1));
    }
    EXPECT_THAT(b.Finish({}).spans, SizeIs(3));
  }
  EXPECT_THAT(a.Finish({}).spans, SizeIs(3));
}

TEST(RecorderTest, SamplesAndEventsAreBounded) {
  RecorderOptions options;
  options.kept_samples = 2;
  options.kept_events = 1;
  Recorder recorder(options);
  for (int i = 0; i < 5; ++i) {
    recorder.AddSample(recorder.Name("rss"), 0, i, recorder.Name("MB"));
    recorder.AddEvent("video", "failed", "frame " + std::to_string(i));
  }
  const measure::Run run = recorder.Finish({});
  EXPECT_THAT(run.samples, SizeIs(2));
  ASSERT_THAT(run.events, SizeIs(3));
  EXPECT_EQ(run.events[0].why, "frame 0");
  EXPECT_THAT(run.events[1].why, HasSubstr("3 samples"));
  EXPECT_THAT(run.events[2].why, HasSubstr("4 events"));
}

}  // namespace
}  // namespace plumb::measure
