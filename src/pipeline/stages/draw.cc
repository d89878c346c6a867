// draw: the detections on a copy of the picture: a box, the name (or "?") and the score.
//
// Keys: image, detections, output (names of payloads); thickness; text_scale; landmarks (true:
// dots).
#include <cmath>
#include <cstdio>
#include <cstring>

#include "pipeline/buffer_pool.h"
#include "pipeline/picture_draw.h"
#include "pipeline/stage.h"

namespace plumb::pipeline {
namespace {

constexpr Colour kKnown = {0, 158, 115}, kStranger = {213, 94, 0}, kPaper = {255, 255, 255};

struct DrawParams {
  std::string image, detections, output;
  int thickness = 2, text_scale = 2;
  bool landmarks = false;
};

class DrawStage : public Stage {
 public:
  explicit DrawStage(const DrawParams& params) : params_(params) {}

  Status Start(const StageContext&) override { return OkStatus(); }

  Status Process(Message& message) override {
    PLUMB_ASSIGN_OR_RETURN(const Image* image, message.Get<Image>(params_.image));
    PLUMB_ASSIGN_OR_RETURN(const Detections* found, message.Get<Detections>(params_.detections));
    Image canvas = *image;
    canvas.row_bytes = std::int64_t{3} * image->width;
    canvas.pixels = buffers_.Take(canvas.row_bytes * canvas.height);
    if (canvas.pixels == nullptr) return ResourceExhausted("no memory for a picture");
    for (int y = 0; y < image->height; ++y) {
      std::memcpy(canvas.pixels.get() + y * canvas.row_bytes,
                  image->pixels.get() + y * image->row_bytes,
                  static_cast<std::size_t>(canvas.row_bytes));
    }
    for (const Detection& detection : *found) Draw(canvas, detection);
    message.Set(params_.output, std::move(canvas));
    return OkStatus();
  }

 private:
  void Draw(const Image& canvas, const Detection& d) const {
    const Colour colour = d.name.empty() ? kStranger : kKnown;
    const int x0 = static_cast<int>(std::lround(d.x0)), y0 = static_cast<int>(std::lround(d.y0));
    DrawBox(canvas, x0, y0, static_cast<int>(std::lround(d.x1)),
            static_cast<int>(std::lround(d.y1)), params_.thickness, colour);
    if (params_.landmarks) {
      for (const Point& p : d.landmarks) {
        const int x = static_cast<int>(p.x), y = static_cast<int>(p.y);
        FillBox(canvas, x - 1, y - 1, x + 2, y + 2, colour);
      }
    }
    char text[96];
    std::snprintf(text, sizeof(text), "%.60s %.0f%%", d.name.empty() ? "?" : d.name.c_str(),
                  100.0 * (d.name.empty() ? d.score : d.similarity));
    const int scale = params_.text_scale, height = (kLetterHeight + 2) * scale;
    const int top = y0 >= height ? y0 - height : y0;
    FillBox(canvas, x0, top, x0 + TextWidth(text, scale) + scale, top + height, colour);
    DrawText(canvas, x0 + scale, top + scale, text, scale, kPaper);
  }

  const DrawParams params_;
  BufferPool buffers_;
};

}  // namespace

StatusOr<std::unique_ptr<Stage>> MakeDraw(StageParams& params) {
  DrawParams p;
  p.image = params.Text("image", "image");
  p.detections = params.Text("detections", "detections");
  p.output = params.Text("output", "drawn");
  p.thickness = static_cast<int>(params.Int("thickness", 2, 1, 100));
  p.text_scale = static_cast<int>(params.Int("text_scale", 2, 1, 20));
  p.landmarks = params.Flag("landmarks", false);
  PLUMB_RETURN_IF_ERROR(params.Finish());
  return std::make_unique<DrawStage>(p);
}

}  // namespace plumb::pipeline
