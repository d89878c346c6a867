// How names are written in the text form: bare where they look like identifiers, else quoted.
#pragma once

#include <string>
#include <string_view>

namespace plumb {

std::string QuotedText(std::string_view text);    // always in quotes, with escapes
std::string QuotedName(std::string_view name);    // of a value, attribute or graph
std::string QuotedSymbol(std::string_view name);  // of a dimension: may start with '?'

// Characters of a bare name after its first (which is a letter or '_').
bool IsNameCharacter(char c);

}  // namespace plumb
