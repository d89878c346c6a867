#include "pipeline/image_tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>

#include "core/file_io.h"
#include "pipeline/media_library.h"

namespace plumb::pipeline {
namespace {

using testing::HasSubstr;

constexpr Normalisation kAsTheyAre = {{0, 0, 0}, {1, 1, 1}};

std::string Text(const Status& status) { return std::string(status.message()); }

// Red is the column, green the row, blue 9; row by row, without bytes between them.
Image Ramp(int width, int height) {
  Image image;
  image.width = width;
  image.height = height;
  image.row_bytes = 3 * width;
  image.pixels = std::make_shared<std::uint8_t[]>(static_cast<std::size_t>(3 * width * height));
  for (int i = 0; i < width * height; ++i) {
    std::uint8_t* pixel = image.pixels.get() + 3 * i;
    pixel[0] = static_cast<std::uint8_t>(i % width);
    pixel[1] = static_cast<std::uint8_t>(i / width);
    pixel[2] = 9;
  }
  return image;
}

Tensor Take(const Image& image, DType dtype, const Shape& shape,
            const Normalisation& normalisation = kAsTheyAre) {
  const auto tensor = ImageToTensor(image, dtype, shape, normalisation, *HostTarget());
  EXPECT_TRUE(tensor.ok()) << tensor.status();
  return tensor.ok() ? *tensor : Tensor::Zeros(dtype, shape);
}

TEST(ImageTensorTest, AnEighthOfTheSidesIsCutOff) {
  // 32 x 32 covers 28 x 28: columns and rows 2 to 29 as they are.
  const Tensor tensor = Take(Ramp(32, 32), DType::kFloat32, {1, 3, 28, 28});
  const auto values = tensor.data<float>();
  for (std::size_t y = 0; y < 28; ++y) {
    for (std::size_t x = 0; x < 28; ++x) {
      EXPECT_FLOAT_EQ(values[y * 28 + x], static_cast<float>(x + 2));
      EXPECT_FLOAT_EQ(values[784 + y * 28 + x], static_cast<float>(y + 2));
      EXPECT_FLOAT_EQ(values[1568 + y * 28 + x], 9);
    }
  }
}

TEST(ImageTensorTest, TheMiddleOfTheLongSideIsTaken) {
  for (const auto& [width, height] : {std::pair(64, 32), {32, 64}, {127, 31}, {31, 127}}) {
    const Tensor tensor = Take(Ramp(width, height), DType::kFloat32, {1, 3, 14, 14});
    const auto values = tensor.data<float>();
    double red = 0, green = 0;
    for (std::size_t i = 0; i < 196; ++i) {
      red += static_cast<double>(values[i]) / 196;
      green += static_cast<double>(values[196 + i]) / 196;
    }
    EXPECT_NEAR(red, (width - 1) / 2.0, 0.51) << width << "x" << height;
    EXPECT_NEAR(green, (height - 1) / 2.0, 0.51) << width << "x" << height;
  }
}

TEST(ImageTensorTest, SidesOfAnInputMayDiffer) {
  // The picture covers 16 x 8 of 7/8 of it; its height is what is cut off.
  const Tensor tensor = Take(Ramp(16, 16), DType::kFloat32, {1, 3, 7, 14});
  EXPECT_FLOAT_EQ(tensor.data<float>()[0], 1);
  EXPECT_FLOAT_EQ(tensor.data<float>()[13], 14);
  EXPECT_FLOAT_EQ(tensor.data<float>()[98], 4);
  EXPECT_FLOAT_EQ(tensor.data<float>()[98 + 6 * 14], 10);
}

TEST(ImageTensorTest, NormalisedAsForImageNet) {
  Image image = Ramp(1, 1);
  image.pixels[0] = 255;
  image.pixels[1] = 0;
  image.pixels[2] = 51;
  const Tensor tensor = Take(image, DType::kFloat32, {1, 3, 4, 4}, Normalisation());
  const auto values = tensor.data<float>();
  for (std::size_t i = 0; i < 16; ++i) {
    EXPECT_NEAR(values[i], (1 - 0.485) / 0.229, 1e-5);
    EXPECT_NEAR(values[16 + i], -0.456 / 0.224, 1e-5);
    EXPECT_NEAR(values[32 + i], (0.2 - 0.406) / 0.225, 1e-5);
  }
}

TEST(ImageTensorTest, LayoutTypeAndBatchAreThoseOfTheInput) {
  const Image image = Ramp(8, 8);
  const Tensor planar = Take(image, DType::kUInt8, {2, 3, 7, 7});
  const Tensor packed = Take(image, DType::kUInt8, {2, 7, 7, 3});
  const Tensor half = Take(image, DType::kFloat16, {2, 3, 7, 7});
  const auto a = planar.data<std::uint8_t>(), b = packed.data<std::uint8_t>();
  const std::vector<double> c = ToDoubles(half);
  for (std::size_t n = 0; n < 2; ++n) {
    for (std::size_t i = 0; i < 49; ++i) {
      for (std::size_t channel = 0; channel < 3; ++channel) {
        const std::size_t at = n * 147 + channel * 49 + i;
        EXPECT_EQ(a[at], b[n * 147 + 3 * i + channel]);
        EXPECT_EQ(a[at], c[at]);
      }
    }
  }
  EXPECT_EQ(b[0], 0);
  EXPECT_EQ(b[3], 1);
  EXPECT_EQ(b[2], 9);
}

TEST(ImageTensorTest, GreyIsTheBrightness) {
  Image image = Ramp(2, 1);
  const std::uint8_t pixels[] = {200, 100, 50, 200, 100, 50};
  std::memcpy(image.pixels.get(), pixels, 6);
  for (const Shape& shape : {Shape{1, 1, 5, 5}, {1, 5, 5, 1}}) {
    const Tensor tensor = Take(image, DType::kFloat32, shape, {{3, 6, 9}, {2, 4, 6}});
    EXPECT_FLOAT_EQ(tensor.data<float>()[12], (124 - 6) / 4.0f);  // 59.8 + 58.7 + 5.7, rounded
  }
}

TEST(ImageTensorTest, OnePixelFillsTheInputAndAThinPictureNeedsNoMoreMemory) {
  for (const Image& image : {Ramp(1, 1), Ramp(3000, 1), Ramp(1, 3000)}) {
    const Tensor tensor = Take(image, DType::kFloat32, {1, 3, 224, 224});
    EXPECT_FLOAT_EQ(tensor.data<float>()[2 * 224 * 224], 9);
    EXPECT_FLOAT_EQ(tensor.data<float>()[3 * 224 * 224 - 1], 9);
  }
}

TEST(ImageTensorTest, AnInputForOtherThingsIsAnError) {
  const Image image = Ramp(4, 4);
  const auto error = [&](DType dtype, const Shape& shape) {
    const auto tensor = ImageToTensor(image, dtype, shape, kAsTheyAre, *HostTarget());
    return tensor.ok() ? "" : Text(tensor.status());
  };
  EXPECT_EQ(error(DType::kFloat32, {1, 4, 8, 8}),
            "takes f32 of shape 1x4x8x8, and a picture needs an input of floats or uint8, "
            "[batch, 3 or 1, height, width] or [batch, height, width, 3 or 1]");
  EXPECT_THAT(error(DType::kInt64, {1, 3, 8, 8}), HasSubstr("takes i64 of shape 1x3x8x8"));
  EXPECT_THAT(error(DType::kFloat32, {3, 8, 8}), HasSubstr("of shape 3x8x8"));
  EXPECT_THAT(error(DType::kFloat32, {1, 3, 0, 8}), HasSubstr("of shape 1x3x0x8"));
  EXPECT_EQ(
      error(DType::kFloat32, {1, 3, 1, 2'000'000'000}),
      "takes f32 of shape 1x3x1x2000000000, and a picture has at most 65536 rows and columns");
  EXPECT_THAT(error(DType::kUInt8, {1, 65537, 1, 3}), HasSubstr("at most 65536 rows"));
  EXPECT_EQ(error(DType::kUInt8, {1, 65536, 1, 3}), "");
}

TEST(ImageTensorTest, ACorruptFileIsAnErrorThatNamesIt) {
  const std::string path = testing::TempDir() + "plumb_corrupt.jpg";
  ASSERT_TRUE(WriteFileAtomically(path, "\xff\xd8\xff\xe0 and no more").ok());
  EXPECT_THAT(Text(ReadPicture(path).status()), HasSubstr("cannot read '" + path + "'"));
}

}  // namespace
}  // namespace plumb::pipeline
