// Drawing on pictures: boxes, dots, and text in a small built-in font.
#pragma once

#include <cstdint>
#include <string_view>

#include "pipeline/message.h"

namespace plumb::pipeline {

struct Colour {
  std::uint8_t r = 0, g = 0, b = 0;
};

// The canvas' pixels are written; everything is clipped to it.
void DrawBox(const Image& canvas, int x0, int y0, int x1, int y1, int thickness, Colour colour);
void FillBox(const Image& canvas, int x0, int y0, int x1, int y1, Colour colour);

// Letters of 5 x 7 pixels, `scale` times as large, 6 * scale apart. Small letters are drawn as
// capitals; what the font does not have becomes a box. (x, y) is the top left corner.
void DrawText(const Image& canvas, int x, int y, std::string_view text, int scale, Colour colour);
int TextWidth(std::string_view text, int scale);
inline constexpr int kLetterHeight = 7;

}  // namespace plumb::pipeline
