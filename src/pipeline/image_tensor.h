// A still picture as the input of a network that classifies pictures.
#pragma once

#include <array>

#include "core/target.h"
#include "core/tensor.h"
#include "pipeline/message.h"

namespace plumb::pipeline {

// (value - mean) / std of the pixel values 0 to 255, red, green and blue. The default is that of
// the networks trained on ImageNet: 0.485, 0.456, 0.406 and 0.229, 0.224, 0.225 times 255.
struct Normalisation {
  std::array<float, 3> mean = {123.675f, 116.28f, 103.53f};
  std::array<float, 3> deviation = {58.395f, 57.12f, 57.375f};
};

// How pixels lie in an input.
struct ImageLayout {
  bool channels_last = false;  // [batch, height, width, channels], else channels before height
  int channels = 3;            // 3: red, green, blue; 1: grey
  std::int64_t batch = 1, height = 0, width = 0;
};

// The layout of an input that takes pictures: four dimensions of which the second or the last is 3
// or 1, of a floating type or uint8, of at most 65536 rows and columns. The error says what is
// there instead.
StatusOr<ImageLayout> ImageLayoutOf(DType dtype, const Shape& shape);

// The picture as evaluation on ImageNet takes it: scaled until it covers 8/7 of height and width
// (256 for 224), then the middle of that; once for each item of the batch. Pixels are averaged
// where the picture shrinks and interpolated where it grows; grey is 0.299 R + 0.587 G + 0.114 B,
// its mean and std the averages of the three. Floating types are normalised, uint8 takes the pixels
// as they are. Errors: those of ImageLayoutOf; no memory.
StatusOr<Tensor> ImageToTensor(const Image& image, DType dtype, const Shape& shape,
                               const Normalisation& normalisation, const Target& target);

}  // namespace plumb::pipeline
