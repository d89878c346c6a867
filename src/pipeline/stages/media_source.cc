// media: pictures of a video, of a picture, or of all pictures and videos of a folder in the order
// of their names, numbered through. Pictures are turned upright where EXIF or the video says how.
//
// Keys: source (file or folder); rate fast (as fast as the stages take them) or native (a picture
// is due when it would be shown); fps (pictures a second: default is the video's, pictures have
// none); threads (of the decoder); limit (pictures, 0: all); output (name of the payload).
#include <algorithm>
#include <cstring>
#include <filesystem>

#include "pipeline/media_library.h"
#include "pipeline/stage.h"

namespace plumb::pipeline {
namespace {

namespace fs = std::filesystem;

struct MediaParams {
  std::string source;
  bool native_rate = false;
  double fps = 0;  // 0: that of the file
  int threads = 1;
  std::int64_t limit = 0;
  std::string output;
};

bool IsMediaName(const fs::path& path) {
  static constexpr std::string_view kEndings[] = {
      ".jpg", ".jpeg", ".png", ".bmp", ".ppm",  ".tif", ".tiff", ".webp", ".gif",
      ".mp4", ".mkv",  ".avi", ".mov", ".webm", ".mpg", ".mpeg", ".ts",   ".m4v"};
  std::string ending = path.extension().string();
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return std::find(std::begin(kEndings), std::end(kEndings), ending) != std::end(kEndings);
}

StatusOr<std::vector<std::string>> ListMedia(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (IsMediaName(it->path()) && it->is_regular_file(ignored)) {
      files.push_back(it->path().string());
    }
  }
  if (error) return InvalidArgument("cannot read the folder '", folder, "': ", error.message());
  if (files.empty()) {
    return InvalidArgument("no picture and no video in the folder '", folder,
                           "': expected names that end in .jpg, .png, .mp4, ...");
  }
  std::sort(files.begin(), files.end());
  return files;
}

class MediaSource : public Source {
 public:
  explicit MediaSource(const MediaParams& params) : params_(params) {}

  Status Start(const StageContext& context) override {
    id_ = context.id;
    recorder_ = context.recorder;
    std::error_code error;
    is_folder_ = fs::is_directory(params_.source, error);
    frames_per_second_ = params_.fps;
    if (is_folder_) {
      PLUMB_ASSIGN_OR_RETURN(files_, ListMedia(params_.source));
      PLUMB_RETURN_IF_ERROR(MediaFunctions().status());
    } else {
      files_ = {params_.source};
      PLUMB_ASSIGN_OR_RETURN(file_, MediaFile::Open(params_.source, params_.threads));
      ++next_file_;
      if (frames_per_second_ <= 0) frames_per_second_ = file_->info().frames_per_second;
    }
    if (params_.native_rate && frames_per_second_ <= 0) {
      return InvalidArgument("'rate: native' needs a rate, and '", params_.source,
                             "' has none of its own: give one with 'fps', or use 'rate: fast'");
    }
    return OkStatus();
  }

  double frames_per_second() const override { return frames_per_second_; }

  bool gave_everything() const override { return gave_everything_; }

  std::int64_t DueOfNext() override {
    if (!params_.native_rate) return -1;
    return static_cast<std::int64_t>(static_cast<double>(asked_) / frames_per_second_ * 1e9);
  }

  StatusOr<bool> Next(Message* message) override {
    if (params_.limit > 0 && delivered_ >= params_.limit) return false;
    ++asked_;
    while (true) {
      if (file_ == nullptr) {
        gave_everything_ = next_file_ >= files_.size();
        if (gave_everything_) return false;
        PLUMB_RETURN_IF_ERROR(OpenNext(message));
      }
      const StatusOr<bool> found = file_->Next(params_.output, buffers_, message);
      if (found.ok() && !*found) {
        NoteCut(message->origin);
        file_ = nullptr;
        if (last_number_ >= first_number_) continue;
        message->frame = last_number_ = first_number_;
        return BadItem("there is no picture in it");
      }
      Number(message);
      if (found.ok()) {
        ++delivered_;
        return true;
      }
      if (IsBadItem(found.status()) || !is_folder_) return found;
      file_ = nullptr;  // the others may be fine
      return BadItem(std::string(found.status().message()));
    }
  }

 private:
  void NoteCut(const std::string& path) const {
    if (file_->cut_short().empty() || recorder_ == nullptr) return;
    recorder_->AddEvent(id_, "cut short", path + ": " + file_->cut_short());
  }

  // In a folder one bad file is skipped.
  Status OpenNext(Message* message) {
    const std::string& path = files_[next_file_++];
    message->origin = path;
    first_number_ = last_number_ + 1;
    StatusOr<std::unique_ptr<MediaFile>> file = MediaFile::Open(path, params_.threads);
    if (!file.ok()) {
      message->frame = last_number_ = first_number_;
      return BadItem(std::string(file.status().message()));
    }
    file_ = std::move(*file);
    return OkStatus();
  }

  // Files of a folder are numbered one after the other, so that a number means one picture.
  void Number(Message* message) {
    message->frame += first_number_;
    last_number_ = std::max(last_number_, message->frame);
    if (is_folder_ && frames_per_second_ > 0) {
      message->seconds = static_cast<double>(message->frame) / frames_per_second_;
    }
  }

  const MediaParams params_;
  std::string id_;
  measure::Recorder* recorder_ = nullptr;
  BufferPool buffers_;
  bool is_folder_ = false, gave_everything_ = false;
  std::vector<std::string> files_;
  std::size_t next_file_ = 0;
  std::unique_ptr<MediaFile> file_;
  double frames_per_second_ = 0;
  std::int64_t asked_ = 0, delivered_ = 0;
  std::int64_t first_number_ = 0, last_number_ = -1;  // first of the file, last of all
};

}  // namespace

StatusOr<std::unique_ptr<Source>> MakeMediaSource(StageParams& params) {
  MediaParams p;
  p.source = params.Path("source");
  p.native_rate = params.Choice("rate", "fast", {"fast", "native"}) == "native";
  p.fps = params.Number("fps", 0, 0.001, 10'000);
  p.threads = static_cast<int>(params.Int("threads", 1, 1, 64));
  p.limit = params.Int("limit", 0, 0, std::int64_t{1} << 40);
  p.output = params.Text("output", "image");
  PLUMB_RETURN_IF_ERROR(params.Finish());
  return std::make_unique<MediaSource>(p);
}

}  // namespace plumb::pipeline
