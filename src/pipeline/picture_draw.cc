#include "pipeline/picture_draw.h"

#include <algorithm>

#include "pipeline/picture_font.h"

namespace plumb::pipeline {

void FillBox(const Image& canvas, int x0, int y0, int x1, int y1, Colour colour) {
  x0 = std::clamp(x0, 0, canvas.width);
  x1 = std::clamp(x1, 0, canvas.width);
  y0 = std::clamp(y0, 0, canvas.height);
  y1 = std::clamp(y1, 0, canvas.height);
  for (int y = y0; y < y1; ++y) {
    std::uint8_t* pixel = canvas.pixels.get() + y * canvas.row_bytes + 3 * x0;
    for (int x = x0; x < x1; ++x, pixel += 3) {
      pixel[0] = colour.r;
      pixel[1] = colour.g;
      pixel[2] = colour.b;
    }
  }
}

void DrawBox(const Image& canvas, int x0, int y0, int x1, int y1, int thickness, Colour colour) {
  FillBox(canvas, x0, y0, x1, y0 + thickness, colour);
  FillBox(canvas, x0, y1 - thickness, x1, y1, colour);
  FillBox(canvas, x0, y0, x0 + thickness, y1, colour);
  FillBox(canvas, x1 - thickness, y0, x1, y1, colour);
}

int TextWidth(std::string_view text, int scale) {
  return static_cast<int>(DrawnLetters(text).size()) * (kLetterWidth + 1) * scale;
}

void DrawText(const Image& canvas, int x, int y, std::string_view text, int scale, Colour colour) {
  for (char letter : DrawnLetters(text)) {
    if (x >= canvas.width) return;
    const char* rows = GlyphOf(letter);
    for (int row = 0; row < kLetterHeight; ++row) {
      for (int column = 0; column < kLetterWidth; ++column) {
        if (rows[row * kLetterWidth + column] == ' ') continue;
        const int left = x + column * scale, top = y + row * scale;
        FillBox(canvas, left, top, left + scale, top + scale, colour);
      }
    }
    x += (kLetterWidth + 1) * scale;
  }
}

}  // namespace plumb::pipeline
