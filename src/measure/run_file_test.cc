#include "measure/run_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/file_io.h"

namespace plumb::measure {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr char kHeader[] = "{\"plumb_run\":1,\"id\":\"x\"}\n";

measure::Run SmallRun() {
  measure::Run run;
  run.header.id = "faces \"1\" <b>";
  run.header.command = {"plumb", "pipeline", "run", "a b.yaml"};
  run.header.started = "2026-01-31T12:00:00.000Z";
  run.header.commit = "abc";
  run.header.machine = {{"cores", 2.0}, {"processor", "P"}, {"virtual", true}};
  run.header.settings = {{"source_fps", 29.97}};
  Span span;
  span.trace = 4;
  span.id = (std::uint64_t{1} << 53) - 1;
  span.parent = 3;
  span.due = 0;
  span.begin = 5;
  span.end = 9;
  span.items = 2;
  span.bytes_in = 10;
  span.bytes_out = 20;
  span.ops = 30;
  span.cpu_ns = 4;
  span.where = run.names.Intern("detect");
  span.thread = run.names.Intern("detect 1");
  span.note = run.names.Intern("batch of 2");
  span.kind = Kind::kAi;
  run.spans = {span, Span()};
  run.samples.push_back(
      {7, run.names.Intern("queue.depth"), span.where, run.names.Intern("frames"), 1.5});
  run.events.push_back({8, "video", "failed", "frame 17: \xFF\xC3\xA9 \x01"});
  run.summaries.push_back({"detect", Kind::kAi, 3, 1, 9, 12, {2, 9}, {1, 2}});
  run.graph = StageGraph{
      "faces", {{"video", "", Kind::kIo, 1}, {"detect", "D", {}, 2}}, {{"video", "detect", 4}}};
  run.quality.push_back({"recall", 0.98, 0.95, true, 5210});
  run.quality.push_back({"stranger_acceptance", 0.01, {}, false, 7});
  return run;
}

TEST(RunFileTest, ReadsBackWhatItWrote) {
  const std::string text = RunToText(SmallRun());
  const auto runs = ReadRuns(text, "x.jsonl");
  ASSERT_TRUE(runs.ok()) << runs.status();
  ASSERT_THAT(*runs, SizeIs(1));
  const measure::Run& run = (*runs)[0];
  EXPECT_EQ(RunToText(run), text);
  EXPECT_EQ(run.header.MachineNumber("cores"), 2);
  EXPECT_EQ(run.header.SettingNumber("source_fps"), 29.97);
  EXPECT_EQ(run.spans[0].id, (std::uint64_t{1} << 53) - 1);
  EXPECT_EQ(run.spans[1].trace, kNoTrace);
  EXPECT_EQ(run.names.Text(run.spans[0].note), "batch of 2");
  EXPECT_EQ(run.events[0].why, "frame 17: \xEF\xBF\xBD\xC3\xA9 \x01");
}

TEST(RunFileTest, EveryLineIsOneJsonObject) {
  std::istringstream lines(RunToText(SmallRun()));
  std::string line;
  int count = 0;
  while (std::getline(lines, line)) {
    EXPECT_TRUE(nlohmann::json::parse(line).is_object()) << line;
    ++count;
  }
  EXPECT_EQ(count, 9);
}

TEST(RunFileTest, SummariesOfStepsStayOutWhereThereIsAGraph) {
  measure::Run run = SmallRun();
  run.summaries.push_back({"conv_1", Kind::kAi, 1, 1, 1, 1, {1}, {1}});
  EXPECT_THAT(RunToText(run), testing::Not(HasSubstr("conv_1")));
  run.graph.reset();
  EXPECT_THAT(RunToText(run), HasSubstr("conv_1"));
}

TEST(RunFileTest, ReadsSeveralRunsAndTextKeys) {
  const auto runs = ReadRuns(
      absl::StrCat(kHeader,
                   "{\"t\":\"span\",\"trace\":\"a\",\"id\":\"p\",\"where\":\"s\",\"kind\":\"ai\","
                   "\"begin\":0,\"end\":9}\n"
                   "{\"t\":\"span\",\"trace\":\"a\",\"parent\":\"p\",\"where\":\"s\","
                   "\"kind\":\"ai\",\"begin\":0,\"end\":9}\n\n",
                   kHeader),
      "x");
  ASSERT_TRUE(runs.ok()) << runs.status();
  ASSERT_THAT(*runs, SizeIs(2));
  const measure::Run& first = (*runs)[0];
  EXPECT_EQ(first.spans[0].trace, first.spans[1].trace);
  EXPECT_EQ(first.spans[0].id, first.spans[1].parent);
  EXPECT_NE(first.spans[0].id, first.spans[0].trace);
}

TEST(RunFileTest, TextIdsAreWrittenSoThatTheyAreRead) {
  const auto first = ReadRuns(
      absl::StrCat(kHeader,
                   "{\"t\":\"span\",\"trace\":\"a\",\"id\":\"b\",\"parent\":\"a\",\"where\":\"s\","
                   "\"kind\":\"ai\",\"begin\":0,\"end\":1}"),
      "x");
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = ReadRuns(RunToText((*first)[0]), "y");
  ASSERT_TRUE(second.ok()) << second.status();
  const Span& span = (*second)[0].spans[0];
  EXPECT_EQ(span.trace, span.parent);
  EXPECT_NE(span.trace, span.id);
}

struct Malformed {
  std::string text, message;
};

TEST(RunFileTest, ErrorsNameTheLineAndWhatWouldBeRight) {
  const std::string span = "{\"t\":\"span\",\"where\":\"s\",\"kind\":\"ai\",";
  const std::vector<Malformed> cases = {
      {"", "r: no run in it; expected a header line {\"plumb_run\":1,...}"},
      {"{\"plumb_run\":2}", "r:1: run format 2 is not known; format 1 is"},
      {"{\"t\":\"event\"}",
       "r:1: no run for this line: a header line {\"plumb_run\":1,...} must stand before it"},
      {absl::StrCat(kHeader, "{\"t\":\"spa"),
       "r:2: not valid JSON; was the file cut off or written by two programs?"},
      {absl::StrCat(kHeader, "[1,2]"), "r:2: [1,2] is no object"},
      {absl::StrCat(kHeader, "\n{\"t\":\"x\"}"),
       "r:3: \"t\" is \"x\", expected span, sample, event, summary, graph or quality"},
      {absl::StrCat(kHeader, span, "\"begin\":9,\"end\":5}"),
       "r:2: \"end\" is 5, before \"begin\" at 9"},
      {absl::StrCat(kHeader, span, "\"begin\":1}"), "r:2: \"end\" is missing"},
      {absl::StrCat(kHeader, span, "\"begin\":\"1\",\"end\":2}"),
       "r:2: \"begin\" is \"1\", expected a whole number below 2^53"},
      {absl::StrCat(kHeader, span, "\"begin\":1,\"end\":1e300}"),
       "r:2: \"end\" is 1e+300, expected a whole number below 2^53"},
      {absl::StrCat(kHeader, span, "\"begin\":1,\"end\":2,\"id\":-4}"),
       "r:2: \"id\" is -4, expected zero or more, or a text"},
      {absl::StrCat(kHeader,
                    "{\"t\":\"span\",\"where\":\"s\",\"kind\":\"x\",\"begin\":0,\"end\":1}"),
       "r:2: kind 'x' is not known, expected one of ai, pre, post, serialize, io, train, load, "
       "other, wait"},
      {absl::StrCat(kHeader,
                    "{\"t\":\"summary\",\"kind\":\"ai\",\"count\":1,\"min\":1,\"max\":1,"
                    "\"sum\":1,\"bounds\":[3,2],\"counts\":[1,1]}"),
       "r:2: \"bounds\" do not rise"},
      {absl::StrCat(kHeader,
                    "{\"t\":\"summary\",\"kind\":\"ai\",\"count\":1,\"min\":1,\"max\":1,"
                    "\"sum\":1,\"bounds\":[3],\"counts\":[]}"),
       "r:2: 0 counts for 1 bounds, expected as many or one more"},
      {absl::StrCat(kHeader,
                    "{\"t\":\"graph\",\"nodes\":[{\"id\":\"a\"}],"
                    "\"edges\":[{\"from\":\"a\",\"to\":\"b\"}]}"),
       "r:2: an edge names the node 'b', which is not there"},
      {absl::StrCat(kHeader,
                    "{\"t\":\"summary\",\"kind\":\"ai\",\"count\":1,\"min\":1,\"max\":1,"
                    "\"sum\":1,\"bounds\":[1e30],\"counts\":[1]}"),
       "r:2: \"bounds\" is 1e+30, expected a list of whole numbers below 2^53"},
      {absl::StrCat(
           kHeader,
           "{\"t\":\"graph\",\"nodes\":[{\"id\":\"a\",\"replicas\":4294967297}],\"edges\":[]}"),
       "r:2: node 'a' has 4294967297 replicas, at most 1000000 are known"},
      {absl::StrCat(kHeader, "{\"t\":\"graph\",\"nodes\":7,\"edges\":[]}"),
       "r:2: \"nodes\" is 7, expected a list of objects"},
      {absl::StrCat(kHeader, "{\"t\":\"quality\",\"what\":\"x\",\"value\":1,\"better\":\"up\"}"),
       "r:2: \"better\" is \"up\", expected higher or lower"},
  };
  for (const Malformed& malformed : cases) {
    const auto runs = ReadRuns(malformed.text, "r");
    ASSERT_FALSE(runs.ok()) << malformed.text;
    EXPECT_EQ(std::string(runs.status().message()), malformed.message);
  }
}

TEST(RunFileTest, CutAndMutatedFilesEndInAStatus) {
  const std::string text = RunToText(SmallRun());
  for (std::size_t at = 0; at < text.size(); ++at) {
    (void)ReadRuns(std::string_view(text).substr(0, at), "x");
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] ^ 0x15);
    (void)ReadRuns(changed, "x");
  }
}

TEST(RunFileTest, AFullDiskIsAnErrorThatNamesThePath) {
  const Status status = WriteRunFile("/dev/full", SmallRun());
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr("/dev/full"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("No space left on device"));
}

TEST(RunFileTest, TheHeaderSaysWhatTheMachineIs) {
  const RunHeader header = MakeRunHeader("id", {"plumb"}, "avx2", "c0ffee");
  EXPECT_GE(header.MachineNumber("cores").value_or(0), 1);
  EXPECT_GT(header.MachineNumber("memory_gb").value_or(0), 0);
  EXPECT_EQ(header.commit, "c0ffee");
  EXPECT_THAT(header.started, HasSubstr("T"));
}

}  // namespace
}  // namespace plumb::measure
