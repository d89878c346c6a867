#include "pipeline/picture_draw.h"

#include <gtest/gtest.h>

namespace plumb::pipeline {
namespace {

Image Black(int width, int height) {
  Image image;
  image.width = width;
  image.height = height;
  image.row_bytes = 3 * width;
  image.pixels = std::make_shared<std::uint8_t[]>(static_cast<std::size_t>(3 * width * height));
  return image;
}

// A picture with a '#' where red is 200.
std::string Sketch(const Image& image) {
  std::string text;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      text +=
          image.pixels[static_cast<std::size_t>(y * image.row_bytes + 3 * x)] == 200 ? '#' : '.';
    }
    text += '\n';
  }
  return text;
}

TEST(PictureDrawTest, DrawsABoxOfGivenThickness) {
  const Image image = Black(6, 5);
  DrawBox(image, 1, 1, 6, 5, 1, {200, 0, 0});
  EXPECT_EQ(Sketch(image), "......\n.#####\n.#...#\n.#...#\n.#####\n");
}

TEST(PictureDrawTest, WhatLiesBesideThePictureIsLeftOut) {
  const Image image = Black(3, 3);
  DrawBox(image, -100, -100, 100, 100, 2, {200, 0, 0});
  EXPECT_EQ(Sketch(image), "...\n...\n...\n");
  FillBox(image, -5, 1, 50, 2, {200, 0, 0});
  DrawText(image, -2, -2, "A?\xFF", 3, {0, 200, 0});
  DrawText(image, 1000, 1000, "A", 1, {0, 200, 0});
}

TEST(PictureDrawTest, WritesLetters) {
  const Image image = Black(11, 7);
  DrawText(image, 0, 0, "A1", 1, {200, 0, 0});
  EXPECT_EQ(Sketch(image),
            ".###....#..\n"
            "#...#..##..\n"
            "#...#...#..\n"
            "#####...#..\n"
            "#...#...#..\n"
            "#...#...#..\n"
            "#...#..###.\n");
  EXPECT_EQ(TextWidth("a1", 3), 36);
}

TEST(PictureDrawTest, SmallLettersAreNoCapitals) {
  const Image image = Black(11, 7);
  DrawText(image, 0, 0, "ad", 1, {200, 0, 0});
  EXPECT_EQ(Sketch(image),
            "..........#\n"
            "..........#\n"
            ".###...##.#\n"
            "....#.#..##\n"
            ".####.#...#\n"
            "#...#.#...#\n"
            ".####..####\n");
}

TEST(PictureDrawTest, EveryPrintedNameIsReadable) {
  for (const auto& [name, drawn] : {std::pair("Zoë Groß", "Zoe Gross"),
                                    {"Łukasz Ærøskøbing", "Lukasz AEroskobing"},
                                    {"José", "Jose"},
                                    {"Jose\xCC\x81", "Jose"},  // the mark behind its letter
                                    {"O\xE2\x80\x99Neill", "O'Neill"},
                                    {"李雷", "\x7f\x7f"},  // a box for each letter, not each byte
                                    {"\xFFo\xE2\x80", "\x7fo\x7f\x7f"}}) {
    EXPECT_EQ(DrawnLetters(name), drawn);
    EXPECT_EQ(TextWidth(name, 1), 6 * static_cast<int>(std::string_view(drawn).size()));
  }
  for (char letter = 'a'; letter <= 'z'; ++letter) EXPECT_NE(GlyphOf(letter), GlyphOf(kNoLetter));
  for (char letter = '0'; letter <= '9'; ++letter) EXPECT_NE(GlyphOf(letter), GlyphOf(kNoLetter));
}

}  // namespace
}  // namespace plumb::pipeline
