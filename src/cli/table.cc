#include "cli/table.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"

namespace plumb::cli {
namespace {

std::string Number(double value) {
  if (!std::isfinite(value)) return absl::StrFormat("%g", value);
  const double magnitude = std::abs(value);
  if (magnitude == 0) return "0";
  if (magnitude >= 1e6 || magnitude < 1e-3) return absl::StrFormat("%.2e", value);
  const int digits = std::max(0, 2 - static_cast<int>(std::floor(std::log10(magnitude))));
  return absl::StrFormat("%.*f", digits, value);
}

std::string Cell(const Row& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return Number(value.get<double>());
  if (value.is_null()) return "-";
  return value.dump();
}

}  // namespace

void DeclareFormat(CLI::App* command, Format* format) {
  const auto read = [format](const std::string& text) {
    if (text != "table" && text != "json") {
      throw CLI::ValidationError("--format", "expected table or json, got '" + text + "'");
    }
    *format = text == "json" ? Format::kJson : Format::kTable;
  };
  command->add_option_function<std::string>("--format", read, "table or json (one object per line)")
      ->type_name("table|json");
}

std::string FormatRows(const std::vector<Row>& rows, Format format) {
  std::string text;
  if (format == Format::kJson) {
    for (const Row& row : rows) {
      text += row.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    }
    return text;
  }
  if (rows.empty()) return text;
  std::vector<std::string> keys;
  for (const auto& [key, value] : rows[0].items()) keys.push_back(key);
  std::vector<std::size_t> widths;
  std::vector<bool> left;
  for (const std::string& key : keys) {
    std::size_t width = key.size();
    bool words = false;
    for (const Row& row : rows) {
      if (!row.contains(key)) continue;
      width = std::max(width, Cell(row[key]).size());
      words = words || row[key].is_string();
    }
    widths.push_back(width);
    left.push_back(words);
  }
  const auto line = [&](auto&& cell) {
    std::string out;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const std::string content = cell(keys[i]);
      const std::string space(widths[i] - std::min(widths[i], content.size()), ' ');
      out += (i == 0 ? "" : "  ") + (left[i] ? content + space : space + content);
    }
    out.erase(out.find_last_not_of(' ') + 1);
    return out + "\n";
  };
  text += line([](const std::string& key) { return key; });
  for (const Row& row : rows) {
    text += line([&](const std::string& key) { return row.contains(key) ? Cell(row[key]) : "-"; });
  }
  return text;
}

}  // namespace plumb::cli
