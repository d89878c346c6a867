// draw: the detections on a copy of the picture: a box, and above it the name and the similarity;
// of a stranger the similarity to the nearest known person; of what was not looked up the score.
// Latin letters lose their marks ("Zoë" is drawn as "Zoe"); of other scripts each letter is a box.
//
// Keys: image, detections, output (names of payloads); thickness and text_scale (default: by the
// height of the picture); landmarks (true: dots).
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "pipeline/buffer_pool.h"
#include "pipeline/picture_draw.h"
#include "pipeline/stage.h"

namespace plumb::pipeline {
namespace {

// Told apart by people who see red and green alike, and dark enough for white letters.
constexpr Colour kKnown = {0, 114, 178}, kStranger = {190, 75, 0}, kPaper = {255, 255, 255};

constexpr float kFar = 1 << 24;  // beyond every picture, and sums of it fit into int

bool HasFiniteBox(const Detection& d) {
  return std::isfinite(d.x0) && std::isfinite(d.y0) && std::isfinite(d.x1) && std::isfinite(d.y1);
}

int Nearest(float place) { return static_cast<int>(std::lround(std::clamp(place, -kFar, kFar))); }

std::string Label(const Detection& d) {
  constexpr std::size_t kMostLetters = 60;
  char number[32];
  const bool compared = !d.name.empty() || d.similarity != 0;
  std::snprintf(number, sizeof(number), "%.2f",
                static_cast<double>(compared ? d.similarity : d.score));
  if (!compared) return number;
  const std::string name = d.name.empty() ? "stranger" : DrawnLetters(d.name);
  return name.substr(0, kMostLetters) + " " + number;
}

struct DrawParams {
  std::string image, detections, output;
  int thickness = 0, text_scale = 0;  // 0: by the height of the picture
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
    for (const Detection& detection : *found) {
      if (HasFiniteBox(detection)) Draw(canvas, detection);
    }
    message.work.bytes_in = image->bytes();
    message.work.bytes_out = canvas.bytes();
    message.Set(params_.output, std::move(canvas));
    return OkStatus();
  }

 private:
  void Draw(const Image& canvas, const Detection& d) const {
    constexpr int kRowsOfAScale = 360;  // letters of 14 pixels in a picture of 720
    const int by_height = std::max(1, (canvas.height + kRowsOfAScale / 2) / kRowsOfAScale);
    const int scale = params_.text_scale > 0 ? params_.text_scale : by_height;
    const int thickness = params_.thickness > 0 ? params_.thickness : by_height + 1;
    const Colour colour = d.name.empty() ? kStranger : kKnown;
    const int x0 = Nearest(d.x0), y0 = Nearest(d.y0);
    DrawBox(canvas, x0, y0, Nearest(d.x1), Nearest(d.y1), thickness, colour);
    if (params_.landmarks) {
      for (const Point& p : d.landmarks) {
        if (!std::isfinite(p.x) || !std::isfinite(p.y)) continue;
        const int x = static_cast<int>(std::clamp(p.x, -kFar, kFar));
        const int y = static_cast<int>(std::clamp(p.y, -kFar, kFar));
        FillBox(canvas, x - scale, y - scale, x + scale, y + scale, colour);
      }
    }
    // Above the box, or in it at the top of the picture; never cut by a side of the picture.
    const std::string text = Label(d);
    const int width = TextWidth(text, scale) + scale, height = (kLetterHeight + 2) * scale;
    const int left = std::max(0, std::min(x0, canvas.width - width));
    const int top = y0 >= height ? y0 - height : std::max(0, y0);
    FillBox(canvas, left, top, left + width, top + height, colour);
    DrawText(canvas, left + scale, top + scale, text, scale, kPaper);
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
  p.thickness = static_cast<int>(params.Int("thickness", 0, 1, 100));
  p.text_scale = static_cast<int>(params.Int("text_scale", 0, 1, 20));
  p.landmarks = params.Flag("landmarks", false);
  PLUMB_RETURN_IF_ERROR(params.Finish());
  return std::make_unique<DrawStage>(p);
}

}  // namespace plumb::pipeline
