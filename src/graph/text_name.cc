#include "graph/text_name.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_format.h"

namespace plumb {
namespace {

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// Words with a meaning of their own where a name may stand.
constexpr std::array<std::string_view, 6> kReserved = {"_",     "state",    "update",
                                                       "graph", "captures", "as"};

bool IsBareName(std::string_view name) {
  return !name.empty() && IsLetter(name.front()) && std::ranges::all_of(name, IsNameCharacter) &&
         std::ranges::find(kReserved, name) == kReserved.end();
}

}  // namespace

bool IsNameCharacter(char c) { return IsLetter(c) || (c >= '0' && c <= '9') || c == '.'; }

std::string QuotedText(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      quoted += absl::StrFormat("\\x%02x", byte);
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string QuotedName(std::string_view name) {
  return IsBareName(name) ? std::string(name) : QuotedText(name);
}

std::string QuotedSymbol(std::string_view name) {
  const std::string_view rest = name.starts_with('?') ? name.substr(1) : name;
  const bool fresh =
      rest.size() < name.size() && !rest.empty() && std::ranges::all_of(rest, IsNameCharacter);
  return fresh || IsBareName(name) ? std::string(name) : QuotedText(name);
}

}  // namespace plumb
