#include "pipeline/picture_font.h"

#include <cstdint>
#include <iterator>

namespace plumb::pipeline {
namespace {

struct Glyph {
  char letter;
  const char* rows;  // seven rows of five, '#' is ink
};

// clang-format off
constexpr Glyph kFont[] = {
    {'0', " ### " "#   #" "#  ##" "# # #" "##  #" "#   #" " ### "},
    {'1', "  #  " " ##  " "  #  " "  #  " "  #  " "  #  " " ### "},
    {'2', " ### " "#   #" "    #" "   # " "  #  " " #   " "#####"},
    {'3', " ### " "#   #" "    #" "  ## " "    #" "#   #" " ### "},
    {'4', "   # " "  ## " " # # " "#  # " "#####" "   # " "   # "},
    {'5', "#####" "#    " "#### " "    #" "    #" "#   #" " ### "},
    {'6', " ### " "#    " "#### " "#   #" "#   #" "#   #" " ### "},
    {'7', "#####" "    #" "   # " "  #  " "  #  " "  #  " "  #  "},
    {'8', " ### " "#   #" "#   #" " ### " "#   #" "#   #" " ### "},
    {'9', " ### " "#   #" "#   #" " ####" "    #" "    #" " ### "},
    {'A', " ### " "#   #" "#   #" "#####" "#   #" "#   #" "#   #"},
    {'B', "#### " "#   #" "#   #" "#### " "#   #" "#   #" "#### "},
    {'C', " ### " "#   #" "#    " "#    " "#    " "#   #" " ### "},
    {'D', "#### " "#   #" "#   #" "#   #" "#   #" "#   #" "#### "},
    {'E', "#####" "#    " "#    " "#### " "#    " "#    " "#####"},
    {'F', "#####" "#    " "#    " "#### " "#    " "#    " "#    "},
    {'G', " ### " "#   #" "#    " "# ###" "#   #" "#   #" " ### "},
    {'H', "#   #" "#   #" "#   #" "#####" "#   #" "#   #" "#   #"},
    {'I', " ### " "  #  " "  #  " "  #  " "  #  " "  #  " " ### "},
    {'J', "  ###" "   # " "   # " "   # " "   # " "#  # " " ##  "},
    {'K', "#   #" "#  # " "# #  " "##   " "# #  " "#  # " "#   #"},
    {'L', "#    " "#    " "#    " "#    " "#    " "#    " "#####"},
    {'M', "#   #" "## ##" "# # #" "# # #" "#   #" "#   #" "#   #"},
    {'N', "#   #" "##  #" "# # #" "#  ##" "#   #" "#   #" "#   #"},
    {'O', " ### " "#   #" "#   #" "#   #" "#   #" "#   #" " ### "},
    {'P', "#### " "#   #" "#   #" "#### " "#    " "#    " "#    "},
    {'Q', " ### " "#   #" "#   #" "#   #" "# # #" "#  # " " ## #"},
    {'R', "#### " "#   #" "#   #" "#### " "# #  " "#  # " "#   #"},
    {'S', " ####" "#    " "#    " " ### " "    #" "    #" "#### "},
    {'T', "#####" "  #  " "  #  " "  #  " "  #  " "  #  " "  #  "},
    {'U', "#   #" "#   #" "#   #" "#   #" "#   #" "#   #" " ### "},
    {'V', "#   #" "#   #" "#   #" "#   #" "#   #" " # # " "  #  "},
    {'W', "#   #" "#   #" "#   #" "# # #" "# # #" "## ##" "#   #"},
    {'X', "#   #" "#   #" " # # " "  #  " " # # " "#   #" "#   #"},
    {'Y', "#   #" "#   #" " # # " "  #  " "  #  " "  #  " "  #  "},
    {'Z', "#####" "    #" "   # " "  #  " " #   " "#    " "#####"},
    {'a', "     " "     " " ### " "    #" " ####" "#   #" " ####"},
    {'b', "#    " "#    " "# ## " "##  #" "#   #" "#   #" "#### "},
    {'c', "     " "     " " ### " "#    " "#    " "#   #" " ### "},
    {'d', "    #" "    #" " ## #" "#  ##" "#   #" "#   #" " ####"},
    {'e', "     " "     " " ### " "#   #" "#####" "#    " " ### "},
    {'f', "  ## " " #  #" " #   " "###  " " #   " " #   " " #   "},
    {'g', "     " "     " " ####" "#   #" " ####" "    #" " ### "},
    {'h', "#    " "#    " "# ## " "##  #" "#   #" "#   #" "#   #"},
    {'i', "  #  " "     " " ##  " "  #  " "  #  " "  #  " " ### "},
    {'j', "   # " "     " "  ## " "   # " "   # " "#  # " " ##  "},
    {'k', "#    " "#    " "#  # " "# #  " "##   " "# #  " "#  # "},
    {'l', " ##  " "  #  " "  #  " "  #  " "  #  " "  #  " " ### "},
    {'m', "     " "     " "## # " "# # #" "# # #" "#   #" "#   #"},
    {'n', "     " "     " "# ## " "##  #" "#   #" "#   #" "#   #"},
    {'o', "     " "     " " ### " "#   #" "#   #" "#   #" " ### "},
    {'p', "     " "     " "#### " "#   #" "#### " "#    " "#    "},
    {'q', "     " "     " " ## #" "#  ##" " ####" "    #" "    #"},
    {'r', "     " "     " "# ## " "##  #" "#    " "#    " "#    "},
    {'s', "     " "     " " ####" "#    " " ### " "    #" "#### "},
    {'t', " #   " " #   " "###  " " #   " " #   " " #  #" "  ## "},
    {'u', "     " "     " "#   #" "#   #" "#   #" "#  ##" " ## #"},
    {'v', "     " "     " "#   #" "#   #" "#   #" " # # " "  #  "},
    {'w', "     " "     " "#   #" "#   #" "# # #" "# # #" " # # "},
    {'x', "     " "     " "#   #" " # # " "  #  " " # # " "#   #"},
    {'y', "     " "     " "#   #" "#   #" " ####" "    #" " ### "},
    {'z', "     " "     " "#####" "   # " "  #  " " #   " "#####"},
    {' ', "     " "     " "     " "     " "     " "     " "     "},
    {'.', "     " "     " "     " "     " "     " " ##  " " ##  "},
    {',', "     " "     " "     " "     " " ##  " "  #  " " #   "},
    {'-', "     " "     " "     " "#####" "     " "     " "     "},
    {'_', "     " "     " "     " "     " "     " "     " "#####"},
    {'?', " ### " "#   #" "    #" "   # " "  #  " "     " "  #  "},
    {'%', "##   " "##  #" "   # " "  #  " " #   " "#  ##" "   ##"},
    {':', "     " " ##  " " ##  " "     " " ##  " " ##  " "     "},
    {'\'', "  #  " "  #  " " #   " "     " "     " "     " "     "},
    {'(', "   # " "  #  " " #   " " #   " " #   " "  #  " "   # "},
    {')', " #   " "  #  " "   # " "   # " "   # " "  #  " " #   "},
    {'/', "    #" "    #" "   # " "  #  " " #   " "#    " "#    "},
    {'&', " ##  " "#  # " "# #  " " #   " "# # #" "#  # " " ## #"},
    {'+', "     " "  #  " "  #  " "#####" "  #  " "  #  " "     "},
};
constexpr const char* kUnknown = "#####" "#   #" "#   #" "#   #" "#   #" "#   #" "#####";
// clang-format on

// U+00C0 to U+017F: Latin-1 Supplement and Latin Extended-A.
constexpr char32_t kFirstLatin = 0xC0, kLastLatin = 0x17F;
constexpr const char* kLatin[] = {
    // clang-format off
    "A", "A", "A", "A", "A", "A", "AE", "C", "E", "E", "E", "E", "I", "I", "I", "I",
    "D", "N", "O", "O", "O", "O", "O", "x", "O", "U", "U", "U", "U", "Y", "Th", "ss",
    "a", "a", "a", "a", "a", "a", "ae", "c", "e", "e", "e", "e", "i", "i", "i", "i",
    "d", "n", "o", "o", "o", "o", "o", ":", "o", "u", "u", "u", "u", "y", "th", "y",
    "A", "a", "A", "a", "A", "a", "C", "c", "C", "c", "C", "c", "C", "c", "D", "d",
    "D", "d", "E", "e", "E", "e", "E", "e", "E", "e", "E", "e", "G", "g", "G", "g",
    "G", "g", "G", "g", "H", "h", "H", "h", "I", "i", "I", "i", "I", "i", "I", "i",
    "I", "i", "IJ", "ij", "J", "j", "K", "k", "k", "L", "l", "L", "l", "L", "l", "L",
    "l", "L", "l", "N", "n", "N", "n", "N", "n", "n", "N", "n", "O", "o", "O", "o",
    "O", "o", "OE", "oe", "R", "r", "R", "r", "R", "r", "S", "s", "S", "s", "S", "s",
    "S", "s", "T", "t", "T", "t", "T", "t", "U", "u", "U", "u", "U", "u", "U", "u",
    "U", "u", "U", "u", "W", "w", "Y", "y", "Y", "Z", "z", "Z", "z", "Z", "z", "s",
    // clang-format on
};
static_assert(std::size(kLatin) == kLastLatin - kFirstLatin + 1);

constexpr char32_t kNoCode = 0xFFFD;

// Takes the first letter off `rest`; kNoCode for one byte that begins none.
char32_t TakeLetter(std::string_view* rest) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>((*rest)[i]); };
  const std::uint8_t first = byte(0);
  const std::size_t length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  char32_t code = length == 1 ? first : first & (0xFFU >> (length + 1));
  bool valid = first < 0x80 || (first >= 0xC2 && first < 0xF5);
  valid = valid && length <= rest->size();
  for (std::size_t i = 1; valid && i < length; ++i) {
    valid = (byte(i) & 0xC0) == 0x80;
    code = code << 6 | (byte(i) & 0x3F);
  }
  rest->remove_prefix(valid ? length : 1);
  return valid ? code : kNoCode;
}

std::string DrawnLetter(char32_t code) {
  if (code < 0x80) return std::string(1, static_cast<char>(code));
  if (code >= kFirstLatin && code <= kLastLatin) return kLatin[code - kFirstLatin];
  if (code >= 0x300 && code <= 0x36F) return "";  // marks that stand behind their letter
  switch (code) {
    case 0xA0:  // no-break space
      return " ";
    case 0x2010:  // hyphens and dashes
    case 0x2011:
    case 0x2013:
    case 0x2014: return "-";
    case 0x2018:  // apostrophes
    case 0x2019: return "'";
    default: return std::string(1, kNoLetter);
  }
}

}  // namespace

std::string DrawnLetters(std::string_view utf8) {
  std::string letters;
  while (!utf8.empty()) letters += DrawnLetter(TakeLetter(&utf8));
  return letters;
}

const char* GlyphOf(char letter) {
  for (const Glyph& glyph : kFont) {
    if (glyph.letter == letter) return glyph.rows;
  }
  return kUnknown;
}

}  // namespace plumb::pipeline
