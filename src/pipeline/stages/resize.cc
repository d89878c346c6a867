// resize: a picture to the tensor [1, 3, height, width] that a network takes.
//
// Keys: size [width, height]; fit top_left, letterbox (in the middle) or stretch; enlarge (small
// pictures grow too); filter area or bilinear; pad (pixel value beside the picture, default: the
// mean); mean, std, order; image, output, placement (names of payloads).
#include <algorithm>
#include <cmath>

#include "kernels/resize/image.h"
#include "pipeline/buffer_pool.h"
#include "pipeline/pixel_map.h"
#include "pipeline/stage.h"

namespace plumb::pipeline {
namespace {

constexpr int kMaxSide = 16384;

struct ResizeParams {
  int width = 0, height = 0;
  std::string fit;
  bool enlarge = false;
  kernels::ImageFilter filter = kernels::ImageFilter::kArea;
  PixelMap map;
  float pad[3] = {0, 0, 0};  // after the map
  std::string image, output, placement;
};

class ResizeStage : public Stage {
 public:
  explicit ResizeStage(const ResizeParams& params) : params_(params) {}

  Status Start(const StageContext& context) override {
    context_ = context;
    return OkStatus();
  }

  Status Process(Message& message) override {
    PLUMB_ASSIGN_OR_RETURN(const Image* image, message.Get<Image>(params_.image));
    const std::int64_t plane = std::int64_t{params_.width} * params_.height;
    const auto memory = buffers_.Take(plane * 3 * static_cast<std::int64_t>(sizeof(float)));
    if (memory == nullptr) return ResourceExhausted("no memory for a tensor of ", plane * 3);
    float* const tensor = reinterpret_cast<float*>(memory.get());

    const Box box = BoxFor(*image);
    if (box.width < params_.width || box.height < params_.height) FillPad(tensor);
    kernels::ImageResize resize;
    resize.filter = params_.filter;
    resize.in_height = image->height;
    resize.in_width = image->width;
    resize.in_row_bytes = image->row_bytes;
    resize.out_height = box.height;
    resize.out_width = box.width;
    resize.out_row_elements = params_.width;
    resize.out_pixel_elements = 1;
    resize.out_channel_elements = plane;
    resize.swap_red_blue = params_.map.bgr;
    for (int c = 0; c < 3; ++c) {
      resize.mean[c] = params_.map.mean[c];
      resize.scale[c] = params_.map.scale[c];
    }
    kernels::ResizeImage(resize, image->pixels.get(),
                         tensor + std::int64_t{box.y} * params_.width + box.x, context_.target,
                         context_.no_pool);

    Placement placement;
    placement.scale_x = static_cast<double>(box.width) / image->width;
    placement.scale_y = static_cast<double>(box.height) / image->height;
    placement.offset_x = box.x;
    placement.offset_y = box.y;
    placement.width = image->width;
    placement.height = image->height;
    message.work.bytes_in = image->bytes();
    message.work.bytes_out = plane * 3 * static_cast<std::int64_t>(sizeof(float));
    message.Set(params_.placement, placement);
    message.Set(
        params_.output,
        Tensor::Wrap(DType::kFloat32, Shape{1, 3, params_.height, params_.width}, tensor, memory));
    return OkStatus();
  }

 private:
  struct Box {
    int x = 0, y = 0, width = 0, height = 0;  // where the picture goes
  };

  Box BoxFor(const Image& image) const {
    if (params_.fit == "stretch") return {0, 0, params_.width, params_.height};
    double s = std::min(static_cast<double>(params_.width) / image.width,
                        static_cast<double>(params_.height) / image.height);
    if (!params_.enlarge) s = std::min(s, 1.0);
    Box box;
    box.width = std::clamp(static_cast<int>(std::lround(image.width * s)), 1, params_.width);
    box.height = std::clamp(static_cast<int>(std::lround(image.height * s)), 1, params_.height);
    if (params_.fit == "letterbox") {
      box.x = (params_.width - box.width) / 2;
      box.y = (params_.height - box.height) / 2;
    }
    return box;
  }

  void FillPad(float* tensor) const {
    const std::int64_t plane = std::int64_t{params_.width} * params_.height;
    for (int c = 0; c < 3; ++c) std::fill_n(tensor + c * plane, plane, params_.pad[c]);
  }

  const ResizeParams params_;
  StageContext context_;
  BufferPool buffers_;
};

}  // namespace

StatusOr<std::unique_ptr<Stage>> MakeResize(StageParams& params) {
  ResizeParams p;
  if (!params.Has("size")) params.Fail("size", "'size' is missing, expected [width, height]");
  const std::vector<double> size = params.Numbers("size", {1, 1}, 2);
  for (double side : size) {
    if (side < 1 || side > kMaxSide || side != std::floor(side)) {
      params.Fail("size", absl::StrCat("'size' must be whole numbers from 1 to ", kMaxSide));
    }
  }
  p.fit = params.Choice("fit", "letterbox", {"top_left", "letterbox", "stretch"});
  p.enlarge = params.Flag("enlarge", true);
  p.filter = params.Choice("filter", "area", {"area", "bilinear"}) == "area"
                 ? kernels::ImageFilter::kArea
                 : kernels::ImageFilter::kBilinear;
  p.map = ReadPixelMap(params);
  const std::vector<double> mean(p.map.mean, p.map.mean + 3);
  const std::vector<double> pad = params.Numbers("pad", mean, 3);
  for (std::size_t c = 0; c < 3; ++c) {
    p.pad[c] = (static_cast<float>(pad[c]) - p.map.mean[c]) * p.map.scale[c];
  }
  p.image = params.Text("image", "image");
  p.output = params.Text("output", "input");
  p.placement = params.Text("placement", "placement");
  PLUMB_RETURN_IF_ERROR(params.Finish());
  p.width = static_cast<int>(size[0]);
  p.height = static_cast<int>(size[1]);
  return std::make_unique<ResizeStage>(p);
}

}  // namespace plumb::pipeline
