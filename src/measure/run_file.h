// Run files (*.jsonl): a header line, then one JSON object a line, as README.md lists them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/status.h"
#include "measure/record.h"

namespace plumb::measure {

inline constexpr int kRunFormat = 1;

// The lines of a run, each ended by '\n'. Summaries are written for stages of the run's graph, or
// for all where it has no graph.
std::string RunToText(const Run& run);

// Writes them so that nobody sees half a file; an error (full disk) names the path.
Status WriteRunFile(const std::string& path, const Run& run);

// Reads one or several runs, each begun by a header line. `name` stands in errors:
// "records.jsonl:7: "end" is 5, before "begin" at 9". Numbers beyond what the schema allows are
// errors.
StatusOr<std::vector<Run>> ReadRuns(std::string_view text, const std::string& name);
StatusOr<std::vector<Run>> ReadRunFile(const std::string& path);

}  // namespace plumb::measure
