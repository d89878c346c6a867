// The built-in font: the letters, figures and common signs of ASCII.
#pragma once

#include <string>
#include <string_view>

namespace plumb::pipeline {

inline constexpr int kLetterWidth = 5, kLetterHeight = 7;

// What DrawnLetters puts for a letter that cannot be drawn: an empty box.
inline constexpr char kNoLetter = '\x7f';

// Text in UTF-8 as letters of the font. Latin letters with marks lose them, ligatures come apart
// ("Zoë Groß" becomes "Zoe Gross"); any other letter, and what is no UTF-8, becomes kNoLetter.
std::string DrawnLetters(std::string_view utf8);

// Rows from the top, one after the other, '#' is ink: [kLetterHeight, kLetterWidth].
const char* GlyphOf(char letter);

}  // namespace plumb::pipeline
