// Splits the text form into tokens. Private to this room.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/status.h"

namespace plumb {

struct Token {
  // kNumber: sign, digits, point, exponent, or a signed inf or nan. kString: `text` has no quotes
  // and its escapes are undone. kSymbol: one of ( ) { } [ ] , = : * ->
  enum Kind : std::uint8_t { kName, kString, kNumber, kSymbol, kEnd };
  Kind kind = kEnd;
  std::string text;
  int line = 1;
  int column = 1;
};

// The last token is kEnd. '#' starts a comment that ends with the line.
StatusOr<std::vector<Token>> SplitIntoTokens(std::string_view text);

// "line 3, column 7: message"
Status ErrorAt(const Token& token, const std::string& message);

}  // namespace plumb
