// Drawing on pictures: boxes, dots, and text in a small built-in font.
#pragma once

#include <cstdint>
#include <string_view>

#include "pipeline/message.h"
#include "pipeline/picture_font.h"

namespace plumb::pipeline {

struct Colour {
  std::uint8_t r = 0, g = 0, b = 0;
};

// The canvas' pixels are written; everything is clipped to it.
void DrawBox(const Image& canvas, int x0, int y0, int x1, int y1, int thickness, Colour colour);
void FillBox(const Image& canvas, int x0, int y0, int x1, int y1, Colour colour);

// `text` in UTF-8 as letters of 5 x 7 pixels, `scale` times as large, 6 * scale apart;
// picture_font.h says what becomes of letters beyond ASCII. (x, y) is the top left corner.
void DrawText(const Image& canvas, int x, int y, std::string_view text, int scale, Colour colour);
int TextWidth(std::string_view text, int scale);

}  // namespace plumb::pipeline
