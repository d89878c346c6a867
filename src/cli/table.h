// Figures as an aligned table for people or as one JSON object per line for scripts.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace CLI {
class App;
}

namespace plumb::cli {

enum class Format { kTable, kJson };

// Declares --format table|json.
void DeclareFormat(CLI::App* command, Format* format);

// One row; keys keep the order in which they were set.
using Row = nlohmann::ordered_json;

// A table with one column per key of the first row, numbers right-aligned with three significant
// digits; or a line of JSON per row with every digit.
std::string FormatRows(const std::vector<Row>& rows, Format format);

}  // namespace plumb::cli
