// write_video: pictures as a video file. All have the size of the first one; a side that is odd
// loses its last pixel.
//
// Keys: path (relative to the output folder of the run and inside of it, or absolute; .mp4, .mkv,
// .avi, ...); fps (default: that of the source, or 25 where it has none); image (payload), at its
// own size: resize makes a tensor of it, no smaller picture.
#include <sys/stat.h>

#include "pipeline/media_library.h"
#include "pipeline/stage.h"

namespace plumb::pipeline {
namespace {

struct WriteParams {
  std::string path, image;
  double fps = 0;  // 0: that of the source
};

bool SameFile(const std::string& a, const std::string& b) {
  struct stat x {
  }, y{};
  return stat(a.c_str(), &x) == 0 && stat(b.c_str(), &y) == 0 && x.st_dev == y.st_dev &&
         x.st_ino == y.st_ino;
}

class WriteVideo : public Stage {
 public:
  explicit WriteVideo(const WriteParams& params) : params_(params) {}
  ~WriteVideo() override { Abandon(); }

  Status Start(const StageContext& context) override {
    path_ = context.OutputPath(params_.path);
    source_fps_ = context.source_fps;
    PLUMB_ASSIGN_OR_RETURN(api_, MediaFunctions());
    return OkStatus();
  }

  Status Process(Message& message) override {
    PLUMB_ASSIGN_OR_RETURN(const Image* image, message.Get<Image>(params_.image));
    char words[kMediaMessageBytes] = "";
    if (writer_ == nullptr) {
      if (SameFile(path_, message.origin)) {
        return InvalidArgument("'", path_, "' is what the pictures come from: set another path");
      }
      width_ = image->width;
      height_ = image->height;
      writer_ = api_->create(path_.c_str(), width_, height_, Rate(), words);
      if (writer_ == nullptr) return Unavailable("cannot write '", path_, "': ", words);
    }
    if (image->width != width_ || image->height != height_) {
      return BadItem("a picture of ", image->width, "x", image->height, " in a video of ", width_,
                     "x", height_);
    }
    if (api_->write_rgb(writer_, image->pixels.get(), image->row_bytes, words) == 0) {
      return ResourceExhausted("cannot write '", path_, "': ", words);
    }
    message.work.bytes_in = image->bytes();
    return OkStatus();
  }

  // A video without its end cannot be played: what came before an early end stays readable.
  void Abandon() override { (void)Finish(); }

  Status Finish() override {
    if (writer_ == nullptr) return OkStatus();
    char words[kMediaMessageBytes] = "";
    void* writer = writer_;
    writer_ = nullptr;
    if (api_->finish(writer, words) == 0) {
      return ResourceExhausted("cannot write '", path_, "': ", words);
    }
    return OkStatus();
  }

 private:
  double Rate() const {
    constexpr double kOtherwise = 25;
    if (params_.fps > 0) return params_.fps;
    const double source = source_fps_ == nullptr ? 0 : source_fps_->load();
    return source > 0 ? source : kOtherwise;
  }

  const WriteParams params_;
  const std::atomic<double>* source_fps_ = nullptr;
  std::string path_;
  const MediaApi* api_ = nullptr;
  void* writer_ = nullptr;
  int width_ = 0, height_ = 0;
};

}  // namespace

StatusOr<std::unique_ptr<Stage>> MakeWriteVideo(StageParams& params) {
  WriteParams p;
  p.path = params.OutputPath("path");
  p.fps = params.Number("fps", 0, 0.1, 1000);
  p.image = params.Text("image", "drawn");
  PLUMB_RETURN_IF_ERROR(params.Finish());
  return std::make_unique<WriteVideo>(p);
}

}  // namespace plumb::pipeline
