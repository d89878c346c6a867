// write_jsonl: a line of JSON for each message: frame, seconds, source, and the detections with
// box, score, landmarks, name (null: a stranger) and similarity.
//
// Keys: path (relative to the output folder of the run and inside of it, or absolute); detections
// (name of the payload).
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "measure/json_text.h"
#include "pipeline/stage.h"

namespace plumb::pipeline {
namespace {

struct WriteParams {
  std::string path, detections;
};

// Tenths of a pixel and four digits of scores are more than the networks know.
std::string Fixed(double value, const char* format) {
  char text[40];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

std::string DetectionText(const Detection& d) {
  std::string box = "[", landmarks = "[";
  for (float v : {d.x0, d.y0, d.x1, d.y1}) {
    if (box.size() > 1) box += ',';
    box += Fixed(v, "%.1f");
  }
  for (const Point& p : d.landmarks) {
    if (landmarks.size() > 1) landmarks += ',';
    landmarks += Fixed(p.x, "%.1f") + "," + Fixed(p.y, "%.1f");
  }
  std::string text;
  measure::JsonObject object(&text);
  object.Raw("box", box + "]").Raw("score", Fixed(d.score, "%.4f"));
  if (!d.landmarks.empty()) object.Raw("landmarks", landmarks + "]");
  if (d.name.empty()) {
    object.Raw("name", "null");
  } else {
    object.Text("name", d.name);
  }
  object.Raw("similarity", Fixed(d.similarity, "%.4f")).Finish();
  return text;
}

class WriteJsonLines : public Stage {
 public:
  explicit WriteJsonLines(const WriteParams& params) : params_(params) {}

  Status Start(const StageContext& context) override {
    path_ = context.OutputPath(params_.path);
    // What an earlier run wrote stays until there is something to put in its place.
    file_.reset(std::fopen(path_.c_str(), "ae"));
    if (file_ == nullptr) return Unavailable("cannot write '", path_, "': ", strerror(errno));
    return OkStatus();
  }

  Status Process(Message& message) override {
    PLUMB_RETURN_IF_ERROR(Begin());
    PLUMB_ASSIGN_OR_RETURN(const Detections* found, message.Get<Detections>(params_.detections));
    std::string faces = "[";
    for (const Detection& detection : *found) {
      if (faces.size() > 1) faces += ',';
      faces += DetectionText(detection);
    }
    line_.clear();
    measure::JsonObject(&line_)
        .Int("frame", message.frame)
        .Raw("seconds", Fixed(message.seconds, "%.3f"))
        .Text("source", message.origin)
        .Raw("faces", faces + "]")
        .Finish();
    line_ += '\n';
    message.work.bytes_out = static_cast<std::int64_t>(line_.size());
    return Check(std::fwrite(line_.data(), 1, line_.size(), file_.get()) == line_.size());
  }

  Status Finish() override {
    PLUMB_RETURN_IF_ERROR(Begin());
    // The last lines may meet a full disk only now.
    PLUMB_RETURN_IF_ERROR(Check(std::fflush(file_.get()) == 0));
    return Check(std::fclose(file_.release()) == 0);
  }

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  // Drops what an earlier run left in the file.
  Status Begin() {
    if (begun_) return OkStatus();
    begun_ = true;
    // What is no file (a pipe, /dev/stdout) has nothing to drop.
    const bool cut = ftruncate(fileno(file_.get()), 0) == 0 || errno == EINVAL;
    return Check(cut);
  }

  Status Check(bool fine) const {
    if (fine) return OkStatus();
    return ResourceExhausted("cannot write '", path_, "': ", strerror(errno));
  }

  const WriteParams params_;
  std::string path_, line_;
  bool begun_ = false;
  std::unique_ptr<std::FILE, Closer> file_;
};

}  // namespace

StatusOr<std::unique_ptr<Stage>> MakeWriteJsonLines(StageParams& params) {
  WriteParams p;
  p.path = params.OutputPath("path");
  p.detections = params.Text("detections", "detections");
  PLUMB_RETURN_IF_ERROR(params.Finish());
  return std::make_unique<WriteJsonLines>(p);
}

}  // namespace plumb::pipeline
