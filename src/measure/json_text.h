// Writes JSON text piece by piece: one object a line, no tree in memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace plumb::measure {

// Appends `text` in quotes with escapes; bytes that are not UTF-8 become U+FFFD.
void AppendJsonString(std::string_view text, std::string* out);

// Builds one object; members stand in the order they are added. Numbers that JSON cannot hold (not
// finite) become null. Finish() closes it.
class JsonObject {
 public:
  explicit JsonObject(std::string* out) : out_(out) { out_->push_back('{'); }

  JsonObject& Text(std::string_view key, std::string_view value);
  JsonObject& Int(std::string_view key, std::int64_t value);
  JsonObject& Number(std::string_view key, double value);
  JsonObject& Bool(std::string_view key, bool value);
  // `json` is written as it stands.
  JsonObject& Raw(std::string_view key, std::string_view json);
  void Finish() { out_->push_back('}'); }

 private:
  void Key(std::string_view key);

  std::string* out_;
  bool first_ = true;
};

}  // namespace plumb::measure
