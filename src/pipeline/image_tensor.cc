#include "pipeline/image_tensor.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "kernels/resize/image.h"

namespace plumb::pipeline {
namespace {

constexpr std::int64_t kMaxSide = 1 << 16;  // of an input
constexpr double kCover = 8.0 / 7.0;        // 256 / 224

// `length` pixels from `begin` on: the middle of a side.
struct Middle {
  int begin = 0, length = 0;
};

Middle MiddleOf(int side, double wanted) {
  const int length = std::clamp(static_cast<int>(std::lround(wanted)), 1, side);
  return {(side - length) / 2, length};
}

// The picture as one byte a pixel.
std::vector<std::uint8_t> Grey(const Image& image) {
  std::vector<std::uint8_t> grey;
  grey.reserve(static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height));
  for (int y = 0; y < image.height; ++y) {
    const std::uint8_t* pixel = image.pixels.get() + y * image.row_bytes;
    for (int x = 0; x < image.width; ++x, pixel += 3) {
      // In thousandths; 500 rounds.
      const int sum = 299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2] + 500;
      grey.push_back(static_cast<std::uint8_t>(sum / 1000));
    }
  }
  return grey;
}

float Average(const std::array<float, 3>& values) {
  return (values[0] + values[1] + values[2]) / 3;
}

kernels::ImageResize ResizeInto(const ImageLayout& layout) {
  kernels::ImageResize resize;
  resize.channels = layout.channels;
  resize.out_height = layout.height;
  resize.out_width = layout.width;
  const std::int64_t pixel = layout.channels_last ? layout.channels : 1;
  resize.out_pixel_elements = pixel;
  resize.out_row_elements = pixel * layout.width;
  resize.out_channel_elements = layout.channels_last ? 1 : layout.height * layout.width;
  return resize;
}

void Normalise(const Normalisation& normalisation, kernels::ImageResize* resize) {
  const bool grey = resize->channels == 1;
  for (std::size_t c = 0; c < static_cast<std::size_t>(resize->channels); ++c) {
    resize->mean[c] = grey ? Average(normalisation.mean) : normalisation.mean[c];
    resize->scale[c] = 1 / (grey ? Average(normalisation.deviation) : normalisation.deviation[c]);
  }
}

template <typename T>
void Fill(const kernels::ImageResize& resize, const std::uint8_t* src, const ImageLayout& layout,
          const Target& target, Tensor* tensor) {
  ThreadPool no_pool(1);
  const std::span<T> items = tensor->mutable_data<T>();
  const std::size_t item = items.size() / static_cast<std::size_t>(layout.batch);
  kernels::ResizeImage(resize, src, items.data(), target, &no_pool);
  for (std::size_t at = item; at < items.size(); at += item) {
    std::memcpy(items.data() + at, items.data(), item * sizeof(T));
  }
}

}  // namespace

StatusOr<ImageLayout> ImageLayoutOf(DType dtype, const Shape& shape) {
  const auto is_channels = [&](int k) { return shape[k] == 3 || shape[k] == 1; };
  const bool four = shape.rank() == 4 && NumElements(shape) > 0;
  if (!(IsFloating(dtype) || dtype == DType::kUInt8) || !four ||
      !(is_channels(1) || is_channels(3))) {
    return InvalidArgument("takes ", Str(DTypeName(dtype)), " of shape ", shape.ToString(),
                           ", and a picture needs an input of floats or uint8, "
                           "[batch, 3 or 1, height, width] or [batch, height, width, 3 or 1]");
  }
  ImageLayout layout;
  layout.channels_last = !is_channels(1);
  layout.batch = shape[0];
  layout.channels = static_cast<int>(shape[layout.channels_last ? 3 : 1]);
  layout.height = shape[layout.channels_last ? 1 : 2];
  layout.width = shape[layout.channels_last ? 2 : 3];
  if (layout.height > kMaxSide || layout.width > kMaxSide) {
    return InvalidArgument("takes ", Str(DTypeName(dtype)), " of shape ", shape.ToString(),
                           ", and a picture has at most ", kMaxSide, " rows and columns");
  }
  return layout;
}

StatusOr<Tensor> ImageToTensor(const Image& image, DType dtype, const Shape& shape,
                               const Normalisation& normalisation, const Target& target) {
  PLUMB_ASSIGN_OR_RETURN(const ImageLayout layout, ImageLayoutOf(dtype, shape));
  kernels::ImageResize resize = ResizeInto(layout);
  const auto height = static_cast<double>(layout.height), width = static_cast<double>(layout.width);
  const double scale = kCover * std::max(height / image.height, width / image.width);
  const Middle rows = MiddleOf(image.height, height / scale);
  const Middle columns = MiddleOf(image.width, width / scale);
  resize.in_height = rows.length;
  resize.in_width = columns.length;
  resize.filter = scale < 1 ? kernels::ImageFilter::kArea : kernels::ImageFilter::kBilinear;

  std::vector<std::uint8_t> grey;
  const std::uint8_t* pixels = image.pixels.get();
  resize.in_row_bytes = image.row_bytes;
  if (layout.channels == 1) {
    grey = Grey(image);
    pixels = grey.data();
    resize.in_row_bytes = image.width;
  }
  const std::uint8_t* const src =
      pixels + rows.begin * resize.in_row_bytes + columns.begin * layout.channels;

  const DType made = dtype == DType::kUInt8 ? dtype : DType::kFloat32;
  PLUMB_ASSIGN_OR_RETURN(Tensor tensor, Tensor::TryAllocate(made, shape));
  if (made == DType::kUInt8) {
    Fill<std::uint8_t>(resize, src, layout, target, &tensor);
  } else {
    Normalise(normalisation, &resize);
    Fill<float>(resize, src, layout, target, &tensor);
  }
  if (made == dtype) return tensor;
  return FromDoubles(dtype, shape, ToDoubles(tensor));
}

}  // namespace plumb::pipeline
